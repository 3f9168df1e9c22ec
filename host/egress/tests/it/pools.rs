//! Connections are kept and used again, within one connection of the configuration and never across.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jackfield_core::port::{Egress as _, SendError};
use jackfield_egress::{ConnectionConfig, Egress, EgressConfig, SecretEntry, SecretSource, Vault};
use tokio::io::AsyncWriteExt;

use crate::far_side::{FarSide, ok, read_request};
use crate::near_side::{CONNECTION, Wish, context, get, post};

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let near = Wish::to(&far.url()).build();
    for _ in 0..20 {
        near.get("/open/x").await.unwrap();
        near.send(post("/open/x", "{}")).await.unwrap();
    }
    assert_eq!((far.accepted(), far.seen().len()), (1, 40));
}

#[tokio::test]
async fn requests_at_once_each_get_an_answer() {
    let far = FarSide::answering(|request| ok(request.split(' ').nth(1).unwrap().as_bytes())).await;
    let near = Arc::new(Wish::to(&far.url()).build());
    let tasks: Vec<_> = (0..32)
        .map(|i| {
            let near = near.clone();
            tokio::spawn(async move { (i, near.get(&format!("/open/{i}")).await.unwrap().body) })
        })
        .collect();
    for task in tasks {
        let (i, body) = task.await.unwrap();
        assert_eq!(body, format!("/open/{i}"));
    }
}

#[tokio::test]
async fn a_reload_of_the_same_settings_keeps_the_pool_and_other_settings_do_not() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let near = Wish::to(&far.url()).build();
    near.get("/open/x").await.unwrap();
    let config = |settings| EgressConfig { connections: HashMap::from([(CONNECTION.to_owned(), settings)]) };
    near.egress.replace(&config(ConnectionConfig::default())).unwrap();
    near.get("/open/x").await.unwrap();
    assert_eq!(far.accepted(), 1);
    near.egress.replace(&config(ConnectionConfig { pool_idle_max: 3, ..ConnectionConfig::default() })).unwrap();
    near.get("/open/x").await.unwrap();
    assert_eq!(far.accepted(), 2);
    near.egress.replace(&EgressConfig::default()).unwrap();
    let outcome = near.get("/open/x").await;
    assert_eq!(outcome, Err(SendError::Denied("connection `shop-eu` is not configured any more".to_owned())));
}

#[tokio::test]
async fn a_bad_configuration_changes_nothing() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let near = Wish::to(&far.url()).build();
    let broken = ConnectionConfig { ca_file: Some("/nonexistent/ca.pem".into()), ..ConnectionConfig::default() };
    let config = EgressConfig { connections: HashMap::from([("other".to_owned(), broken)]) };
    let error = near.egress.replace(&config).unwrap_err();
    assert_eq!(error.connection, "other");
    assert!(error.source.to_string().starts_with("failed to read `/nonexistent/ca.pem`"), "{}", error.source);
    near.get("/open/x").await.unwrap();
}

#[tokio::test]
async fn a_request_under_way_survives_a_reload() {
    let (release, released) = tokio::sync::watch::channel(false);
    let far = FarSide::handling(move |mut stream, seen| {
        let mut released = released.clone();
        async move {
            let request = read_request(&mut stream).await.unwrap();
            seen.lock().unwrap().push(request);
            released.wait_for(|yes| *yes).await.unwrap();
            stream.write_all(&ok(b"late")).await.unwrap();
        }
    })
    .await;
    let near = Arc::new(Wish::to(&far.url()).build());
    let asking = tokio::spawn({
        let near = near.clone();
        async move { near.get("/open/x").await }
    });
    while far.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    near.egress.replace(&EgressConfig::default()).unwrap();
    release.send(true).unwrap();
    assert_eq!(asking.await.unwrap().unwrap().body, "late");
}

#[tokio::test]
async fn the_credential_is_that_of_the_granted_connection_whatever_the_context_says() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let wish = Wish::to(&far.url()).auth(r#"{ scheme = "bearer", secret = "token" }"#, &[("token", "token-of-eu")]);
    let near = wish.build();
    let us = near.folder.path().join("us");
    crate::near_side::write_secret(&us, "token-of-us");
    let entry = |connection: &str, path| SecretEntry {
        connection: connection.to_owned(),
        name: "token".to_owned(),
        source: SecretSource::File(path),
    };
    let vault = Vault::new([entry(CONNECTION, near.folder.path().join("token")), entry("shop-us", us)]);
    let names = [CONNECTION, "shop-us"].map(|name| (name.to_owned(), ConnectionConfig::default()));
    let egress =
        Egress::new(&EgressConfig { connections: HashMap::from(names) }, crate::near_side::parts(vault)).unwrap();
    let mut mixed_up = context(Duration::from_secs(5));
    mixed_up.connection = "shop-us".into();
    egress.send(near.granted(get("/open/x")), &mixed_up).await.unwrap();
    assert!(far.only().contains("Bearer token-of-eu\r\n"), "{}", far.only());
}
