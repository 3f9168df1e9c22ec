//! When a token is used, renewed and given up, and what is remembered of failures.

use super::*;

fn token(lifetime: Option<Duration>) -> Token {
    let fresh = Fresh { header: HeaderValue::from_static("Bearer x"), born: Instant::now(), lifetime };
    fresh.into_token(false)
}

#[test]
fn a_token_is_renewed_ahead_of_its_end() {
    for (seconds, earliest, latest) in [(3600, 75, 60), (100, 13, 10), (10, 2, 1)] {
        let token = token(Some(Duration::from_secs(seconds)));
        let at = |before_end: u64| token.born + Duration::from_secs(seconds - before_end);
        assert!(!token.is_due(at(earliest)), "{seconds}");
        assert!(token.is_due(at(latest)), "{seconds}");
        assert!(token.is_usable(at(latest)) && !token.is_usable(at(0)), "{seconds}");
    }
}

#[test]
fn a_token_without_a_lifetime_is_used_until_it_is_refused() {
    let token = token(None);
    let later = token.born + Duration::from_secs(365 * 24 * 3600);
    assert!(token.is_usable(later) && !token.is_due(later));
}

#[test]
fn acceptance_is_news_once() {
    let token = token(None);
    assert!(token.accept());
    assert!(!token.accept());
}

#[test]
fn failures_that_pass_are_spaced_further_and_further_apart() {
    let (mut course, now) = (Course::default(), Instant::now());
    let mut wait = Duration::ZERO;
    for n in 0..20 {
        course.failed(&Fault::unavailable("down"), now);
        let (until, _) = course.pause.clone().unwrap();
        let most = BACKOFF_MIN.saturating_mul(1 << n.min(10)).min(BACKOFF_MAX);
        wait = until - now;
        assert!(wait >= most / 2 && wait <= most, "{n}: {wait:?}");
    }
    assert!(wait >= BACKOFF_MAX / 2);
    let told = Fault::Unavailable { detail: "down".into(), retry_after: Some(Duration::from_secs(120)) };
    course.failed(&told, now);
    assert_eq!(course.pause.unwrap().0 - now, Duration::from_secs(120));
}
