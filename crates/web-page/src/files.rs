//! The files of the page: which there are, and how one is answered.

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use http::{
    HeaderMap, HeaderName, StatusCode,
    header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
        ETAG, IF_NONE_MATCH, VARY,
    },
};

/// A file as it was when the binary was built.
struct File {
    path: &'static str,
    /// The value of its ETag.
    version: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

static FILES: &[File] = &include!(concat!(env!("OUT_DIR"), "/files.rs"));

const INDEX: &str = "/index.html";
/// The screens that have addresses of their own (`web/src/routes.ts`).
const SCREENS: [&str; 7] = [
    "/",
    "/room/{room}",
    "/profile",
    "/sign-in",
    "/sign-up",
    "/reset",
    "/flow",
];
/// The page that describes the calls and sends them: Swagger UI.
const DOCS: &str = "/docs.html";
/// The names of files in here change with what is in them.
const HASHED: &str = "/assets/";

/// The page loads its own files and nothing else, and no other page frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

pub fn router() -> Router {
    let mut router = Router::new();
    for file in FILES {
        router = match file.path {
            INDEX => SCREENS
                .iter()
                .fold(router, |router, screen| router.route(screen, serve(file))),
            DOCS => router.route("/docs", serve(file)),
            path => router.route(path, serve(file)),
        };
    }
    router
}

fn serve(file: &'static File) -> MethodRouter {
    get(async move |headers: HeaderMap| file.answer(&headers))
}

impl File {
    fn answer(&self, asked: &HeaderMap) -> Response {
        let general: [(HeaderName, &str); 4] = [
            (ETAG, self.version),
            (CACHE_CONTROL, self.cache_control()),
            (CONTENT_SECURITY_POLICY, POLICY),
            (VARY, "accept-encoding"),
        ];
        let known = asked
            .get(IF_NONE_MATCH)
            .and_then(|known| known.to_str().ok());
        if known.is_some_and(|known| known.contains(self.version)) {
            return (StatusCode::NOT_MODIFIED, general).into_response();
        }
        let content_type = [(CONTENT_TYPE, self.content_type())];
        let encodings = asked
            .get(ACCEPT_ENCODING)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let packed = [("br", self.brotli), ("gzip", self.gzip)]
            .into_iter()
            .find_map(|(name, bytes)| Some((name, bytes.filter(|_| accepts(encodings, name))?)));
        match packed {
            Some((name, bytes)) => {
                (general, content_type, [(CONTENT_ENCODING, name)], bytes).into_response()
            }
            None => (general, content_type, self.plain).into_response(),
        }
    }

    fn cache_control(&self) -> &'static str {
        if self.path.starts_with(HASHED) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }
    }

    fn content_type(&self) -> &'static str {
        match self.path.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("webmanifest") => "application/manifest+json",
            _ => "application/octet-stream",
        }
    }
}

/// Whether a client that sends this `Accept-Encoding` takes an encoding (RFC 9110 §12.5.3); what it does not name, it does not
/// get.
fn accepts(encodings: &str, encoding: &str) -> bool {
    encodings.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let is_refused = weight.is_some_and(|weight| weight.parse() == Ok(0.0));
        name.eq_ignore_ascii_case(encoding) && !is_refused
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn get(path: &str, header: HeaderName, value: &str) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = Request::get(path)
            .header(header, value)
            .body(Body::empty())
            .unwrap();
        let response = router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (
            parts.status,
            parts.headers,
            body.collect().await.unwrap().to_bytes().to_vec(),
        )
    }

    #[tokio::test]
    async fn every_screen_of_the_page_is_the_page() {
        let routes = include_str!("../../../web/src/routes.ts");
        let line = routes
            .lines()
            .find(|line| line.starts_with("const SCREENS"))
            .unwrap();
        let screens: Vec<String> = line
            .split('\'')
            .skip(1)
            .step_by(2)
            .map(|name| format!("/{name}"))
            .collect();
        assert!(screens.len() > 3, "{line}");
        for path in screens.iter().map(String::as_str).chain(["/", "/room/7"]) {
            let (status, headers, body) = get(path, ACCEPT_ENCODING, "identity").await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert_eq!(headers[CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
            assert!(
                headers[CONTENT_SECURITY_POLICY]
                    .to_str()
                    .unwrap()
                    .starts_with("default-src 'none'")
            );
            assert!(
                String::from_utf8(body).unwrap().contains("Colloquy"),
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn what_is_not_the_pages_is_left_to_others() {
        for path in [
            "/nothing",
            "/room",
            "/room/1/2",
            "/assets/none.js",
            "/assets/../index.html",
            "/index.html",
        ] {
            assert_eq!(
                get(path, ACCEPT_ENCODING, "br").await.0,
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn a_page_that_is_known_is_not_sent_again() {
        let (_, headers, _) = get("/", ACCEPT_ENCODING, "br").await;
        assert_eq!(headers[CACHE_CONTROL], "no-cache");
        let version = headers[ETAG].to_str().unwrap();
        for known in [version.to_owned(), format!("\"other\", W/{version}")] {
            let (status, headers, body) = get("/", IF_NONE_MATCH, &known).await;
            assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
            assert_eq!(headers[ETAG], version);
        }
        assert_eq!(get("/", IF_NONE_MATCH, "\"other\"").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn a_script_is_compressed_for_those_who_read_that_and_kept_for_ever() {
        let script = FILES
            .iter()
            .find(|file| file.path.ends_with(".js"))
            .expect("the page is built: Node is there");
        let (_, plain, whole) = get(script.path, ACCEPT_ENCODING, "identity").await;
        assert!(plain.get(CONTENT_ENCODING).is_none());
        assert_eq!(plain[CACHE_CONTROL], "public, max-age=31536000, immutable");
        for (asked, encoding) in [
            ("gzip, deflate, br", "br"),
            ("gzip;q=0.5", "gzip"),
            ("br;q=0, GZIP", "gzip"),
        ] {
            let (_, headers, packed) = get(script.path, ACCEPT_ENCODING, asked).await;
            assert_eq!(headers[CONTENT_ENCODING], encoding, "{asked}");
            assert_eq!(headers[VARY], "accept-encoding");
            assert!(
                packed.len() < whole.len() / 2,
                "{asked}: {} of {}",
                packed.len(),
                whole.len()
            );
        }
        for asked in ["", "br;q=0", "gzip; q=0.0", "brotli"] {
            let (_, headers, _) = get(script.path, ACCEPT_ENCODING, asked).await;
            assert!(headers.get(CONTENT_ENCODING).is_none(), "{asked}");
        }
    }

    /// What the page of the calls names is there and comes from here, under the same policy as all else.
    #[tokio::test]
    async fn contract_3_documents_docs_loads_its_own_files_alone() {
        let (status, headers, body) = get("/docs", ACCEPT_ENCODING, "identity").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[CONTENT_SECURITY_POLICY], POLICY);
        let html = String::from_utf8(body).unwrap();
        assert!(!html.contains("://"), "{html}");
        let named: Vec<&str> = html
            .split('"')
            .filter(|word| word.starts_with(HASHED))
            .collect();
        assert!(named.len() >= 2, "a script and a style: {html}");
        for path in named {
            assert_eq!(
                get(path, ACCEPT_ENCODING, "br").await.0,
                StatusCode::OK,
                "{path}"
            );
        }
        assert_eq!(
            get(DOCS, ACCEPT_ENCODING, "br").await.0,
            StatusCode::NOT_FOUND
        );
    }

    /// 100 KiB of script at most until a person can log in and talk.
    #[test]
    fn the_first_load_is_small() {
        let index = FILES.iter().find(|file| file.path == INDEX).unwrap();
        let html = std::str::from_utf8(index.plain).unwrap();
        let first = FILES
            .iter()
            .filter(|file| file.path.ends_with(".js") && html.contains(file.path));
        let octets: usize = first
            .map(|file| file.gzip.unwrap_or(file.plain).len())
            .sum();
        assert!(
            (1..=100 * 1024).contains(&octets),
            "{octets} octets of script, compressed"
        );
    }
}
