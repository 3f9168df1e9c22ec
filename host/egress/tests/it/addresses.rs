//! What is dialled, and what is not.

use jackfield_core::port::SendError;

use crate::far_side::{FarSide, ok};
use crate::near_side::{Scripted, Wish, get};

fn denial(outcome: Result<jackfield_core::port::UpstreamResponse, SendError>) -> String {
    match outcome {
        Err(SendError::Denied(detail)) => detail,
        other => panic!("not denied: {other:?}"),
    }
}

#[tokio::test]
async fn a_loopback_literal_that_is_not_listed_is_refused_before_dialling() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let mut wish = Wish::to(&far.url());
    wish.allow.clear();
    let detail = denial(wish.build().get("/open/x").await);
    assert_eq!(
        detail,
        "`127.0.0.1` is at 127.0.0.1, which is loopback; \
         jackfield.toml:12: set `allow_addresses = [\"127.0.0.1/32\"]` in `[connection.shop-eu]`"
    );
    assert_eq!(far.accepted(), 0);
}

#[tokio::test]
async fn other_spellings_of_a_literal_are_the_same_address() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let port = far.address.port();
    for host in ["2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"] {
        let mut wish = Wish::to(&format!("http://{host}:{port}"));
        wish.allow.clear();
        let detail = denial(wish.build().get("/open/x").await);
        assert!(detail.contains("which is loopback"), "{host}: {detail}");
    }
    assert_eq!(far.accepted(), 0);
}

#[tokio::test]
async fn a_name_at_a_private_address_is_refused_before_dialling() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let port = far.address.port();
    for ip in ["127.0.0.1", "169.254.169.254", "10.0.0.7", "::ffff:127.0.0.1", "::1", "fd00:ec2::254"] {
        let answer: &[&str] = &[ip];
        let mut wish = Wish::to(&format!("http://shop.example.com:{port}")).resolver(Scripted::new(&[answer], port));
        wish.allow.clear();
        let detail = denial(wish.build().get("/open/x").await);
        assert!(detail.starts_with("`shop.example.com` is at "), "{detail}");
        assert!(detail.contains("allow_addresses"), "{detail}");
    }
    assert_eq!(far.accepted(), 0);
}

#[tokio::test]
async fn an_ipv4_address_in_the_clothes_of_ipv6_is_refused_before_dialling() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let port = far.address.port();
    let cases = [
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:169.254.169.254", "a cloud metadata service"),
        ("::ffff:0:127.0.0.1", "reserved"),
        ("::127.0.0.1", "IPv4-compatible"),
        ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b::a9fe:a9fe", "a cloud metadata service"),
        ("64:ff9b:1::7f00:1", "a local NAT64 translator"),
        ("2002:7f00:1::1", "a 6to4 tunnel"),
        ("2001:0:7f00:1::1", "a Teredo tunnel"),
    ];
    for (ip, special) in cases {
        let answer: &[&str] = &[ip];
        let named = Wish::to(&format!("http://shop.example.com:{port}")).resolver(Scripted::new(&[answer], port));
        for mut wish in [named, Wish::to(&format!("http://[{ip}]:{port}"))] {
            wish.allow.clear();
            let detail = denial(wish.build().get("/open/x").await);
            assert!(detail.contains(&format!("which is {special};")), "{ip}: {detail}");
        }
    }
    assert_eq!(far.accepted(), 0);
    // Whoever lists the address lists it in every form that leads to it.
    let answer: &[&str] = &["::ffff:127.0.0.1"];
    let near = Wish::to(&format!("http://shop.example.com:{port}")).resolver(Scripted::new(&[answer], port)).build();
    assert_eq!(near.get("/open/x").await.unwrap().body, "x");
}

#[tokio::test]
async fn the_port_is_the_urls_whatever_the_resolver_says() {
    let (far, other) = (FarSide::answering(|_| ok(b"x")).await, FarSide::answering(|_| ok(b"other")).await);
    let resolver = Scripted::new(&[&["127.0.0.1"]], other.address.port());
    let near = Wish::to(&format!("http://shop.example.com:{}", far.address.port())).resolver(resolver).build();
    assert_eq!(near.get("/open/x").await.unwrap().body, "x");
    assert_eq!(other.accepted(), 0);
}

#[tokio::test]
async fn of_ten_thousand_addresses_only_the_first_few_are_tried() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let port = far.address.port();
    // Nobody listens at the first address, which refuses at once; the last one would answer.
    for (dead, reached) in [(7, true), (10_000, false)] {
        let mut answer = vec!["127.0.0.2"; dead];
        answer.push("127.0.0.1");
        let mut wish = Wish::to(&format!("http://shop.example.com:{port}")).resolver(Scripted::new(&[&answer], port));
        wish.allow = vec!["127.0.0.0/8"];
        wish.config.retry.attempts_max = 1;
        let outcome = wish.build().send_within(5_000, get("/open/x")).await;
        assert_eq!(outcome.is_ok(), reached, "{dead}: {outcome:?}");
    }
    assert_eq!(far.accepted(), 1);
}

#[tokio::test]
async fn of_mixed_answers_only_the_allowed_address_is_dialled() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let port = far.address.port();
    // 127.0.0.2 is the same machine, would answer first, and is not listed.
    let answers: &[&[&str]] = &[&["127.0.0.2", "10.0.0.1", "127.0.0.1"]];
    let near = Wish::to(&format!("http://shop.example.com:{port}")).resolver(Scripted::new(answers, port)).build();
    assert_eq!(near.get("/open/x").await.unwrap().body, "x");
    assert_eq!(far.accepted(), 1);
    assert!(far.only().contains(&format!("host: shop.example.com:{port}\r\n")), "{}", far.only());
}

#[tokio::test]
async fn an_answer_that_changes_after_the_check_changes_nothing() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let port = far.address.port();
    let answers: &[&[&str]] = &[&["127.0.0.1"], &["127.0.0.2"]];
    let resolver = Scripted::new(answers, port);
    let asked = resolver.asked();
    let near = Wish::to(&format!("http://shop.example.com:{port}")).resolver(resolver).build();
    assert_eq!(near.get("/open/x").await.unwrap().body, "x");
    assert_eq!(asked.lock().unwrap().len(), 1, "one question per connection");
    // The pooled connection still goes to the address that was judged.
    assert_eq!(near.get("/open/x").await.unwrap().body, "x");
    assert_eq!(asked.lock().unwrap().len(), 1);
    assert_eq!(far.accepted(), 1);
}

#[tokio::test]
async fn a_rebound_name_is_judged_again_at_the_next_connection() {
    let far =
        FarSide::answering(|_| b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let port = far.address.port();
    let answers: &[&[&str]] = &[&["127.0.0.1"], &["127.0.0.2"]];
    let near = Wish::to(&format!("http://shop.example.com:{port}")).resolver(Scripted::new(answers, port)).build();
    near.get("/open/x").await.unwrap();
    let detail = denial(near.get("/open/x").await);
    assert!(detail.contains("127.0.0.2"), "{detail}");
    assert_eq!(far.accepted(), 1);
}

#[tokio::test]
async fn a_name_without_an_address_is_unavailable_and_unsent() {
    let near = Wish::to("http://shop.example.com:1").resolver(Scripted::new(&[&[]], 1)).build();
    let outcome = near.get("/open/x").await;
    assert!(
        matches!(&outcome, Err(SendError::Unavailable { sent: false, detail }) if detail.contains("no address")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_address_taken_off_the_list_is_not_reached_over_an_old_connection() {
    let far = FarSide::answering(|_| ok(b"x")).await;
    let near = Wish::to(&far.url()).build();
    near.get("/open/x").await.unwrap();
    let mut stricter = Wish::to(&far.url());
    stricter.allow.clear();
    let near = crate::near_side::NearSide { grant: stricter.grant(), ..near };
    let detail = denial(near.get("/open/x").await);
    assert!(detail.contains("loopback"), "{detail}");
    assert_eq!((far.accepted(), far.seen().len()), (1, 1));
}
