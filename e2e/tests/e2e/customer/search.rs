//! `GET /customer/info/fullName/…` and `GET /customer/info/phoneNumber/…` (decision 29). Callers here have just
//! signed up: searches are counted for each caller.

use anyhow::Result;
use colloquy_e2e::{client::NewAccount, harness::eventually};
use serde_json::{Value, json};

use super::newcomer::unique_word;
use crate::scene::{assert_refused, scene};

#[tokio::test]
async fn contract_customer_search_names_200_ignores_accents_and_case() -> Result<()> {
    let scene = scene().await?;
    let word = unique_word();
    let found = scene.newcomer(&format!("Vũ {word} Đặng")).await?;
    let searcher = scene.newcomer("Searcher").await?;
    for part in [
        format!("vu%20{word}"),
        format!("V%C5%A8%20{}", word.to_uppercase()),
        format!("{word}%20%C4%90%E1%BA%B7ng"),
        format!("{word}%20dang"),
        word[3..30].to_owned(),
    ] {
        let path = format!("/customer/info/fullName/{part}");
        let answer = searcher.client.get(&path).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(*answer.data(), json!([found.in_part()]), "{path}");
    }
    for part in [
        format!("dang%20{word}"),
        format!("{word}%25"),
        format!("_{word}"),
    ] {
        let path = format!("/customer/info/fullName/{part}");
        let answer = searcher.client.get(&path).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(*answer.data(), json!([]), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn b14_marks_of_letters_count_and_typography_does_not() -> Result<()> {
    let scene = scene().await?;
    let searcher = scene.newcomer("Searcher").await?;
    for (name, typed, finds) in [
        ("O’Brien", "O'Brien", true),
        ("Jean\u{2011}Luc", "jean-luc", true),
        ("Nguyễn  Văn\u{a0}Hai", "Nguyen Van Hai", true),
        ("Alex\u{ad}andra", "alexandra", true),
        ("रीमा", "राम", false),
        ("มาลา", "มาลี", false),
        ("がき", "かき", false),
        ("がき", "か", false),
    ] {
        let word = unique_word();
        let found = scene.newcomer(&format!("{word} {name}")).await?;
        let path = format!("/customer/info/fullName/{word} {typed}");
        let answer = searcher.client.get(&path).await?;
        let expected = if finds {
            json!([found.in_part()])
        } else {
            json!([])
        };
        assert_eq!(*answer.data(), expected, "{name:?} by {typed:?}");
    }
    Ok(())
}

#[tokio::test]
async fn decision_29_percent_and_underscore_are_found_where_they_are() -> Result<()> {
    let scene = scene().await?;
    let word = unique_word();
    let percent = scene.newcomer(&format!("100% {word}")).await?;
    let underscore = scene.newcomer(&format!("a_b {word}")).await?;
    for (part, found) in [("0%25%20", &percent), ("_b%20", &underscore)] {
        let path = format!("/customer/info/fullName/{part}{word}");
        let answer = scene.newcomer("Searcher").await?.client.get(&path).await?;
        assert_eq!(*answer.data(), json!([found.in_part()]), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn decision_29_hits_are_in_the_order_of_their_names_and_show_the_caller_whole() -> Result<()>
{
    let scene = scene().await?;
    let word = unique_word();
    let mut expected = Vec::new();
    for name in ["Ấn", "Đặng", "Zoë"] {
        expected.push(scene.newcomer(&format!("{name} {word}")).await?);
    }
    let caller = scene.newcomer(&format!("Ø {word}")).await?;
    let hits: Vec<Value> = vec![
        expected[0].in_part(),
        expected[1].in_part(),
        caller.whole(),
        expected[2].in_part(),
    ];
    let path = format!("/customer/info/fullName/{word}");
    assert_eq!(*caller.client.get(&path).await?.data(), json!(hits));
    Ok(())
}

#[tokio::test]
async fn decision_29_a_whole_username_finds_its_account() -> Result<()> {
    let scene = scene().await?;
    let found = scene.newcomer("An").await?;
    let searcher = scene.newcomer("Searcher").await?;
    let username = &found.account.username;
    for (part, hits) in [
        (username.to_uppercase(), json!([found.in_part()])),
        (username[1..].to_owned(), json!([])),
    ] {
        let path = format!("/customer/info/fullName/{part}");
        assert_eq!(*searcher.client.get(&path).await?.data(), hits, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn contract_customer_search_phone_numbers_200_finds_a_part() -> Result<()> {
    let scene = scene().await?;
    let found = scene.newcomer("An").await?;
    let searcher = scene.newcomer("Searcher").await?;
    let number = found.account.phone_number.as_str();
    for part in [number, &number[1..], &number[2..17]] {
        let path = format!("/customer/info/phoneNumber/{part}");
        let answer = searcher.client.get(&path).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(*answer.data(), json!([found.in_part()]), "{path}");
    }
    let path = format!("/customer/info/phoneNumber/{number}0");
    assert_eq!(*searcher.client.get(&path).await?.data(), json!([]));
    Ok(())
}

#[tokio::test]
async fn b11_fewer_than_eight_digits_find_people_of_shared_rooms_alone() -> Result<()> {
    let scene = scene().await?;
    let found = scene.newcomer("An").await?;
    let searcher = scene.newcomer("Searcher").await?;
    let number = found.account.phone_number.as_str();
    let (seven, three) = (&number[number.len() - 7..], &number[number.len() - 3..]);
    let path = |part: &str| format!("/customer/info/phoneNumber/{part}");
    for part in [seven, three] {
        let answer = searcher.client.get(&path(part)).await?;
        assert_eq!((answer.status, answer.data()), (200, &json!([])), "{part}");
    }
    searcher.client.create_room("Room", &[found.id]).await?;
    eventually("the room is in the view", || async {
        let rooms = searcher.client.rooms().await?;
        Ok((!rooms.is_empty()).then_some(()))
    })
    .await?;
    let answer = searcher.client.get(&path(seven)).await?;
    assert_eq!(*answer.data(), json!([found.in_part()]));
    let answer = searcher.client.get(&path(three)).await?;
    assert_eq!((answer.status, answer.data()), (200, &json!([])));
    Ok(())
}

#[tokio::test]
async fn b11_national_and_international_forms_are_one_number() -> Result<()> {
    let scene = scene().await?;
    let searcher = scene.newcomer("Searcher").await?;
    for (stored, searched) in [("0", "+84"), ("+84", "0"), ("+84", "0084")] {
        let mut account = NewAccount::called("An");
        // A national number goes on with another digit than its leading 0: `00` stands for the `+`.
        let rest = format!("9{}", account.phone_number.split_off(5));
        account.phone_number = format!("{stored}{rest}");
        let id = scene.anonymous()?.sign_up(&account).await?;
        let path = format!("/customer/info/phoneNumber/{searched}{rest}");
        let answer = searcher.client.get(&path).await?;
        let hits = answer.data().as_array().map_or(0, Vec::len);
        assert_eq!(
            (hits, &answer.data()[0]["customerId"]),
            (1, &json!(id)),
            "{path}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn decision_29_400_for_a_search_that_says_too_little() -> Result<()> {
    let searcher = scene().await?.newcomer("Searcher").await?.client;
    for path in [
        "/customer/info/phoneNumber/%25%25%25%25",
        "/customer/info/phoneNumber/0901x",
        "/customer/info/fullName/%20",
    ] {
        assert_refused(&searcher.get(path).await?, 400, path);
    }
    Ok(())
}

#[tokio::test]
async fn decision_29_429_after_thirty_searches_in_a_minute() -> Result<()> {
    let scene = scene().await?;
    let searcher = scene.newcomer("Searcher").await?.client;
    let path = format!("/customer/info/fullName/{}", unique_word());
    for _ in 0..30 {
        assert_eq!(searcher.get(&path).await?.status, 200);
    }
    // Every instance counts for itself, and a bucket fills while it is emptied.
    let mut answer = searcher.get(&path).await?;
    for _ in 0..200 {
        if answer.status != 200 {
            break;
        }
        answer = searcher.get(&path).await?;
    }
    assert_refused(&answer, 429, "one search too many");
    let other = scene.newcomer("Another").await?.client;
    assert_eq!(other.get(&path).await?.status, 200);
    Ok(())
}
