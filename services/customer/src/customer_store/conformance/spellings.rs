//! Promises of names and addresses that are spelled in several ways (decision 37).

use std::sync::Arc;

use super::account;
use crate::{
    customer_store::{CustomerStore, NewCustomer, Profile, SaveError, Taken},
    domain::Email,
};

fn with_email(name: &str, email: &str) -> NewCustomer {
    NewCustomer {
        email: email.to_owned(),
        ..account(name)
    }
}

async fn refusal(store: &Arc<dyn CustomerStore>, new: &NewCustomer) -> Taken {
    match store.insert(new).await {
        Err(SaveError::Taken(taken)) => taken,
        other => panic!("{other:?}"),
    }
}

/// Width, case, composition and spaces make no difference; a second account in another spelling is refused.
pub async fn b12_an_account_is_found_by_every_spelling_of_its_username(
    store: Arc<dyn CustomerStore>,
) {
    for (key, (name, spellings)) in [
        (
            "Đặng.Ánh",
            &["Đa\u{323}\u{306}ng.A\u{301}nh", "ĐẶNG.ÁNH"][..],
        ),
        ("an  nguyen", &["an nguyen", " AN\u{a0}Nguyen\u{200b}"]),
        ("user1", &["ｕｓｅｒ１", "𝐮𝐬𝐞𝐫𝟏", "user1 "]),
        ("İbrahim", &["ibrahim", "Ibrahim"]),
        ("weiß", &["WEISS", "WEIẞ"]),
    ]
    .into_iter()
    .enumerate()
    {
        let made = store
            .insert(&with_email(name, &format!("{key}@a.example")))
            .await
            .unwrap();
        for spelling in spellings {
            let (found, _) = store.by_username(spelling).await.unwrap().unwrap();
            assert_eq!(found, made, "{spelling:?}");
            let twin = with_email(spelling, "twin@a.example");
            assert_eq!(
                refusal(&store, &twin).await,
                Taken::Username,
                "{spelling:?}"
            );
        }
    }
}

/// Whatever case either is typed in.
pub async fn b12_a_username_that_reads_like_another_is_taken(store: Arc<dyn CustomerStore>) {
    for name in ["user1", "PACE"] {
        store.insert(&account(name)).await.unwrap();
    }
    for lookalike in ["userl", "UserI", "расе"] {
        let new = with_email(lookalike, "twin@a.example");
        assert_eq!(refusal(&store, &new).await, Taken::Reading, "{lookalike}");
        assert_eq!(store.by_username(lookalike).await.unwrap(), None);
    }
    store.insert(&account("user2")).await.unwrap();
}

/// The domain in Unicode, composed or not, or in ASCII.
pub async fn b13_an_account_is_found_by_every_spelling_of_its_address(
    store: Arc<dyn CustomerStore>,
) {
    let an = store
        .insert(&with_email("an", "An@bücher.example"))
        .await
        .unwrap();
    for typed in [
        "an@bücher.example",
        "AN@bu\u{308}cher.example",
        "an@xn--bcher-kva.example",
    ] {
        let email = Email::parse(typed).unwrap();
        let found = store.by_email(&email).await.unwrap();
        assert_eq!(found.as_ref(), Some(&an), "{typed:?}");
    }
}

/// Neither a sign-up nor a change of address takes another's; another spelling of one's own may be chosen.
pub async fn b13_one_mailbox_has_one_account(store: Arc<dyn CustomerStore>) {
    let an = store
        .insert(&with_email("an", "an@bücher.example"))
        .await
        .unwrap();
    let binh = store.insert(&account("binh")).await.unwrap();
    let profile = |email: &str| Profile {
        full_name: "An".to_owned(),
        email: email.to_owned(),
        phone_number: None,
        avatar_color: "#000000".to_owned(),
    };
    for spelling in ["an@xn--bcher-kva.example", "AN@bu\u{308}cher.example"] {
        let new = with_email("chi", spelling);
        assert_eq!(refusal(&store, &new).await, Taken::Email, "{spelling:?}");
        let taken = store.update(binh.customer_id, &profile(spelling)).await;
        assert!(
            matches!(taken, Err(SaveError::Taken(Taken::Email))),
            "{taken:?}"
        );
        let own = store
            .update(an.customer_id, &profile(spelling))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(own.email, spelling);
    }
}

/// The check and the new row are one step.
pub async fn b12_of_lookalikes_made_at_once_one_is_made(store: Arc<dyn CustomerStore>) {
    let new = ["user1", "userl", "useRI"].map(account);
    let (a, b, c) = tokio::join!(
        store.insert(&new[0]),
        store.insert(&new[1]),
        store.insert(&new[2])
    );
    let made = [a, b, c].into_iter().filter(Result::is_ok).count();
    assert_eq!(made, 1);
}
