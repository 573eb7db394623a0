//! A call that changes something is carried out to its end, also when its client hangs up.
//!
//! A server drops the future that answers a request when its client goes away or a gateway gives up, wherever the
//! future happens to be: between taking a ticket and storing what it was taken for, say. So such a call runs in a task of
//! its own, and the request merely awaits its answer. A process that stops waits for these tasks as for connections.

use std::future::Future;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::sync::oneshot;
use tracing::Instrument as _;

use crate::{ApiError, Kind, Lifecycle, Tasks, request_id, trace_context};

tokio::task_local! {
    /// Of the process whose connection this is.
    static TASKS: Tasks;
}

/// Runs a connection whose calls are to be among these tasks.
pub(crate) async fn among<F: Future>(tasks: Tasks, connection: F) -> F::Output {
    TASKS.scope(tasks, connection).await
}

/// Carries out what may change something; a call that only reads is given up with its client.
pub(crate) async fn carried_out(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let (answer, answered) = oneshot::channel();
    let call = async move {
        if answer.send(next.run(request).await).is_err() {
            tracing::debug!("a call was completed after its caller had hung up");
        }
    };
    let call = request_id::inherited(trace_context::inherited(call)).in_current_span();
    tasks().spawn(call);
    // The process ends before the call does.
    answered
        .await
        .unwrap_or_else(|_| ApiError::of(Kind::Unavailable).into_response())
}

/// Without a server, as in tests of a router, there is no process that would wait for the call.
fn tasks() -> Tasks {
    TASKS
        .try_with(Tasks::clone)
        .unwrap_or_else(|_| Lifecycle::default().tasks())
}
