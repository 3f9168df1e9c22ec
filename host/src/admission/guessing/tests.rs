//! Wrong keys, counted by a clock of the test's own.

use super::*;

const KEY: Digest = [1; 32];
const OTHER: Digest = [2; 32];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn guess(guessing: &Guessing, address: &str, times: u32, now: Instant) {
    for _ in 0..times {
        guessing.wrong(ip(address), now);
    }
}

#[test]
fn after_too_many_wrong_keys_none_of_that_address_is_looked_at_for_the_rest_of_the_minute() {
    let (guessing, now) = (Guessing::new(3, 100), Instant::now());
    guess(&guessing, "192.0.2.1", 2, now);
    assert_eq!(guessing.may_try(ip("192.0.2.1"), &KEY, now), Ok(()));
    guess(&guessing, "192.0.2.1", 1, now + Duration::from_secs(10));
    let later = now + Duration::from_secs(20);
    assert_eq!(guessing.may_try(ip("192.0.2.1"), &KEY, later), Err(Duration::from_secs(40)));
    assert_eq!(guessing.may_try(ip("::ffff:192.0.2.1"), &KEY, later), Err(Duration::from_secs(40)), "the same one");
    assert_eq!(guessing.may_try(ip("192.0.2.2"), &KEY, later), Ok(()), "another one");
    assert_eq!(guessing.may_try(ip("192.0.2.1"), &KEY, now + WINDOW), Ok(()), "a new minute");
    guess(&guessing, "192.0.2.1", 1, now + WINDOW);
    assert_eq!(guessing.may_try(ip("192.0.2.1"), &KEY, now + WINDOW), Ok(()), "it is counted anew");
}

#[test]
fn a_caller_that_is_known_at_the_address_is_not_locked_out() {
    let (guessing, now) = (Guessing::new(3, 100), Instant::now());
    guessing.right(ip("192.0.2.1"), &KEY);
    guess(&guessing, "192.0.2.1", 3, now);
    assert_eq!(guessing.may_try(ip("192.0.2.1"), &KEY, now), Ok(()));
    assert!(guessing.may_try(ip("192.0.2.1"), &OTHER, now).is_err());
    guess(&guessing, "192.0.2.2", 3, now);
    assert!(guessing.may_try(ip("192.0.2.2"), &KEY, now).is_err(), "it was right from elsewhere");
}

#[test]
fn one_subscriber_of_ipv6_is_one_address() {
    let (guessing, now) = (Guessing::new(3, 100), Instant::now());
    for address in ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::3"] {
        guess(&guessing, address, 1, now);
    }
    assert!(guessing.may_try(ip("2001:db8:1:2:8000::9"), &KEY, now).is_err());
    assert_eq!(guessing.may_try(ip("2001:db8:1:3::1"), &KEY, now), Ok(()));
}

#[test]
fn many_addresses_together_meet_the_total_and_take_no_more_than_their_room() {
    let (guessing, now) = (Guessing::new(3, 20_000), Instant::now());
    guessing.right(ip("192.0.2.1"), &KEY);
    let address = |n: u32| IpAddr::from((0x0a00_0000 + n).to_be_bytes());
    for n in 0..20_000 {
        assert_eq!(guessing.may_try(address(n), &OTHER, now), Ok(()));
        guessing.wrong(address(n), now);
    }
    assert_eq!(guessing.book.lock().unwrap().sources.len(), SOURCES_MAX);
    assert!(guessing.may_try(ip("198.51.100.1"), &KEY, now).is_err(), "whoever is not known");
    assert_eq!(guessing.may_try(ip("192.0.2.1"), &KEY, now), Ok(()));
    assert_eq!(guessing.may_try(ip("198.51.100.1"), &KEY, now + WINDOW), Ok(()));
}
