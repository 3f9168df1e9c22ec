//! Calling off, by word or by going away: a read lets go of guest and system at once, a write of which nothing has left is
//! taken back, and one that has begun goes on and says so.

use jackfield_tests::{Host, guests};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::*;

/// A system that reads a request and never answers. It knows how many callers wait, and how many have gone away.
struct Silent {
    url: String,
    seen: watch::Receiver<(usize, usize)>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Silent {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Silent {
    async fn start() -> Silent {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, seen) = watch::channel((0, 0));
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let tell = tell.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    let mut asked = false;
                    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                        if !std::mem::replace(&mut asked, true) {
                            tell.send_modify(|(waiting, _)| *waiting += 1);
                        }
                    }
                    tell.send_modify(|(_, gone)| *gone += 1);
                });
            }
        });
        Silent { url, seen, serving }
    }

    async fn until_asked(&mut self) {
        self.seen.wait_for(|(waiting, _)| *waiting > 0).await.unwrap();
    }

    async fn until_let_go(&mut self) {
        self.seen.wait_for(|(_, gone)| *gone > 0).await.unwrap();
    }
}

/// A guest in front of a system that never answers.
async fn silent(name: &str, package: Vec<u8>) -> (Host, Silent, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let upstream = Silent::start().await;
    let more = "access = \"write\"\nlimits = { wall_ms = 60000 }";
    let config = guests::config(dir.path(), &[name], &upstream.url, more);
    guests::write(dir.path(), name, &package);
    (Host::start(&config).await.unwrap(), upstream, dir)
}

/// Nothing of a call is left: no place, no instance.
async fn until_free(host: &Host) {
    let permits = host.app.sandbox().permits();
    until(async || (host.app.admission.in_flight() == 0 && permits.free() == permits.max()).then_some(())).await;
}

async fn cancel(client: &Client, id: &str) -> Answer {
    ask(client, &format!("/v1/calls/{id}/cancel"), &[], &json!({})).await
}

#[tokio::test]
async fn a_read_that_is_called_off_lets_go_of_guest_and_system_at_once() {
    let (host, mut upstream, _dir) = silent("sleepy", guests::package("sleepy")).await;
    let client = &host.client;
    let mut events = streamed(client, "/v1/intents/sleepy.run", &json!({ "input": {} })).await;
    let id = events.next().await.unwrap().data["call_id"].as_str().unwrap().to_owned();
    upstream.until_asked().await;
    let cancelled = cancel(client, &id).await;
    assert_eq!((cancelled.status, cancelled.text("/status")), (200, "cancelled"), "{}", cancelled.raw);
    assert_eq!((cancelled.text("/outcome"), cancelled.text("/call_id")), ("none", &*id));
    assert!(cancelled.text("/text").contains("Nothing was changed"), "{}", cancelled.raw);
    upstream.until_let_go().await;
    until_free(&host).await;
    let rest = events.rest().await;
    assert_eq!(names(&rest), [("3", "result")]);
    assert_eq!(rest[0].data["status"], "cancelled");
    assert_eq!(cancel(client, &id).await.raw, cancelled.raw, "twice is once");
    assert_eq!(look(client, &id).await.raw, cancelled.raw);
}

#[tokio::test]
async fn a_caller_who_goes_away_ends_the_read_that_was_held_for_it() {
    let (host, mut upstream, _dir) = silent("sleepy", guests::package("sleepy")).await;
    let asking = tokio::spawn({
        // A connection of its own, so that nobody else keeps it open.
        let client = Client::new(host.client.base(), "demo");
        async move { client.ask("sleepy.run", json!({})).await }
    });
    upstream.until_asked().await;
    asking.abort();
    upstream.until_let_go().await;
    until_free(&host).await;
}

#[tokio::test]
async fn a_write_of_which_nothing_has_left_is_taken_back_and_may_be_asked_for_again() {
    // It is called a write, and asks first.
    let (host, mut upstream, _dir) = silent("healthy", guests::writing("healthy")).await;
    let client = &host.client;
    let body = json!({ "input": { "requests": 1 } });
    let later = [("prefer", "respond-async"), ("idempotency-key", "k-1")];
    let accepted = ask(client, "/v1/intents/healthy.run", &later, &body).await;
    assert_eq!(accepted.status, 202, "{}", accepted.raw);
    let id = accepted.text("/call_id");
    upstream.until_asked().await;
    let cancelled = cancel(client, id).await;
    assert_eq!((cancelled.text("/status"), cancelled.text("/outcome")), ("cancelled", "none"), "{}", cancelled.raw);
    upstream.until_let_go().await;
    until_free(&host).await;
    // Its key is free again.
    let again = until(async || {
        Some(ask(client, "/v1/intents/healthy.run", &later, &body).await).filter(|answer| answer.status != 409)
    });
    assert_eq!(again.await.status, 202);
}

#[tokio::test]
async fn a_write_that_has_begun_goes_on_and_says_so() {
    let (demo, fault) = held("POST", Kind::HoldAfter, "").await;
    let client = &demo.host.client;
    let id = asked_for_later(client, WRITE, &new_ticket()).await;
    demo.mocks.until_held(fault).await;
    for _ in 0..2 {
        let refused = cancel(client, &id).await;
        assert_eq!((refused.status, refused.text("/status")), (200, "working"), "{}", refused.raw);
        assert!(refused.text("/text").contains("can't stop it"), "{}", refused.raw);
    }
    demo.mocks.release(fault);
    let done = client.get(&format!("/v1/calls/{id}?wait=30")).await;
    assert_eq!(done.text("/status"), "completed", "{}", done.raw);
    assert_eq!(cancel(client, &id).await.raw, done.raw, "what is done is done");
    assert_eq!(demo.mocks.journal("zendesk").iter().filter(|entry| entry.method == "POST").count(), 1);
}
