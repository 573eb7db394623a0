//! What two people did before the move, and what they find after it.

use anyhow::{Result, ensure};
use colloquy_e2e::{
    client::{Answer, Client, Person, Socket},
    harness::eventually,
};
use serde_json::{Value, json};

/// More than one page of history.
const MESSAGES: i64 = 25;
/// Where the second person has read to, by a marker.
const MARKED: usize = 9;
const NEW_PASSWORD: &str = "another battery staple";
/// Of all that is done before the move.
pub const REPUBLISHED: &str = "Republished 3 rooms, 26 messages and 2 read markers.";

pub struct Conversation {
    an: Person,
    binh: Person,
    /// With messages of both; the second person has not read the last one.
    pub room: i64,
    /// With one message, which both have read.
    read: i64,
    /// Without a message.
    empty: i64,
    /// Clients whose sessions have ended: by a logout, and by another client's change of the password.
    ended: [Client; 2],
    /// The password that was changed.
    old_password: String,
    /// The first message, as it was answered.
    first: Answer,
    /// The ids of the messages of `room`.
    ids: Vec<i64>,
    /// The one message of `read`, and the highest id of all.
    last_id: i64,
}

/// All that the two can ask for.
type Everything = [Vec<Value>; 2];

impl Conversation {
    pub async fn held(anonymous: &Client) -> Result<Self> {
        let an = Person::newcomer(anonymous, "Nguyễn Văn An").await?;
        let mut binh = Person::newcomer(anonymous, "Trần Thị Bình").await?;
        let ended = [
            log_in(anonymous, &an).await?,
            log_in(anonymous, &binh).await?,
        ];
        done(ended[0].post("/auth/logout", &Value::Null).await?)?;
        let change = json!({"currentPassword": binh.account.password, "newPassword": NEW_PASSWORD});
        done(binh.client.post("/customer/changePass", &change).await?)?;
        let old_password = std::mem::replace(&mut binh.account.password, NEW_PASSWORD.to_owned());

        let members = [binh.id];
        let create = an.client.create_room_once("Phòng chung", &members, "room");
        let room = create.await?;
        let empty = an.client.create_room("Chưa có gì", &members).await?;
        let read = an.client.create_room("Đã đọc", &members).await?;
        let first = send(&an, room, 1).await?;
        let mut ids = vec![id_of(&first)?];
        for number in 2..=MESSAGES {
            let sender = if number % 2 == 0 { &binh } else { &an };
            ids.push(id_of(&send(sender, room, number).await?)?);
        }
        binh.client.mark_read(room, ids[MARKED], "marker").await?;
        let last_id = binh.client.send(read, "📌", None).await?.message_id;
        an.client.mark_read(read, last_id, "marker").await?;
        Ok(Self {
            an,
            binh,
            room,
            read,
            empty,
            ended,
            old_password,
            first,
            ids,
            last_id,
        })
    }

    /// A STOMP session of the first person.
    pub async fn screen(&self) -> Result<Socket> {
        let client = &self.an.client;
        Socket::connect(client.url(), client.token().unwrap_or_default()).await
    }

    /// All that the two can ask for, once the views hold everything.
    pub async fn settled(&self) -> Result<Everything> {
        let everything = eventually("the views hold everything", || async {
            let everything = self.everything().await?;
            let holds_all = everything.iter().all(|answers| self.holds_all(answers));
            Ok(holds_all.then_some(everything))
        });
        everything.await
    }

    /// Waits until the two can ask for the same as then.
    pub async fn is_as(&self, before: &Everything) -> Result<()> {
        let same = eventually("the views are as they were", || async {
            Ok((self.everything().await? == *before).then_some(()))
        });
        if same.await.is_err() {
            // Shows what differs.
            assert_eq!(&self.everything().await?, before);
        }
        Ok(())
    }

    async fn everything(&self) -> Result<Everything> {
        let rooms = [self.room, self.read, self.empty];
        Ok([
            self.an.everything(&rooms).await?,
            self.binh.everything(&rooms).await?,
        ])
    }

    fn holds_all(&self, answers: &[Value]) -> bool {
        let [_, rooms, history, markers, _, markers_of_read, ..] = answers else {
            return false;
        };
        let listed = |room: i64| {
            let mut rooms = rooms.as_array().into_iter().flatten();
            rooms.find(|view| view["roomId"] == room)
        };
        let unread = |room: i64, an: bool, binh: bool| {
            let expected = json!({self.an.id.to_string(): an, self.binh.id.to_string(): binh});
            listed(room).is_some_and(|view| view["unreadStatus"] == expected)
        };
        let is_marked = |markers: &Value, person: &Person, message: i64| {
            let mut markers = markers.as_array().into_iter().flatten();
            markers.any(|marker| {
                marker["customerId"] == person.id && marker["lastReadMessageId"] == message
            })
        };
        history.as_array().map(Vec::len) == usize::try_from(MESSAGES).ok()
            && unread(self.room, false, true)
            && unread(self.read, false, false)
            && listed(self.empty).is_some()
            && is_marked(markers, &self.binh, self.ids[MARKED])
            && is_marked(markers_of_read, &self.an, self.last_id)
    }

    /// An `Idempotency-Key` of then gives the answer of then, and writes nothing.
    pub async fn repeats_are_answered_as_then(&self) -> Result<()> {
        let again = send(&self.an, self.room, 1).await?;
        assert_eq!(again.body, self.first.body);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        let (client, members) = (&self.an.client, [self.binh.id]);
        let room = client.create_room_once("Phòng chung", &members, "room");
        assert_eq!(room.await?, self.room);
        Ok(())
    }

    /// The next message has the next seq and a higher id than all, and is the first that is pushed.
    pub async fn goes_on(&self) -> Result<()> {
        let mut screen = self.screen().await?;
        let messages = screen.subscribe_room(self.room).await?;
        let sent = self.binh.client.send(self.room, "Đi tiếp", None).await?;
        assert_eq!(sent.seq, MESSAGES + 1);
        let highest = self.last_id.max(self.room).max(self.empty).max(self.read);
        assert!(sent.message_id > highest, "{sent:?} after {highest}");
        let pushed: Value = screen.next_message(&messages).await?.json()?;
        assert_eq!(pushed["messageId"], sent.message_id, "{pushed}");
        assert_eq!(pushed["seq"], sent.seq);
        let history = self.an.client.history_from(self.room, sent.seq).await?;
        assert_eq!(history[0].message_id, sent.message_id);

        let newcomer = Person::newcomer(&Client::new(self.an.client.url())?, "Cẩm").await?;
        assert!(newcomer.id > self.binh.id);
        let members = [newcomer.id];
        let room = self.an.client.create_room("Phòng mới", &members).await?;
        assert!(room > sent.message_id);
        Ok(())
    }

    /// Sessions that had ended stay so, the others go on, and only the last password logs in.
    pub async fn sessions_and_passwords_are_those_of_then(&self) -> Result<()> {
        for client in &self.ended {
            assert_eq!(client.get("/query/rooms").await?.status, 401);
        }
        let anonymous = Client::new(self.an.client.url())?;
        for person in [&self.an, &self.binh] {
            log_in(&anonymous, person).await?;
        }
        let old = json!({"username": self.binh.account.username, "password": self.old_password});
        assert_eq!(anonymous.post("/auth/login", &old).await?.status, 401);
        Ok(())
    }
}

async fn log_in(anonymous: &Client, person: &Person) -> Result<Client> {
    let account = &person.account;
    anonymous.login(&account.username, &account.password).await
}

/// The message of this number, under its own key.
async fn send(sender: &Person, room: i64, number: i64) -> Result<Answer> {
    let (content, key) = (format!("Tin số {number}"), format!("growth-{number}"));
    let sent = sender.client.send_raw(room, &content, Some(&key)).await?;
    done(sent)
}

fn done(answer: Answer) -> Result<Answer> {
    ensure!(answer.status == 200, "{answer:?}");
    Ok(answer)
}

fn id_of(sent: &Answer) -> Result<i64> {
    let id = sent.data()["messageId"].as_i64();
    id.ok_or_else(|| anyhow::anyhow!("a message without an id: {sent:?}"))
}
