//! `/dev/mail`: the mails of [`FolderTransport`], for a first try of the system (decision 27). Codes can be read here, so
//! it is mounted only where clients of this machine alone are served.

use axum::{
    Router,
    extract::State,
    response::{Html, IntoResponse},
    routing::get,
};
use colloquy_chassis::{Answer, ApiError, Failure, Kind};
use http::header;

use crate::{
    html::escape,
    mail_transport::folder::{FolderTransport, KeptMail},
};

/// Where the page is.
pub const PATH: &str = "/dev/mail";

/// No script, and nothing from anywhere else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page, and the same as data for tests. To be merged into another router: it answers no other path.
pub fn router(folder: FolderTransport) -> Router {
    Router::new()
        .route(PATH, get(show_page))
        .route("/dev/mail/messages", get(list_messages))
        .with_state(folder)
}

/// The folder cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("kept mails cannot be read")]
struct Unreadable(#[from] std::io::Error);

impl Failure for Unreadable {
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }
}

async fn list_messages(
    State(folder): State<FolderTransport>,
) -> Result<impl IntoResponse, ApiError> {
    let mails = folder.newest().await.map_err(Unreadable)?;
    let answer = Answer("Mails read.", mails);
    Ok(([(header::CACHE_CONTROL, "no-store")], answer))
}

async fn show_page(State(folder): State<FolderTransport>) -> Result<impl IntoResponse, ApiError> {
    let mails = folder.newest().await.map_err(Unreadable)?;
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, Html(page(&mails))))
}

fn page(mails: &[KeptMail]) -> String {
    let mails = if mails.is_empty() {
        "<p>No mail has been sent yet.</p>\n".to_owned()
    } else {
        mails.iter().map(article).collect()
    };
    include_str!("dev_mail.html").replace("{{mails}}", &mails)
}

fn article(mail: &KeptMail) -> String {
    format!(
        "<article>\n<h2>{}</h2>\n<p>To {} at <time>{}</time></p>\n<pre>{}</pre>\n</article>\n",
        escape(&mail.subject),
        escape(&mail.to),
        mail.sent_at,
        escape(&mail.body)
    )
}
