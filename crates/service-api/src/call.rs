//! One call to another service over HTTP: signed, bounded in time, and tried at the next instance while nothing was sent.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{
    Failure, Kind, ServiceName,
    request_id::{self, REQUEST_ID},
    trace_context::{self, TRACEPARENT},
};
use colloquy_contracts::Envelope;
use colloquy_credentials::internal_token::InternalSigner;
use http::Method;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;

use crate::endpoint_pool::{Attempt, EndpointPool};

/// A call that takes longer has failed (promise P6: the caller's own answer is due in ≤ 5 s).
const TIMEOUT: Duration = Duration::from_millis(2500);
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// Whoever asks may give up sooner than we do: the most impatient after half a second. An instance that kept them waiting
/// for this long has failed all the same.
const TIME_TO_ANSWER: Duration = Duration::from_millis(490);

/// Why another service did not answer a question.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It is down, slow, or busy.
    #[error("{0} is unavailable")]
    Unavailable(
        ServiceName,
        #[source] Option<Box<dyn std::error::Error + Send + Sync>>,
    ),
    /// It refused our credential or did not understand us: a defect or a misconfiguration, never the customer's fault.
    #[error("{0} refused the call with {1}")]
    Refused(ServiceName, http::StatusCode),
}

impl Failure for CallError {
    /// Always 503: a service's refusal of another service is nothing the customer can mend (decision 24).
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }
}

/// Calls one service, on any of its endpoints.
#[derive(Clone)]
pub struct ServiceClient {
    callee: ServiceName,
    endpoints: Arc<EndpointPool<String>>,
    signer: InternalSigner,
    http: reqwest::Client,
}

/// One instance is being asked. Dropped before that has ended, it means that whoever wants to know has given up.
struct InFlight<'a> {
    endpoints: &'a EndpointPool<String>,
    attempt: Attempt,
    began: Instant,
    has_ended: bool,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        if !self.has_ended && now - self.began >= TIME_TO_ANSWER {
            self.endpoints.failed(self.attempt, now);
        }
    }
}

impl ServiceClient {
    /// A client of `callee` at these base URLs (`http://host:port`), signing as `signer`.
    ///
    /// # Panics
    /// Without any instance.
    #[must_use]
    pub fn new(callee: ServiceName, endpoints: &[String], signer: InternalSigner) -> Self {
        assert!(!endpoints.is_empty(), "{callee} has no instance to call");
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client without special settings can be built");
        let endpoints = endpoints
            .iter()
            .map(|url| url.trim_end_matches('/').to_owned())
            .collect();
        Self {
            callee,
            endpoints: Arc::new(EndpointPool::new(callee, endpoints)),
            signer,
            http,
        }
    }

    /// The service this client calls.
    #[must_use]
    pub fn callee(&self) -> ServiceName {
        self.callee
    }

    /// Asks, and answers the envelope's data. The call carries the id of the request that it is a part of, and its trace.
    ///
    /// # Errors
    /// No instance answered in time, or one answered with something other than 2xx.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<Option<T>, CallError> {
        let mut last = None;
        for attempt in self.endpoints.attempts(Instant::now()) {
            let mut in_flight = InFlight {
                endpoints: &self.endpoints,
                attempt,
                began: Instant::now(),
                has_ended: false,
            };
            let endpoint = self.endpoints.endpoint(attempt);
            let mut request = self
                .http
                .request(method.clone(), format!("{endpoint}{path}"));
            request = request.headers(self.signer.headers(self.callee, None));
            if let Some(id) = request_id::current() {
                request = request.header(REQUEST_ID, id);
            }
            if let Some(trace) = trace_context::current() {
                request = request.header(TRACEPARENT, trace.to_header());
            }
            if let Some(body) = body {
                request = request.json(body);
            }
            let outcome = request.send().await;
            in_flight.has_ended = true;
            match outcome {
                Ok(response) => {
                    self.endpoints.succeeded(attempt);
                    return self.read(response).await;
                }
                Err(error) => {
                    self.endpoints.failed(attempt, Instant::now());
                    if !error.is_connect() && method != Method::GET {
                        return Err(self.unavailable(error));
                    }
                    last = Some(error);
                }
            }
        }
        Err(CallError::Unavailable(self.callee, last.map(Into::into)))
    }

    async fn read<T: DeserializeOwned>(
        &self,
        response: reqwest::Response,
    ) -> Result<Option<T>, CallError> {
        match response.status() {
            status if status.is_success() => {
                let envelope: Envelope<T> = response
                    .json()
                    .await
                    .map_err(|error| self.unavailable(error))?;
                Ok(envelope.data)
            }
            status if status.is_server_error() => Err(CallError::Unavailable(self.callee, None)),
            status => Err(CallError::Refused(self.callee, status)),
        }
    }

    fn unavailable(&self, error: reqwest::Error) -> CallError {
        CallError::Unavailable(self.callee, Some(error.into()))
    }
}
