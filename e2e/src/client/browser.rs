//! A client that keeps cookies as a browser does, and one that calls from a page of another origin without any.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::Result;
use reqwest::header;
use serde_json::Value;

use super::http::Answer;

/// What the clients call themselves.
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) a browser of the tests";

/// A browser, with a jar of its own or without any.
#[derive(Clone, Debug)]
pub struct Browser {
    http: reqwest::Client,
    url: String,
    origin: String,
}

impl Browser {
    /// A browser on a page of the system's own: cookies are kept and sent back.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn at_home(url: &str) -> Result<Self> {
        let http = builder(Ipv4Addr::LOCALHOST).cookie_store(true);
        Ok(Self {
            http: http.build()?,
            url: url.to_owned(),
            origin: url.to_owned(),
        })
    }

    /// A browser on the seed's page, which calls across origins without credentials: no cookie is kept or sent.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn across(url: &str) -> Result<Self> {
        Self::across_from(url, Ipv4Addr::LOCALHOST, AGENT)
    }

    /// [`Browser::across`] on another machine, of another kind.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn across_from(url: &str, address: Ipv4Addr, agent: &str) -> Result<Self> {
        Ok(Self {
            http: builder(address).user_agent(agent).build()?,
            url: url.to_owned(),
            origin: "http://localhost:5500".to_owned(),
        })
    }

    /// `POST path` with a JSON body, from the page.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        let request = self.http.post(format!("{}{path}", self.url)).json(body);
        let response = request.header(header::ORIGIN, &self.origin).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer::new(status, headers, &response.bytes().await?))
    }
}

fn builder(address: Ipv4Addr) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .local_address(IpAddr::V4(address))
        .user_agent(AGENT)
}
