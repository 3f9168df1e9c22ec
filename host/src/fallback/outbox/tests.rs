//! Bounds that hold under many at once, and records that are never taken for none.

use jackfield_core::message::{Content, DONE_KEPT_MS, Heard, Kind};
use jackfield_egress::Stores;
use jackfield_store::{Embedded, Options};
use serde_json::json;

use super::*;
use crate::audit::AuditLog;

fn outbox() -> (Arc<Outbox>, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Embedded::open(&dir.path().join("jackfield.db"), Options::default()).unwrap());
    let vault = Arc::new(Vault::with_stores(Stores { sealed: None, openbao: None }, Vec::new()));
    let audit = Arc::new(AuditLog::new(store.clone()));
    (Arc::new(Outbox::new(store, vault, MessageMeter::default(), audit)), dir)
}

fn desk(messages_max: usize, messages_bytes_max: usize) -> Arc<Desk> {
    Arc::new(Desk { helpdesk: None, contact: None, messages_max, messages_bytes_max })
}

fn taken(tenant: &str, number: u32) -> Taken {
    let id = Digest::of_json(&json!(number));
    Taken {
        id,
        tenant: tenant.to_owned(),
        helpdesk: "help".to_owned(),
        kind: Kind::Message,
        call_id: "01K".to_owned(),
        reason: "timeout".to_owned(),
        fingerprint: id,
        content: Content {
            create: json!({ "subject": "s" }),
            route: None,
            locale: "en".to_owned(),
            time_zone: "UTC".to_owned(),
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_keep_the_bound_and_another_tenant_has_its_own() {
    let (outbox, _dir) = outbox();
    let desk = desk(5, 1 << 20);
    let takes: Vec<_> = (0..20)
        .map(|number| {
            let (outbox, desk) = (outbox.clone(), desk.clone());
            tokio::spawn(async move { outbox.take(taken("acme", number), &desk, Hold::No).await })
        })
        .collect();
    let mut kept = Vec::new();
    for take in takes {
        match take.await.unwrap() {
            Ok(message) => kept.push(message),
            Err(why) => assert_eq!(why, Untaken::Full),
        }
    }
    assert_eq!((kept.len(), outbox.keys().await.unwrap().len()), (5, 5));
    assert!(!outbox.has_room("acme", &desk) && outbox.has_room("other", &desk));
    assert!(outbox.take(taken("other", 1), &desk, Hold::No).await.is_ok());
    // What is there needs no room.
    let again = (0..20).map(|number| taken("acme", number)).find(|one| one.fingerprint == kept[0].fingerprint);
    assert_eq!(outbox.take(again.unwrap(), &desk, Hold::No).await, Ok(kept[0].clone()));
}

#[tokio::test]
async fn bytes_are_bounded_too() {
    let (outbox, _dir) = outbox();
    let desk = desk(100, 2_000);
    let mut full = 0;
    for number in 0..10 {
        full += usize::from(outbox.take(taken("acme", number), &desk, Hold::No).await == Err(Untaken::Full));
    }
    assert!((1..10).contains(&full), "{full}");
    let huge = Taken {
        content: Content { create: json!("x".repeat(MESSAGE_BYTES_MAX)), ..taken("acme", 1).content },
        ..taken("acme", 77)
    };
    let refused = outbox.take(huge, &self::desk(100, usize::MAX), Hold::No).await;
    assert!(matches!(refused, Err(Untaken::Unkept(_))), "{refused:?}");
}

#[tokio::test]
async fn an_id_stands_for_one_request() {
    let (outbox, _dir) = outbox();
    let desk = desk(9, 1 << 20);
    let first = outbox.take(taken("acme", 1), &desk, Hold::No).await.unwrap();
    assert_eq!(outbox.take(taken("acme", 1), &desk, Hold::No).await, Ok(first));
    let other = Taken { fingerprint: Digest::of_json(&json!("else")), ..taken("acme", 1) };
    assert_eq!(outbox.take(other, &desk, Hold::No).await, Err(Untaken::Used));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_not_taken_for_none() {
    let (outbox, _dir) = outbox();
    let key = key("acme", &taken("acme", 1).id);
    for bytes in [&b""[..], b"\x00{}", b"\x01sealed", b"\x07later"] {
        outbox.store.put(Bucket::Messages, &key, Bytes::from_static(bytes), Expect::Any).await.unwrap();
        assert!(matches!(outbox.get(&key).await, Err(Unkept::Unusable(_))));
        let refused = outbox.take(taken("acme", 1), &desk(9, 1 << 20), Hold::No).await;
        assert!(matches!(refused, Err(Untaken::Unkept(Unkept::Unusable(_)))), "{refused:?}");
        outbox.scan().await.unwrap();
        assert_eq!(outbox.keys().await.unwrap().len(), 1, "it stays for the operator");
    }
}

#[tokio::test]
async fn a_look_finds_what_others_changed_and_deletes_what_is_over() {
    let (outbox, _dir) = outbox();
    let desk = desk(9, 1 << 20);
    for number in [1, 2] {
        outbox.take(taken("acme", number), &desk, Hold::No).await.unwrap();
    }
    let keys = outbox.keys().await.unwrap();
    let Kept { message, revision } = outbox.get(&keys[0]).await.unwrap().unwrap();
    let long_ago = now_ms() - DONE_KEPT_MS;
    let claimed = message.claimed(now_ms(), 0).unwrap();
    let done = claimed.heard(Heard::Done { ticket: None }, long_ago, |_| false, 0);
    outbox.put(&keys[0], &done, revision).await.unwrap();
    // Another host, whose index is not ours.
    outbox.store.delete(Bucket::Messages, &keys[1], Expect::Any).await.unwrap();
    outbox.scan().await.unwrap();
    assert_eq!((outbox.keys().await.unwrap().len(), outbox.index().len()), (0, 0));
}

#[tokio::test]
async fn a_message_is_due_once_until_it_is_let_go() {
    let (outbox, _dir) = outbox();
    let desk = desk(9, 1 << 20);
    let held = outbox.take(taken("acme", 1), &desk, Hold::Yes).await.unwrap();
    assert_eq!(outbox.next_due(u64::MAX), None, "somebody is at it");
    let key = key("acme", &taken("acme", 1).id);
    outbox.release(&key, Some(held.taken_ms + 500));
    assert_eq!(outbox.next_due(held.taken_ms), None);
    assert_eq!(outbox.next_due(held.taken_ms + 500), Some(key.clone()));
    assert_eq!(outbox.next_due(u64::MAX), None);
    assert_eq!(id_of(&key), Some(taken("acme", 1).id));
}
