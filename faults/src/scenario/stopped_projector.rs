//! Decision 11: a room that the read side does not know yet is open to its members at once, for everything.

use anyhow::{Result, ensure};
use colloquy_e2e::client::{Message, Socket, USER2};

use crate::{
    customers::clients,
    plan::{Bug, Build, Mode},
    target::Target,
};

/// With the projector stopped, members of a new room subscribe, read an empty history, send and are pushed to.
///
/// # Errors
/// A member was refused, or a stranger was not.
pub async fn members_notice_nothing(mode: Mode) -> Result<()> {
    let target = Target::start(mode, Build::Planted(Some(Bug::StoppedProjector))).await?;
    let clients = clients(&target.url()).await?;
    let room = clients[0].create_room("not projected", &[USER2.id]).await?;
    let mut socket =
        Socket::connect(clients[1].url(), clients[1].token().unwrap_or_default()).await?;
    let subscription = socket.subscribe_room(room).await?;
    let history = clients[1].history(room).await?;
    ensure!(
        history.is_empty(),
        "the projector is stopped, and yet: {history:?}"
    );
    let sent = clients[1].send(room, "at once", None).await?;
    let pushed: Message = socket.next_message(&subscription).await?.json()?;
    ensure!(
        (pushed.message_id, pushed.seq) == (sent.message_id, 1),
        "pushed {pushed:?} for {sent:?}"
    );

    let stranger = clients[2]
        .get(&format!("/query/message/roomId/{room}"))
        .await?;
    ensure!(
        stranger.status == 403,
        "a stranger's history was answered with {}",
        stranger.status
    );
    let mut socket =
        Socket::connect(clients[2].url(), clients[2].token().unwrap_or_default()).await?;
    ensure!(
        socket.subscribe_room(room).await.is_err(),
        "a stranger could subscribe"
    );
    target.end().await
}
