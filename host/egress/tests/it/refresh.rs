//! Refresh tokens that are good for one use, several hosts on one store, and hosts that die in between.

use std::sync::Arc;
use std::time::Duration;

use jackfield_core::port::{Egress as _, SendError, StoreError};
use jackfield_egress::State;

use crate::near_side::{CONNECTION, Memory, NearSide, Wish, context, get, of_user, write_secret};
use crate::token_house::{TokenHouse, refusal, status};

const AUTH: &str = r#"{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app", client_secret = "token", grant = { type = "refresh_token", secret = "refresh", authorize_url = "https://login.example.com/authorize" } }"#;

const HOUR: &str = r#","expires_in":3600"#;

fn host(house: &TokenHouse, store: &Arc<Memory>) -> NearSide {
    Wish::to(&house.url()).auth(AUTH, &[("token", "s3cr3t-client"), ("refresh", "first-refresh")]).store(store).build()
}

fn shown(house: &TokenHouse) -> Vec<String> {
    let field = |request: String| {
        let body = request.split("\r\n\r\n").nth(1).unwrap().to_owned();
        let mut form = url::form_urlencoded::parse(body.as_bytes());
        form.find(|(name, _)| name == "refresh_token").unwrap().1.into_owned()
    };
    house.token_requests().into_iter().map(field).collect()
}

#[tokio::test]
async fn each_refresh_token_is_used_once_and_the_next_one_survives_the_host() {
    let (house, store) = (TokenHouse::rotating("first-refresh", HOUR).await, Memory::new());
    for round in 0..3 {
        let near = host(&house, &store);
        assert_eq!(near.get("/open/x").await.unwrap().status, 200, "{round}");
        house.end_sessions();
        assert_eq!(near.get("/open/x").await.unwrap().status, 200, "{round}");
        assert_eq!(near.egress.status(CONNECTION).state, State::Active);
    }
    // The second and third host begin with the access token that the one before left.
    let expected = ["first-refresh", "refresh-token-1", "refresh-token-2", "refresh-token-3"];
    assert_eq!(shown(&house), expected);
    assert!(!house.is_revoked());
    let kept = store.bytes();
    for secret in [&b"refresh-token"[..], b"access-token", b"first-refresh"] {
        assert!(!kept.windows(secret.len()).any(|window| window == secret), "the store holds it sealed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hosts_on_one_store_never_use_a_refresh_token_twice() {
    let (house, store) = (TokenHouse::rotating("first-refresh", HOUR).await, Memory::new());
    let hosts = [host(&house, &store), host(&house, &store)].map(Arc::new);
    for round in 1..=4 {
        let calls = (0..40).map(|number| {
            let near = hosts[number % 2].clone();
            tokio::spawn(async move {
                let granted = near.granted(get("/open/x"));
                near.egress.send(granted, &context(Duration::from_secs(30))).await
            })
        });
        for call in futures_util::future::join_all(calls).await {
            assert_eq!(call.unwrap().unwrap().status, 200);
        }
        assert_eq!(house.token_requests().len(), round, "one for both hosts");
        house.end_sessions();
    }
    assert!(!house.is_revoked());
}

#[tokio::test]
async fn a_refresh_token_that_is_not_replaced_is_kept() {
    let (house, store) = (TokenHouse::rotating("first-refresh", HOUR).await, Memory::new());
    house.change(|house| house.single_use = false);
    let near = host(&house, &store);
    for _ in 0..3 {
        near.get("/open/x").await.unwrap();
        house.end_sessions();
    }
    assert_eq!(shown(&house), ["first-refresh"; 3]);
}

#[tokio::test]
async fn a_new_refresh_token_is_durable_before_its_access_token_is_used() {
    let (house, store) = (TokenHouse::rotating("first-refresh", HOUR).await, Memory::new());
    let near = host(&house, &store);
    // Step 0 reads, step 1 takes the lease, step 2 writes what came: from there on the disk is full.
    store.set_gate(Some(Box::new(|_, step| {
        (step >= 2).then(|| StoreError::Unavailable("the disk is full".to_owned()))
    })));
    let outcome = near.get("/open/x").await;
    assert!(matches!(&outcome, Err(SendError::Unavailable { sent: false, .. })), "{outcome:?}");
    assert_eq!(house.requests().len(), 0, "nothing was done with the access token");
    // The host still has the new one and writes it as soon as there is room: no second token request.
    store.set_gate(None);
    let answer = eventually(&near).await;
    assert_eq!(answer, 200);
    assert_eq!(shown(&house), ["first-refresh"]);
    house.end_sessions();
    assert_eq!(host(&house, &store).get("/open/x").await.unwrap().status, 200);
    assert_eq!(shown(&house), ["first-refresh", "refresh-token-1"]);
}

/// Calls until the pause after a failure is over.
async fn eventually(near: &NearSide) -> u16 {
    tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            match near.get("/open/x").await {
                Ok(answer) => return answer.status,
                Err(SendError::Unavailable { .. }) => tokio::task::yield_now().await,
                Err(other) => panic!("{other:?}"),
            }
        }
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_host_that_dies_at_any_step_before_the_answer_leaves_a_usable_connection() {
    for dies_at in 0..2 {
        let (house, store) = (TokenHouse::rotating("first-refresh", HOUR).await, Memory::new());
        let near = host(&house, &store);
        let gate = move |_, step| (step >= dies_at).then(|| StoreError::Unavailable("gone".to_owned()));
        store.set_gate(Some(Box::new(gate)));
        near.get("/open/x").await.unwrap_err();
        drop(near);
        store.set_gate(None);
        assert_eq!(host(&house, &store).get("/open/x").await.unwrap().status, 200, "died at step {dies_at}");
        assert_eq!(shown(&house), ["first-refresh"]);
    }
}

#[tokio::test]
async fn a_host_that_dies_with_the_answer_in_its_hands_is_followed_by_one_that_asks_again() {
    // A system that rotates gives the token of before some grace, for just this.
    let (house, store) = (TokenHouse::rotating("first-refresh", HOUR).await, Memory::new());
    house.change(|house| house.single_use = false);
    let hasty = || {
        let mut wish = Wish::to(&house.url()).store(&store);
        wish.config.token_timeout_ms = 400;
        wish.auth(AUTH, &[("token", "s3cr3t-client"), ("refresh", "first-refresh")]).build()
    };
    let dying = hasty();
    // It reads, takes the lease, asks, and then nothing is written any more.
    store.set_gate(Some(Box::new(|_, step| (step >= 2).then(|| StoreError::Unavailable("gone".to_owned())))));
    let _ = dying.get("/open/x").await;
    assert_eq!(house.token_requests().len(), 1);
    drop(dying);
    store.set_gate(None);
    // The lease of the dead runs out by itself; the next one waits for that within its call.
    let next = hasty();
    assert_eq!(next.get("/open/x").await.unwrap().status, 200);
    assert_eq!(house.token_requests().len(), 2);
}

#[tokio::test]
async fn a_token_request_that_hangs_is_given_up_and_is_no_refusal() {
    let far = crate::far_side::FarSide::handling(|stream, _| crate::far_side::hold(stream)).await;
    let store = Memory::new();
    let mut wish = Wish::to(&far.url()).store(&store);
    wish.config.token_timeout_ms = 200;
    let near = wish.auth(AUTH, &[("token", "s3cr3t-client"), ("refresh", "first-refresh")]).build();
    let outcome = near.get("/open/x").await;
    assert!(matches!(&outcome, Err(SendError::Unavailable { sent: false, .. })), "{outcome:?}");
    assert_eq!(near.egress.status(CONNECTION).state, State::Active);
}

#[tokio::test]
async fn a_lease_that_was_released_after_a_fault_is_nobodys() {
    let (house, store) = (TokenHouse::rotating("first-refresh", HOUR).await, Memory::new());
    house.answer_instead(Some(status("503 Service Unavailable", "", "")));
    host(&house, &store).get("/open/x").await.unwrap_err();
    house.answer_instead(None);
    // Another host need not wait for the lease to run out.
    assert_eq!(host(&house, &store).get("/open/x").await.unwrap().status, 200);
}

#[tokio::test]
async fn withdrawn_consent_is_asked_about_once_whatever_the_hosts() {
    let (house, store) = (TokenHouse::rotating("first-refresh", HOUR).await, Memory::new());
    let near = host(&house, &store);
    near.get("/open/x").await.unwrap();
    house.revoke();
    for _ in 0..3 {
        let outcome = near.get("/open/x").await;
        assert!(
            matches!(&outcome, Err(SendError::ReauthRequired(why)) if why.contains("jackfield connect")),
            "{outcome:?}"
        );
    }
    let other = host(&house, &store);
    let outcome = other.get("/open/x").await;
    assert!(matches!(&outcome, Err(SendError::ReauthRequired(_))), "{outcome:?}");
    assert_eq!(house.token_requests().len(), 2);
    for near in [&near, &other] {
        assert_eq!(near.egress.status(CONNECTION).state, State::ReauthRequired);
    }

    // The operator puts another token in its place: what descends from the old one is dropped.
    house.consent("second-refresh");
    for near in [&near, &other] {
        write_secret(&near.folder.path().join("refresh"), "second-refresh");
        let outcome = near.get("/open/x").await;
        assert_eq!(outcome.map(|answer| answer.status), Ok(200), "{:?}", shown(&house));
        assert_eq!(near.egress.status(CONNECTION).state, State::Active);
    }
    assert_eq!(shown(&house)[2..], ["second-refresh"]);
}

#[tokio::test]
async fn a_client_that_is_refused_does_not_cost_the_refresh_token() {
    let (house, store) = (TokenHouse::rotating("first-refresh", HOUR).await, Memory::new());
    let near = host(&house, &store);
    house.answer_instead(Some(refusal("invalid_client")));
    for _ in 0..3 {
        let outcome = near.get("/open/x").await;
        assert!(matches!(&outcome, Err(SendError::ReauthRequired(why)) if why.contains("client_id")), "{outcome:?}");
    }
    assert_eq!(house.token_requests().len(), 1);
    house.answer_instead(None);
    write_secret(&near.folder.path().join("token"), "another-client");
    assert_eq!(near.get("/open/x").await.unwrap().status, 200);
}

#[tokio::test]
async fn without_a_store_or_a_vault_nothing_is_asked() {
    let house = TokenHouse::rotating("first-refresh", HOUR).await;
    let near = Wish::to(&house.url()).auth(AUTH, &[("token", "s3cr3t-client"), ("refresh", "first-refresh")]).build();
    let outcome = near.get("/open/x").await;
    assert!(matches!(&outcome, Err(SendError::Denied(why)) if why.contains("[vault]")), "{outcome:?}");
    let endpoint = near.grant.endpoints().next().unwrap();
    assert!(near.egress.check(endpoint).unwrap_err().why.contains("[vault]"));
    assert_eq!(house.far.seen().len(), 0);
}

#[tokio::test]
async fn a_configured_refresh_token_is_never_a_users() {
    let (house, store) = (TokenHouse::rotating("first-refresh", HOUR).await, Memory::new());
    let secrets = [("token", "s3cr3t-client"), ("refresh", "first-refresh")];
    let near = Wish::to(&house.url()).auth(AUTH, &secrets).for_users().store(&store).build();
    let outcome = near.egress.send(near.granted(get("/open/x")), &of_user("u1", None)).await;
    assert!(
        matches!(&outcome, Err(SendError::ReauthRequired(why)) if why.contains("waits for consent")),
        "{outcome:?}"
    );
    assert_eq!(house.far.seen().len(), 0);
    // One user's lack of consent is no state of the connection.
    let status = near.egress.status(CONNECTION);
    assert_eq!((status.state, status.users_troubled), (State::Active, 1));
}

#[tokio::test]
async fn a_record_that_was_changed_does_not_open() {
    let (house, store) = (TokenHouse::rotating("first-refresh", HOUR).await, Memory::new());
    host(&house, &store).get("/open/x").await.unwrap();
    store.spoil();
    let outcome = host(&house, &store).get("/open/x").await;
    assert!(matches!(&outcome, Err(SendError::ReauthRequired(why)) if why.contains("of no use")), "{outcome:?}");
    assert_eq!(house.token_requests().len(), 1);
}
