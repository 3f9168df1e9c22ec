//! Redirects: which are followed, and what travels along.

use jackfield_core::port::SendError;

use crate::far_side::{FarSide, ok, redirect};
use crate::near_side::{Wish, get, post};

const BEARER: &str = r#"{ scheme = "bearer", secret = "token" }"#;
const QUERY: &str = r#"{ scheme = "query", parameter = "api_key", secret = "token" }"#;

fn to(far: &FarSide) -> Wish {
    Wish::to(&far.url()).auth(BEARER, &[("token", "tok-123456789")])
}

#[tokio::test]
async fn a_redirect_within_the_origin_is_followed_with_the_credential() {
    let far = FarSide::answering(|request| {
        if request.starts_with("GET /open/old") { redirect(302, "/open/new?page=2") } else { ok(b"here") }
    })
    .await;
    let response = to(&far).build().get("/open/old").await.unwrap();
    assert_eq!((response.status, &response.body[..]), (200, &b"here"[..]));
    let seen = far.seen();
    assert!(seen[1].starts_with("GET /open/new?page=2 HTTP/1.1\r\n"), "{}", seen[1]);
    assert!(seen.iter().all(|request| request.contains("authorization: Bearer tok-123456789\r\n")), "{seen:?}");
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_denied_and_nothing_goes_there() {
    let other = FarSide::answering(|_| ok(b"gotcha")).await;
    let elsewhere = other.url();
    let port = other.address.port();
    let locations = [
        format!("{elsewhere}/open/x"),
        format!("//127.0.0.1:{port}/open/x"),
        format!("http://user@127.0.0.1:{port}/open/x"),
        format!("http://localhost:{port}/open/x"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "https://127.0.0.1/open/x".to_owned(),
        "file:///etc/passwd".to_owned(),
        "\\\\127.0.0.1\\open".to_owned(),
    ];
    for location in locations {
        for status in [301, 302, 303, 307, 308] {
            let target = location.clone();
            let far = FarSide::answering(move |_| redirect(status, &target)).await;
            let outcome = to(&far).build().get("/open/x").await;
            assert!(matches!(&outcome, Err(SendError::Denied(_))), "{location}: {outcome:?}");
            assert_eq!(far.seen().len(), 1);
        }
    }
    assert_eq!(other.accepted(), 0);
}

#[tokio::test]
async fn a_downgrade_to_plain_http_is_another_origin() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let location = format!("http://shop.example.com:{}/open/x", far.address.port());
    let near = Wish::to("https://shop.example.com").build();
    let refusal = near.granted(get("/open/x")).redirect(&location).unwrap_err().to_string();
    assert!(refusal.contains("another origin"), "{refusal}");
}

#[tokio::test]
async fn a_redirect_to_a_path_that_no_rule_allows_is_denied() {
    for location in ["/closed/x", "/open/../closed/x", "/open/%2e%2e/closed", "/changing/x/y"] {
        let far = FarSide::answering(move |_| redirect(302, location)).await;
        let outcome = to(&far).build().get("/open/x").await;
        assert!(matches!(&outcome, Err(SendError::Denied(_))), "{location}: {outcome:?}");
        assert_eq!(far.seen().len(), 1, "{location}");
    }
}

#[tokio::test]
async fn a_fourth_redirect_in_a_row_is_denied() {
    let far = FarSide::answering(|_| redirect(302, "/open/again")).await;
    let outcome = to(&far).build().get("/open/x").await;
    assert_eq!(outcome, Err(SendError::Denied("more than 3 redirects in a row".to_owned())));
    assert_eq!(far.seen().len(), 4);
}

#[tokio::test]
async fn a_redirected_write_is_the_answer() {
    let far = FarSide::answering(|_| redirect(307, "/open/other")).await;
    let near = to(&far).build();
    assert_eq!(near.send(post("/open/x", "{}")).await.unwrap().status, 307);
    // A GET that a rule calls a write is one.
    assert_eq!(near.get("/changing/x").await.unwrap().status, 307);
    assert_eq!(far.seen().len(), 2);
}

#[tokio::test]
async fn other_3xx_and_a_missing_location_are_answers() {
    for answer in ["304 Not Modified", "302 Found", "300 Choices"] {
        let far =
            FarSide::answering(move |_| format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n").into_bytes()).await;
        let response = to(&far).build().get("/open/x").await.unwrap();
        assert!(answer.starts_with(&response.status.to_string()));
    }
}

#[tokio::test]
async fn a_query_credential_that_the_redirect_repeats_is_set_once_and_anew() {
    let far = FarSide::answering(|request| {
        if request.starts_with("GET /open/old") {
            redirect(301, "/open/new?api_key=tok-123456789&b=1")
        } else {
            ok(b"")
        }
    })
    .await;
    let near = Wish::to(&far.url()).auth(QUERY, &[("token", "tok-123456789")]).build();
    near.get("/open/old").await.unwrap();
    assert!(far.seen()[1].starts_with("GET /open/new?b=1&api_key=tok-123456789 HTTP"), "{:?}", far.seen());
}
