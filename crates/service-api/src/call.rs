//! One question to another service over HTTP, and the envelope that answers it.

use std::time::Duration;

use bytes::Bytes;
use colloquy_chassis::{
    Failure, Kind, ServiceName,
    request_id::{self, REQUEST_ID},
    trace_context::{self, TRACEPARENT},
};
use colloquy_contracts::Envelope;
use colloquy_credentials::internal_token::InternalSigner;
use http::{HeaderValue, Method, Request, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};

use crate::http_transport::{BadAddress, CallPolicy, HttpTransport};

/// Callers give up sooner than an attempt times out: the most impatient after half a second. An endpoint that kept one
/// waiting for nearly that long has failed all the same.
const POLICY: CallPolicy = CallPolicy {
    attempt_timeout: Duration::from_millis(2500),
    given_up_after: Some(Duration::from_millis(490)),
    repeats_gets: true,
};

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
    Refused(ServiceName, StatusCode),
}

impl Failure for CallError {
    /// Always 503: a service's refusal of another service is nothing the customer can mend (decision 24).
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }
}

/// Asks one service, on any of its endpoints.
pub struct ServiceClient(HttpTransport);

impl ServiceClient {
    /// A client of `callee` at these addresses (`http://host:port`), signing as `signer`.
    ///
    /// # Errors
    /// One of them is no such address, or there is none.
    pub fn new(
        callee: ServiceName,
        addresses: &[String],
        signer: InternalSigner,
    ) -> Result<Self, BadAddress> {
        HttpTransport::new(callee, addresses, signer, POLICY).map(Self)
    }

    /// The service this client calls.
    #[must_use]
    pub fn callee(&self) -> ServiceName {
        self.0.callee()
    }

    /// The envelope's data for a `GET`. The call carries the id of the request that it is a part of, and its trace.
    ///
    /// # Errors
    /// No endpoint answered in time, or one answered with something other than 2xx.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, CallError> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    /// The envelope's data for a `POST` of this body, as JSON. Otherwise as [`ServiceClient::get`].
    ///
    /// # Errors
    /// As [`ServiceClient::get`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<Option<T>, CallError> {
        let body = serde_json::to_vec(body).map_err(|error| self.unavailable(error))?;
        self.ask(Method::POST, path, body.into()).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Option<T>, CallError> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(id) = request_id::current() {
            request = request.header(REQUEST_ID, id);
        }
        if let Some(trace) = trace_context::current() {
            request = request.header(TRACEPARENT, trace.to_header());
        }
        if !body.is_empty() {
            let json = HeaderValue::from_static("application/json");
            request = request.header(header::CONTENT_TYPE, json);
        }
        let request = request
            .body(body)
            .map_err(|error| self.unavailable(error))?;
        let answer = self.0.send(request, None).await;
        let answer = answer.map_err(|error| self.unavailable(error))?;
        match answer.status() {
            status if status.is_success() => serde_json::from_slice(answer.body())
                .map(|envelope: Envelope<T>| envelope.data)
                .map_err(|error| self.unavailable(error)),
            status if status.is_server_error() => Err(CallError::Unavailable(self.callee(), None)),
            status => Err(CallError::Refused(self.callee(), status)),
        }
    }

    fn unavailable(&self, error: impl std::error::Error + Send + Sync + 'static) -> CallError {
        CallError::Unavailable(self.callee(), Some(error.into()))
    }
}
