//! How many connections one client address may have (stomp.md §6), and whose address it is (decision 26).

use std::{net::SocketAddr, time::Duration};

use colloquy_chassis::client_address::TrustedProxies;
use colloquy_websocket::Settings;
use http::{HeaderName, Method};
use tokio::{net::TcpSocket, time::timeout};
use tokio_tungstenite::{client_async, tungstenite::Error};

use crate::{
    harness::{Node, SOON, client::Client, memory_log::MemoryLog, plain_http::ask},
    sockjs::browser::Browser,
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const HANDSHAKE: &str = "connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";

async fn node(connections_per_address: usize, trusted_proxies: &[&str]) -> Node {
    let proxies: Vec<String> = trusted_proxies.iter().map(ToString::to_string).collect();
    let settings = Settings {
        connections_per_address,
        trusted_proxies: TrustedProxies::parse(&proxies).unwrap(),
        ..Settings::default()
    };
    Node::with(&MemoryLog::default(), settings).await
}

/// The status of a refused handshake of that client behind a proxy on this machine.
async fn refused(node: &Node, client: &str) -> u16 {
    match Client::upgrade(node.address, &[(FORWARDED_FOR, client)]).await {
        Err(Error::Http(response)) => response.status().as_u16(),
        other => panic!("let in: {:?}", other.map(|(_, response)| response)),
    }
}

async fn let_in(node: &Node, client: &str) -> Client {
    let headers = [(FORWARDED_FOR, client)];
    Client::upgrade(node.address, &headers).await.unwrap().0
}

#[tokio::test]
async fn stomp_limits_an_address_has_so_many_connections_of_either_kind_and_no_more() {
    let node = node(2, &[]).await;
    let socket = Client::anonymous(node.address).await;
    let polling = Browser::anonymous(&node);
    assert_eq!(polling.frame().await, "o");

    let answer = ask(node.address, "GET", &[HANDSHAKE]).await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(answer.body["success"], false);
    let late = Browser::anonymous(&node);
    for transport in ["xhr", "xhr_streaming"] {
        let refused = late.request(Method::POST, transport).send().await.unwrap();
        assert_eq!(refused.status(), 429, "{transport}");
    }
    polling.say(&["\n"]).await;
    assert_eq!(from("127.0.0.2", node.address).await, 101, "another client");

    drop(socket);
    let free_again = async {
        while Client::upgrade(node.address, &[]).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, free_again).await.unwrap();
}

/// The status of a handshake from another address of this machine.
async fn from(local: &str, node: SocketAddr) -> u16 {
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind(SocketAddr::new(local.parse().unwrap(), 0))
        .unwrap();
    let stream = socket.connect(node).await.unwrap();
    let handshake = client_async(format!("ws://{node}/ws/chat"), stream).await;
    handshake.unwrap().1.status().as_u16()
}

#[tokio::test]
async fn decision_26_behind_a_trusted_proxy_each_client_has_places_of_its_own() {
    let node = node(1, &["127.0.0.1"]).await;
    let _first = let_in(&node, "10.0.0.1").await;
    assert_eq!(refused(&node, "10.0.0.1").await, 429);
    let _second = let_in(&node, "6.6.6.6, 10.0.0.2").await;
    assert_eq!(refused(&node, "10.0.0.2").await, 429);
    let _network = let_in(&node, "2001:db8::1").await;
    assert_eq!(refused(&node, "2001:db8::2").await, 429);
}

#[tokio::test]
async fn b06_an_address_is_one_however_a_proxy_writes_it_and_unknown_ones_share_their_places() {
    let node = node(1, &["127.0.0.1"]).await;
    let _first = let_in(&node, "10.0.0.1:50000").await;
    for same in ["10.0.0.1:50001", "10.0.0.1", "\"10.0.0.1:9\"", "10.0.0.1,"] {
        assert_eq!(refused(&node, same).await, 429, "{same}");
    }
    let _second = let_in(&node, "[2001:db8::1]:443").await;
    assert_eq!(refused(&node, "[2001:db8::2]").await, 429);
    let _unknown = let_in(&node, "nonsense").await;
    assert_eq!(refused(&node, "other nonsense").await, 429);
    let _known = let_in(&node, "10.0.0.2").await;
}

#[tokio::test]
async fn decision_26_only_a_trusted_proxy_says_from_which_address_a_connection_is() {
    let node = node(1, &["10.0.0.0/8"]).await;
    let _first = let_in(&node, "10.0.0.1").await;
    assert_eq!(refused(&node, "10.0.0.2").await, 429);
}
