//! `GET /customer/info/customerId/…` and `GET /customer/fullName/customerId/…`.

use anyhow::Result;
use serde_json::json;

use crate::scene::{assert_refused, scene};

#[tokio::test]
async fn s17_others_see_no_mail_address_and_the_end_of_the_number() -> Result<()> {
    let scene = scene().await?;
    let newcomer = scene.newcomer("Vũ Ân").await?;
    let path = format!("/customer/info/customerId/{}", newcomer.id);
    let seen = scene.user2.get(&path).await?;
    assert_eq!(seen.status, 200, "{seen:?}");
    assert_eq!(*seen.data(), newcomer.in_part());
    assert_eq!(*newcomer.client.get(&path).await?.data(), newcomer.whole());
    Ok(())
}

#[tokio::test]
async fn contract_customer_full_name_200_is_the_name_alone() -> Result<()> {
    let scene = scene().await?;
    let newcomer = scene.newcomer("Huỳnh Đặng Ân").await?;
    let path = format!("/customer/fullName/customerId/{}", newcomer.id);
    for client in [&scene.user1, &newcomer.client] {
        let answer = client.get(&path).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(*answer.data(), json!("Huỳnh Đặng Ân"));
    }
    Ok(())
}

#[tokio::test]
async fn contract_customer_by_id_404_for_no_customer_and_400_for_no_id() -> Result<()> {
    let user1 = scene().await?.user1;
    for prefix in ["/customer/info/customerId", "/customer/fullName/customerId"] {
        for (id, status) in [
            ("0", 404),
            ("-1", 404),
            ("9007199254740991", 404),
            ("9223372036854775807", 404),
            ("9223372036854775808", 400),
            ("an", 400),
            ("1.5", 400),
        ] {
            let path = format!("{prefix}/{id}");
            assert_refused(&user1.get(&path).await?, status, &path);
        }
    }
    Ok(())
}

#[tokio::test]
async fn contract_customer_401_without_a_session_everywhere_but_at_sign_up() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    for path in [
        "/customer/info",
        "/customer/info/customerId/1",
        "/customer/info/phoneNumber/0901",
        "/customer/info/fullName/vu",
        "/customer/fullName/customerId/1",
    ] {
        assert_refused(&anonymous.get(path).await?, 401, path);
    }
    let answer = anonymous.post("/customer/info", &json!({})).await?;
    assert_refused(&answer, 401, "POST /customer/info");
    Ok(())
}
