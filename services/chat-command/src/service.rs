//! The service: the state that its routes share.

use std::{future::Future, sync::Arc};

use colloquy_chassis::{Clock, Tasks, trace_context};
use colloquy_service_api::CustomerDirectory;

use crate::{
    Membership,
    domain::IdempotencyKey,
    flow::{FlowSources, FlowWatch},
    full_names::FullNames,
    group_commit::{GroupCommit, SubmitError},
    meters, sweep,
    write_store::{Accepted, Command, Submission, WriteStore},
};

/// The settings of the write side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The longest message, in Unicode scalar values.
    pub max_content: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_content: 8192 }
    }
}

/// What the write side depends on.
pub struct Dependencies {
    /// Where commands are recorded.
    pub store: Arc<dyn WriteStore>,
    /// Knows the full names of customers.
    pub directory: Arc<dyn CustomerDirectory>,
    /// The instants that are recorded.
    pub clock: Arc<dyn Clock>,
    /// What is asked where events are; `None` where that is not shown.
    pub flow: Option<FlowSources>,
}

/// The write side, running.
pub struct ChatCommand {
    pub(crate) flow: Option<FlowWatch>,
    pub(crate) full_names: FullNames,
    pub(crate) membership: Membership,
    pub(crate) settings: Settings,
    writer: GroupCommit,
    clock: Arc<dyn Clock>,
}

impl ChatCommand {
    /// Starts the service's tasks: the writer and the sweep. A relay is started beside it where the outbox is not the log.
    #[must_use]
    pub fn start(dependencies: Dependencies, settings: Settings, tasks: &Tasks) -> Arc<Self> {
        let Dependencies {
            store,
            directory,
            clock,
            flow,
        } = dependencies;
        meters::describe();
        sweep::start(Arc::clone(&store), Arc::clone(&clock), tasks);
        Arc::new(Self {
            flow: flow.map(|sources| FlowWatch::new(Arc::clone(&store), sources)),
            full_names: FullNames::new(directory),
            membership: Membership::new(Arc::clone(&store)),
            settings,
            writer: GroupCommit::start(store, tasks),
            clock,
        })
    }

    /// Resolves when the writer has ended and this process commits nothing any more; for [`crate::relay::start`].
    pub fn writer_ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let writer = self.writer.clone();
        async move { writer.ended().await }
    }

    pub(crate) async fn submit(
        &self,
        command: Command,
        key: Option<IdempotencyKey>,
    ) -> Result<Accepted, SubmitError> {
        let submission = Submission {
            command,
            key,
            at: self.clock.now(),
            trace: trace_context::current(),
        };
        self.writer.submit(submission).await
    }
}
