//! Messages, rooms, and who is online and typing.

use std::time::Duration;

use anyhow::{Result, ensure};
use colloquy_e2e::{
    client::{Client, Frame, RoomView, Socket, USER2},
    harness::eventually,
};
use serde_json::json;

use super::HOUR;
use crate::{customers::clients, run::Setup, shifted_clock::ShiftedClock, target::Target};

/// Typing ends after 2 s.
const TYPING_GONE: Duration = Duration::from_secs(4);

/// No message is older than the one before it in its room.
pub async fn never_older(setup: &Setup) -> Result<()> {
    for room in setup.rooms.iter() {
        let history = setup.clients[0].whole_history(*room).await?;
        ensure!(
            history.is_sorted_by(|one, next| one.sent_at <= next.sent_at),
            "a message of room {room} is older than the one before it"
        );
    }
    Ok(())
}

/// What was written last comes first, whatever the clock said, and no room's `updatedAt` goes back.
pub async fn rooms_are_in_order(target: &Target, clock: &ShiftedClock) -> Result<()> {
    let user1 = clients(&target.url()).await?.remove(0);
    let early = user1.create_room("early", &[USER2.id]).await?;
    clock.set(HOUR)?;
    let ahead = user1.create_room("ahead", &[USER2.id]).await?;
    user1.send(early, "in an hour", None).await?;
    let in_an_hour = first(&user1, early, 1).await?.updated_at;
    clock.set(0)?;
    user1.send(ahead, "now", None).await?;
    first(&user1, ahead, 1).await?;
    let late = user1.create_room("late", &[USER2.id]).await?;
    first(&user1, late, 0).await?;
    user1.send(early, "now", None).await?;
    let now = first(&user1, early, 2).await?.updated_at;
    ensure!(
        now >= in_an_hour,
        "the room's updatedAt went back from {in_an_hour} to {now}"
    );
    Ok(())
}

/// The room once it comes first, with so many messages.
async fn first(client: &Client, room: i64, messages: i64) -> Result<RoomView> {
    eventually("the room that changed last comes first", || async {
        let first = client.rooms().await?.into_iter().next();
        Ok(first.filter(|first| {
            let seq = first.last_message.as_ref().map_or(0, |last| last.seq);
            (first.room_id, seq) == (room, messages)
        }))
    })
    .await
}

/// Typing ends after its two seconds, and the clients that are online stay so, while the clock jumps.
pub async fn states_end_in_time(target: &Target, clock: &ShiftedClock) -> Result<()> {
    let [user1, user2] = <[Client; 3]>::try_from(clients(&target.url()).await?)
        .map_err(|_| anyhow::anyhow!("three clients"))
        .map(|[user1, user2, _]| [user1, user2])?;
    let room = user1.create_room("states", &[USER2.id]).await?;
    let mut typist = Socket::connect(user2.url(), user2.token().unwrap_or_default()).await?;
    let mut watcher = Socket::connect(user1.url(), user1.token().unwrap_or_default()).await?;
    let typing = format!("/topic/typing/roomId/{room}");
    let subscription = watcher.subscribe(&typing).await?;
    for shift in [HOUR, -HOUR] {
        clock.set(0)?;
        let frame = Frame::new("SEND", &[("destination", "/app/typing")]);
        let body = json!({"roomId": room, "isTyping": 1});
        typist
            .send_for_receipt(frame.with_body(&body.to_string()))
            .await?;
        next_typing_is(&mut watcher, &subscription, true).await?;
        clock.set(shift)?;
        next_typing_is(&mut watcher, &subscription, false).await?;
        let path = format!("/query/onlineStatus/roomId/{room}");
        let online = user1.get(&path).await?;
        let statuses = online.data().as_array().cloned().unwrap_or_default();
        ensure!(
            statuses.len() == 2 && statuses.iter().all(|one| one["online"] == true),
            "a client went offline with the clock: {}",
            online.body
        );
    }
    clock.set(0)
}

async fn next_typing_is(watcher: &mut Socket, subscription: &str, typing: bool) -> Result<()> {
    let frame = watcher
        .next_message_within(subscription, TYPING_GONE)
        .await?;
    let state: serde_json::Value = serde_json::from_slice(&frame.body)?;
    ensure!(state["typing"] == typing, "{state} came and not {typing}");
    Ok(())
}
