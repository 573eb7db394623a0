//! Destinations that do not exist, and rooms that are not the attacker's (stomp.md S7): one spelling each, and no other.

use colloquy_e2e::client::Frame;

use super::{
    case::{
        Case,
        Stage::V12,
        texts::{NO_SUCH_DESTINATION, NOT_A_MEMBER},
    },
    ground::Names,
};

/// Instead of a room's number; `R` is a room of the attacker.
const ROOMS: &str = "
R/
R//
R/.
R/..
./R
../R
R/R
R/2
R/more
R/roomId/R
R.
R.0
.R
R,R
R-R
R..9
R;2
R|2
R&2
R R
R:R
R#
R#2
R?
R?x=1
R@2
R!
R~
R^
R%
R%00
R%20
R%2F
R%0A
%52
%31
%2e%2e
R\\
R\\n
R/*
R/**
R*
R?*
*
**
***
#
>
+
?
[0-9]
[1-9]*
{roomId}
{R}
(R)
<R>
\"R\"
'R'
`R`
$R
${R}
$(R)
${7*7}
{{R}}
+R
-R
--R
++R
-0
+0
0R
00R
000000000000000000000R
0xR
0x1
0bR
0oR
1e0
Re0
RE1
1_000
1,000
R_
_R
Rn
RL
R'
R' OR '1'='1
R; DROP TABLE rooms
R UNION SELECT 1
NaN
Infinity
null
undefined
true
room
one
me
all
-1
-9223372036854775808
9223372036854775808
18446744073709551615
18446744073709551616
99999999999999999999999999999999999999999999999999
../../user/2/topic/rooms
..%2f..%2fuser
R/../1
%E2%81%A0R
R👍
";

/// Instead of the whole; `R` is a room of the attacker.
const WHOLE: &str = "
/
//
.
topic
/topic
/topic/
topic/message/roomId/R
//topic/message/roomId/R
/topic//message/roomId/R
/topic/message//roomId/R
/topic/message/roomId//R
/./topic/message/roomId/R
/topic/./message/roomId/R
/topic/../topic/message/roomId/R
/../topic/message/roomId/R
/x/../topic/message/roomId/R
/TOPIC/message/roomId/R
/Topic/message/roomId/R
/topic/Message/roomId/R
/topic/MESSAGE/roomId/R
/topic/message/roomid/R
/topic/message/RoomId/R
/topic/message/room/R
/topic/message/rooms/R
/topic/message/room_id/R
/topic/message/customerId/1
/topic/message/R
/topic/message
/topic/message/
/topic/message/roomId
/topic/message/roomId/
/topic/roomId/R
/topic//roomId/R
/topic/R
/topic/messages/roomId/R
/topic/read/roomId/R
/topic/readMarker/roomId/R
/topic/readmarkers/roomId/R
/topic/onlinestatus/roomId/R
/topic/onlineStatuses/roomId/R
/topic/Typing/roomId/R
/topic/rooms/roomId/R
/topic/readStatus/roomId/R
/topic/presence/roomId/R
/topic/message/typing/roomId/R
/topic/message,typing/roomId/R
/topic/*/roomId/R
/topic/**/roomId/R
/topic/#/roomId/R
/topic/*
/topic/**
/topic/#
/topic/>
/*
/**
*
**
#
>
/*/message/roomId/R
/{topic}/message/roomId/R
/topic/{kind}/roomId/R
/topic/m?ssage/roomId/R
/topic/mes*/roomId/R
/topic.message.roomId.R
topic.message.roomId.R
/topic/message.roomId.R
/topic|message|roomId|R
/topic/message/roomId=R
/topic/message?roomId=R
/topic/message/roomId/R?customerId=2
/topic/message/roomId/R#fragment
/topic\\message\\roomId\\R
\\topic\\message\\roomId\\R
/topic%2Fmessage%2FroomId%2FR
%2Ftopic/message/roomId/R
/%74opic/message/roomId/R
/topic/message/roomId/%2E%2E/R
/t\u{43e}pic/message/roomId/R
/topic/m\u{435}ssage/roomId/R
/topic/message/room\u{406}d/R
／topic／message／roomId／R
/topic/message\u{2044}roomId/R
/topic/message/roomId\u{2215}R
/to\u{ad}pic/message/roomId/R
/topic/message/roomId/\u{202e}R
ws://localhost/topic/message/roomId/R
http://localhost/topic/message/roomId/R
stomp://localhost/topic/message/roomId/R
file:///etc/passwd
jms.topic.message
/queue/message/roomId/R
/queue/rooms
/queue/
/queue/**
/temp-queue/x
/temp-topic/x
/reply-queue/x
/exchange/amq.topic/x
/exchange/
/amq/queue/x
/dlq/x
$SYS/#
/$SYS/broker
/app
/app/
/app/typing
/app/extendOnline
/app/**
/app/topic/message/roomId/R
/user
/user/
/user/topic
/user/topic/
/user/topic/rooms/
/user/topic/rooms//
/user/topic/rooms/1
/user/topic/rooms/R
/user/topic/rooms?customerId=2
/user/topic/rooms;customerId=2
/user/topic/rooms,/user/2/topic/rooms
/user/topic/room
/user/topic/Rooms
/user/topic/ROOMS
/user/topic/roomss
/user/topic/readstatus
/user/topic/readStatus/
/user/topic/readStatus/2
/user/topic/readStatuses
/user/topic/*
/user/topic/**
/user/topic/message/roomId/R
/user/topic/typing/roomId/R
/user/topic/typing
/user//topic/rooms
//user/topic/rooms
/user/./topic/rooms
/user/../user/topic/rooms
/user/../topic/rooms
/User/topic/rooms
/users/topic/rooms
user/topic/rooms
/user.topic.rooms
/user/topic.rooms
/user/queue/rooms
/user/rooms
/user/1/topic/rooms
/user/2/topic/rooms
/user/02/topic/rooms
/user/-1/topic/rooms
/user/user1/topic/rooms
/user/user2/topic/rooms
/user/me/topic/rooms
/user/admin/topic/rooms
/user/*/topic/rooms
/user/**/topic/rooms
/user/{customerId}/topic/rooms
/user/%2A/topic/rooms
/user/2%2Ftopic/rooms
/user/2/topic/readStatus
/user/2/queue/rooms
/topic/rooms
/topic/readStatus
/topic/rooms-user2
/topic/rooms-user1
/topic/rooms/2
/topic/rooms/customerId/2
/topic/readStatus-user2
/user2/topic/rooms
chat-message-sent
/topic/chat-message-sent
/topic/chat-room-created
/topic/room-updated
/topic/read-status-updated
/topic/read-marker-updated
/topic/online_user
/topic/__keyevent@0__:expired
/internal/rooms/customerId/2
/query/rooms
/command/message
/metrics
/healthz
null
";

/// For SEND; `R` is a room of the attacker.
const SENDS: &str = "
/
/app
/app/
/app//
/app/typing/
/app/typing/R
/app/typing/roomId/R
/app//typing
//app/typing
/./app/typing
/app/./typing
/app/../app/typing
/x/../app/typing
app/typing
/App/typing
/APP/typing
/app/Typing
/app/TYPING
/app/typings
/app/typin
/app/typing?
/app/typing?roomId=R
/app/typing#
/app/typing;x
/app/typing%20
/app/%74yping
/app%2Ftyping
/app.typing
\\app\\typing
/app/\u{442}yping
/app/typing\u{200b}
/app/*
/app/**
/app/{typing}
/app/extendonline
/app/ExtendOnline
/app/extend-online
/app/extend_online
/app/extendOnline/
/app/extendOnline/1
/app/extendOnline?customerId=2
/app/extendOnline2
/app/online
/app/offline
/app/message
/app/message/roomId/R
/app/send
/app/read
/app/room
/app/rooms
/app/chat
/app/chat.sendMessage
/app/command/message
/app/internal/send
/command/message
/command/read
/internal/send
/internal/generate/email
/topic/message/roomId/R
/topic/typing/roomId/R
/topic/onlineStatus/roomId/R
/topic/readMarkers/roomId/R
/topic/message/roomId/*
/topic/**
/topic/rooms
/topic/rooms-user2
/user/topic/rooms
/user/topic/readStatus
/user/2/topic/rooms
/user/user2/topic/rooms
/user/2/queue/errors
/queue/rooms
/queue/typing
/exchange/amq.topic/x
/amq/queue/x
/temp-queue/x
chat-message-sent
room-updated
/topic/chat-message-sent
$SYS/x
jms.queue.x
http://localhost/app/typing
*
null
";

pub fn cases(names: &Names) -> Vec<Case> {
    let mut cases = Vec::new();
    for number in lines(ROOMS, names.room) {
        cases.push(subscribe(&format!("/topic/message/roomId/{number}")));
    }
    cases.extend(lines(WHOLE, names.room).map(|whole| subscribe(&whole)));
    cases.extend(odd(names.room).iter().map(|whole| subscribe(whole)));
    cases.extend(lines(SENDS, names.room).map(|to| send(&to)));
    for to in [
        "",
        " /app/typing",
        "/app/typing ",
        "/app/typing\n",
        "/app/typing\r\n",
        "\t/app/extendOnline",
    ] {
        cases.push(send(to));
    }
    cases.extend(strangers(names));
    cases
}

/// The spellings of a list, and the room's number for every `R` that is not part of a word.
fn lines(list: &str, room: i64) -> impl Iterator<Item = String> {
    let room = room.to_string();
    list.trim().lines().map(move |line| {
        let line = line
            .replace("RoomId", "\u{0}oomId")
            .replace("ROOM", "\u{0}OOM");
        line.replace('R', &room).replace('\u{0}', "R")
    })
}

/// What a list of lines cannot show: white space, digits of other alphabets, lengths.
fn odd(room: i64) -> Vec<String> {
    let digits = |zero: char| -> String {
        let digits = room.to_string().into_bytes().into_iter();
        let digits =
            digits.filter_map(|digit| char::from_u32(zero as u32 + u32::from(digit - b'0')));
        digits.collect()
    };
    // Arabic, Devanagari, full-width, mathematical, circled, superscript.
    let others = [
        '\u{660}',
        '\u{966}',
        '\u{ff10}',
        '\u{1d7ce}',
        '\u{245f}',
        '\u{2070}',
    ];
    let mut numbers: Vec<String> = others.into_iter().map(digits).collect();
    for space in [
        " ", "\t", "\n", "\r", "\r\n", "\u{a0}", "\u{200b}", "\u{feff}", "\u{b}", "\u{1}", "\u{7f}",
    ] {
        numbers.push(format!("{space}{room}"));
        numbers.push(format!("{room}{space}"));
    }
    let mut all: Vec<String> = numbers
        .iter()
        .map(|number| format!("/topic/message/roomId/{number}"))
        .collect();
    // What wraps around in 64 bits is the room's number again.
    let wrapped = i128::from(room) + (1 << 64);
    all.extend([
        String::new(),
        " ".to_owned(),
        "\n".to_owned(),
        format!(" /topic/message/roomId/{room}"),
        "/user/topic/rooms ".to_owned(),
        "/user/topic/rooms\n".to_owned(),
        "/user/topic/rooms\u{200b}".to_owned(),
        format!("/topic/message/roomId/{wrapped}"),
        format!("/topic/message/roomId/-{wrapped}"),
        format!("/topic/message/roomId/{}", "9".repeat(480)),
        format!("/topic/message/roomId/{}{room}", "0".repeat(480)),
        format!("{}topic", "/".repeat(500)),
        "/..".repeat(170),
        "👍".repeat(128),
    ]);
    all
}

/// Rooms of others, and rooms that do not exist: the answers do not differ.
fn strangers(names: &Names) -> Vec<Case> {
    let wrapped = names.room + (1 << 32);
    let mut cases = Vec::new();
    for kind in ["message", "onlineStatus", "readMarkers", "typing"] {
        for room in [names.foreign, 0, wrapped, 9_007_199_254_740_992, i64::MAX] {
            let frame = Frame::new(
                "SUBSCRIBE",
                &[
                    ("id", "0"),
                    ("receipt", "r"),
                    ("destination", &format!("/topic/{kind}/roomId/{room}")),
                ],
            );
            let name = format!("S7 {kind} of the stranger's room {}", label(names, room));
            cases.push(Case::new(name, V12, frame.encode()).error_for(NOT_A_MEMBER, "r"));
        }
    }
    cases
}

fn label(names: &Names, room: i64) -> String {
    if room == names.foreign {
        "that exists".to_owned()
    } else if room > i64::from(u32::MAX) && room < 1 << 40 {
        "that wraps around in 32 bits".to_owned()
    } else {
        room.to_string()
    }
}

fn subscribe(destination: &str) -> Case {
    let headers = [("id", "0"), ("receipt", "r"), ("destination", destination)];
    let frame = Frame::new("SUBSCRIBE", &headers).encode();
    Case::new(format!("S7 SUBSCRIBE {}", shown(destination)), V12, frame)
        .error_for(NO_SUCH_DESTINATION, "r")
}

fn send(destination: &str) -> Case {
    let headers = [("receipt", "r"), ("destination", destination)];
    let frame = Frame::new("SEND", &headers).with_body("{}").encode();
    Case::new(format!("S7 SEND {}", shown(destination)), V12, frame)
        .error_for(NO_SUCH_DESTINATION, "r")
}

/// Names are for reading.
fn shown(destination: &str) -> String {
    let start: String = destination.chars().take(60).collect();
    format!("{start:?} ({} octets)", destination.len())
}
