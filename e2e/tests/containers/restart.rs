//! All containers are taken down, which leaves the volumes, and started again.
//! Not by `docker-compose restart`, which keeps the containers: new ones on old volumes are more than that.

use anyhow::Result;
use colloquy_e2e::{
    client::{Person, Socket},
    harness::{System, eventually},
};
use serde_json::{Value, json};

use crate::compose::{compose, in_the_end};

/// Waits until the views hold the message and the marker, and the room is read by all.
async fn settled(person: &Person, room: i64, message: i64) -> Result<Vec<Value>> {
    eventually("the views hold everything", || async {
        let all = person.everything(&[room]).await?;
        let is_last = all[1][0]["lastMessage"]["messageId"] == message;
        let is_marked = all[3].as_array().is_some_and(|markers| {
            markers
                .iter()
                .any(|marker| marker["lastReadMessageId"] == message)
        });
        let flags = all[1][0]["unreadStatus"].as_object();
        let is_read = flags.is_some_and(|flags| flags.values().all(|is_unread| is_unread == false));
        Ok((is_last && is_marked && is_read).then_some(all))
    })
    .await
}

async fn restart(person: &Person) -> Result<()> {
    compose("down").await?;
    compose("up --detach").await?;
    in_the_end("the system answers again", || async {
        let answer = person.client.get("/query/rooms").await;
        Ok(answer
            .is_ok_and(|answer| answer.status == 200)
            .then_some(()))
    })
    .await
}

#[tokio::test]
async fn f31_nothing_is_lost_when_every_container_is_restarted() -> Result<()> {
    let system = System::shared().await?;
    let anonymous = system.anonymous()?;
    let (an, binh) = (
        Person::newcomer(&anonymous, "An of the containers").await?,
        Person::newcomer(&anonymous, "Bình of the containers").await?,
    );
    let room = an.client.create_room("Containers", &[binh.id]).await?;
    let mut last = 0;
    for number in 1..=30 {
        let key = format!("k{number}");
        let text = format!("message {number}");
        let sent = an.client.send(room, &text, Some(&key)).await?;
        assert_eq!(sent.seq, number);
        last = sent.message_id;
    }
    binh.client.mark_read(room, last, "read").await?;
    let before = [
        settled(&an, room, last).await?,
        settled(&binh, room, last).await?,
    ];

    restart(&an).await?;

    let after = [
        settled(&an, room, last).await?,
        settled(&binh, room, last).await?,
    ];
    assert_eq!(before, after, "the same, read with the sessions of before");
    let again = an.client.send(room, "message 30", Some("k30")).await?;
    assert_eq!(
        (again.seq, again.message_id),
        (30, last),
        "a repeat is answered as it was"
    );
    let mut screen = Socket::connect(system.url(), binh.client.token().unwrap_or_default()).await?;
    let messages = screen.subscribe_room(room).await?;
    let next = an.client.send(room, "after the restart", None).await?;
    assert_eq!(next.seq, 31);
    let pushed: Value = screen.next_message(&messages).await?.json()?;
    assert_eq!(pushed["content"], json!("after the restart"));
    let login = anonymous
        .login(&binh.account.username, &binh.account.password)
        .await;
    assert!(login.is_ok(), "the password is known still");
    Ok(())
}
