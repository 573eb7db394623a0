//! The span of a request: named by its route, never by its path, in which people's names and numbers may be.

use axum::{
    extract::{MatchedPath, Request},
    response::Response,
};
use http::Method;

use crate::{
    admin,
    spans::{self, Span},
    trace_context::TraceParent,
};

/// Who calls a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exposure {
    /// Clients reach it: traces begin here.
    Public,
    /// Other services call it: what comes without a trace, such as polling, is in none.
    Internal,
}

/// What names the span of a request, behind its method, where a router has one route for all: its answer carries it.
#[derive(Clone, Copy, Debug)]
pub struct SpanName(pub &'static str);

/// The span of a request that is being answered.
pub(crate) struct RequestSpan {
    span: Span,
    method: &'static str,
}

impl RequestSpan {
    /// Begins at the request's place in its trace. What operators ask every few seconds is recorded in none.
    pub fn begin(
        request: &Request,
        trace: TraceParent,
        came_with: Option<TraceParent>,
        exposure: Exposure,
    ) -> Self {
        let method = method(request.method());
        let route = request.extensions().get::<MatchedPath>();
        let route = route.map(MatchedPath::as_str);
        let is_of_operators = route.is_some_and(|route| admin::ROUTES.contains(&route));
        let is_of_a_trace = came_with.is_some() || exposure == Exposure::Public;
        let mut span = match is_of_a_trace && !is_of_operators {
            true => spans::server_span(trace, came_with),
            false => Span::default(),
        };
        if span.is_recorded() {
            span.set_attribute("http.request.method", method);
            match route {
                Some(route) => {
                    span.rename(format!("{method} {route}"));
                    span.set_attribute("http.route", route.to_owned());
                }
                None => span.rename(method),
            }
        }
        Self { span, method }
    }

    /// Ends with the answer.
    pub fn end(mut self, response: &mut Response) {
        let status = response.status();
        if let Some(SpanName(name)) = response.extensions_mut().remove()
            && self.span.is_recorded()
        {
            self.span.rename(format!("{} {name}", self.method));
        }
        self.span
            .set_attribute("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            self.span.set_error();
        }
    }
}

/// A client may send any word for a method.
fn method(sent: &Method) -> &'static str {
    match *sent {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}
