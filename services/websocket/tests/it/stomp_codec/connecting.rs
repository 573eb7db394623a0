//! What CONNECT negotiates: the version and the heart-beats; stomp.md §1, §3 and §4.

use std::time::Duration;

use colloquy_contracts::CustomerId;
use colloquy_websocket::stomp::{HeartBeat, HeartBeatError, Intervals, Version, encoder};

const fn offer(outgoing: u32, incoming: u32) -> HeartBeat {
    HeartBeat { outgoing, incoming }
}

fn intervals(from_client_ms: u64, from_server_ms: u64) -> Intervals {
    let interval = |ms| (ms != 0).then(|| Duration::from_millis(ms));
    Intervals {
        from_client: interval(from_client_ms),
        from_server: interval(from_server_ms),
    }
}

#[test]
fn stomp_w1_the_highest_sub_protocol_offered_is_chosen() {
    for (offered, chosen) in [
        (vec!["v10.stomp, v11.stomp, v12.stomp"], Some("v12.stomp")),
        (vec!["v12.stomp,v11.stomp,v10.stomp"], Some("v12.stomp")),
        (vec!["v11.stomp", "v10.stomp"], Some("v11.stomp")),
        (vec!["mqtt, v10.stomp"], Some("v10.stomp")),
        (vec!["mqtt", "v13.stomp"], None),
        (vec![""], None),
        (vec![], None),
    ] {
        assert_eq!(
            Version::of_sub_protocols(offered.iter().copied()).map(Version::sub_protocol),
            chosen,
            "{offered:?}"
        );
    }
}

#[test]
fn stomp_n1_the_highest_common_version_is_chosen() {
    for (accepted, version) in [
        (None, Version::V10),
        (Some("1.0"), Version::V10),
        (Some("1.0,1.1"), Version::V11),
        (Some("1.2,1.0,1.1"), Version::V12),
        (Some(" 1.1 , 1.0 "), Version::V11),
        (Some("2.0,1.2"), Version::V12),
        (Some(",1.1,,nonsense"), Version::V11),
    ] {
        assert_eq!(Version::negotiate(accepted), Some(version), "{accepted:?}");
    }
    assert!(Version::V10 < Version::V11 && Version::V11 < Version::V12);
}

#[test]
fn stomp_n2_without_a_common_version_the_error_names_the_known_ones() {
    for accepted in ["2.0", "", "1", "1.3,0.9", "1.2.0", "v1.2"] {
        assert_eq!(Version::negotiate(Some(accepted)), None, "{accepted:?}");
    }
    assert_eq!(
        encoder::unsupported_version(),
        "ERROR\nmessage:unsupported protocol version\ncontent-type:text/plain\n\
         version:1.0,1.1,1.2\ncontent-length:28\n\nunsupported protocol version\0"
    );
}

#[test]
fn stomp_n8_connected_tells_version_heart_beat_and_user_in_this_order() {
    assert_eq!(
        encoder::connected(Version::V12, offer(10_000, 0), CustomerId(42)),
        "CONNECTED\nversion:1.2\nheart-beat:10000,0\nuser-name:42\n\n\0"
    );
    assert_eq!(
        encoder::connected(Version::V10, offer(10_000, 10_000), CustomerId(42)),
        "CONNECTED\nversion:1.0\nheart-beat:0,0\nuser-name:42\n\n\0"
    );
}

#[test]
fn stomp_h2_each_direction_takes_the_slower_of_both_sides() {
    let server = offer(10_000, 10_000);
    for (client, expected) in [
        (offer(0, 0), intervals(0, 0)),
        (offer(5_000, 0), intervals(10_000, 0)),
        (offer(0, 30_000), intervals(0, 30_000)),
        (offer(20_000, 5_000), intervals(20_000, 10_000)),
    ] {
        for version in [Version::V11, Version::V12] {
            assert_eq!(server.negotiate(version, client), expected);
        }
        assert_eq!(server.negotiate(Version::V10, client), intervals(0, 0));
    }
    let default = offer(10_000, 0);
    assert_eq!(
        default.negotiate(Version::V12, offer(10_000, 10_000)),
        intervals(0, 10_000)
    );
}

#[test]
fn stomp_h4_heart_beat_is_two_numbers_and_nothing_else() {
    assert_eq!(HeartBeat::parse(None), Ok(offer(0, 0)));
    assert_eq!(HeartBeat::parse(Some("0,0")), Ok(offer(0, 0)));
    assert_eq!(
        HeartBeat::parse(Some("4000,4294967295")),
        Ok(offer(4_000, u32::MAX))
    );
    for header in [
        "",
        ",",
        "abc",
        "10000",
        "10000,",
        ",10000",
        "-1,0",
        "0,-1",
        "+1,0",
        "1,2,3",
        "1.5,0",
        " 1,0",
        "1, 0",
        "1,0\r",
        "4294967296,0",
        "0,99999999999999999999999",
    ] {
        assert_eq!(
            HeartBeat::parse(Some(header)),
            Err(HeartBeatError),
            "{header:?}"
        );
    }
}

#[test]
fn stomp_h5_no_interval_is_below_the_servers_floor() {
    for server in [offer(1, 1), offer(999, 999), offer(1_000, 1_000)] {
        assert_eq!(
            server.negotiate(Version::V12, offer(1, 1)),
            intervals(1_000, 1_000)
        );
        assert_eq!(
            encoder::connected(Version::V12, server, CustomerId(1)),
            "CONNECTED\nversion:1.2\nheart-beat:1000,1000\nuser-name:1\n\n\0"
        );
    }
    assert_eq!(offer(0, 1).raised_to_floor(), offer(0, HeartBeat::FLOOR_MS));
}
