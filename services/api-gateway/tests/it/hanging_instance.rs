//! A service of two instances, one of which hangs (promise P6).

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Json, Router, routing::any};
use colloquy_api_gateway::upstream::FORWARD;
use colloquy_chassis::{ServiceName, SystemClock};
use colloquy_credentials::internal_token::InternalSigner;
use colloquy_service_api::HttpTransport;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{Instant, interval, timeout},
};

use crate::{
    gateway::{World, read},
    sockets::serve,
};

/// An ejected instance is not tried again sooner, and a call to one that hangs takes longer.
const FAST: Duration = Duration::from_secs(2);

struct Instance {
    hangs: watch::Sender<bool>,
    calls: Arc<AtomicUsize>,
    address: String,
}

impl Instance {
    /// Answers its name, unless it hangs.
    fn start(name: &'static str, hangs: bool) -> Self {
        let (hangs, hanging) = watch::channel(hangs);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let answer = async move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut hanging = hanging.clone();
            hanging.wait_for(|hangs| !hangs).await.unwrap();
            Json(json!({ "instance": name }))
        };
        let address = serve(Router::new().route("/message", any(answer)));
        Self {
            hangs,
            calls,
            address: format!("http://{address}"),
        }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn world(instances: [&Instance; 2]) -> World {
    let addresses = instances.map(|instance| instance.address.clone());
    World::with_upstreams(|keys| {
        let clock = Arc::new(SystemClock);
        let signer = InternalSigner::load(keys, ServiceName::ApiGateway, clock).unwrap();
        let upstream = HttpTransport::new(ServiceName::ChatCommand, &addresses, signer, FORWARD);
        vec![(ServiceName::ChatCommand, Arc::new(upstream.unwrap()))]
    })
}

/// Sends a command; answers the status, and who answered.
async fn send(world: &World) -> (StatusCode, Value) {
    let request = Request::post("/command/message").header("cookie", world.cookie());
    let (status, body) = read(world.send(request, "").await).await;
    (status, body["instance"].clone())
}

#[tokio::test]
async fn p6_an_instance_that_hangs_delays_one_call_and_is_used_again_when_it_answers() {
    let (hanging, well) = (Instance::start("a", true), Instance::start("b", false));
    let world = world([&hanging, &well]);
    assert_eq!(send(&world).await.0, StatusCode::SERVICE_UNAVAILABLE);
    // It may have begun, so no other instance was asked.
    assert_eq!((hanging.calls(), well.calls()), (1, 0));

    let began = Instant::now();
    for _ in 0..10 {
        assert_eq!(send(&world).await, (StatusCode::OK, json!("b")));
    }
    assert!(began.elapsed() < FAST, "{:?}", began.elapsed());
    assert_eq!((hanging.calls(), well.calls()), (1, 10));

    hanging.hangs.send_replace(false);
    let is_used_again = async {
        let mut again = interval(Duration::from_millis(50));
        while send(&world).await != (StatusCode::OK, json!("a")) {
            again.tick().await;
        }
    };
    timeout(Duration::from_secs(10), is_used_again)
        .await
        .unwrap();
    let before = hanging.calls();
    for _ in 0..10 {
        assert_eq!(send(&world).await.0, StatusCode::OK);
    }
    assert_eq!(hanging.calls(), before + 5, "it has its share");
}

#[tokio::test]
async fn p6_with_every_instance_hanging_every_call_still_goes_to_one() {
    let (first, second) = (Instance::start("a", true), Instance::start("b", true));
    let world = world([&first, &second]);
    let (one, other) = tokio::join!(send(&world), send(&world));
    for (status, _) in [one, other] {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!((first.calls(), second.calls()), (1, 1));
    for instance in [&first, &second] {
        instance.hangs.send_replace(false);
    }
    for _ in 0..4 {
        assert_eq!(send(&world).await.0, StatusCode::OK);
    }
}
