//! What is found, and what is left alone.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::*;

const ODD: &str = "p@ss/w\u{f6}rd+&\"<1>'=~";

fn scrubber(values: &[&str]) -> Scrubber {
    let scrubber = Scrubber::default();
    for (i, value) in values.iter().enumerate() {
        scrubber.learn("shop", &format!("slot{i}"), value);
    }
    scrubber
}

#[track_caller]
fn check(values: &[&str], text: &str, expected: &str) {
    assert_eq!(scrubber(values).scrub(text), expected);
}

#[test]
fn text_without_a_value_is_borrowed() {
    assert!(matches!(scrubber(&["shpat_0123456789"]).scrub("all is well"), Cow::Borrowed("all is well")));
    assert!(matches!(Scrubber::default().scrub("all is well"), Cow::Borrowed(_)));
}

#[test]
fn the_raw_value_is_replaced_wherever_it_stands() {
    check(&["shpat_0123456789"], "a shpat_0123456789, shpat_0123456789b", "a [redacted], [redacted]b");
    check(&[ODD], &format!("x{ODD}y"), "x[redacted]y");
}

#[test]
fn every_encoding_is_replaced_whole() {
    let bytes = ODD.as_bytes();
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    let encodings = [
        STANDARD.encode(bytes),
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        hex.to_uppercase(),
        hex,
        // Strict, lower case, encodeURIComponent, encodeURI, form.
        "p%40ss%2Fw%C3%B6rd%2B%26%22%3C1%3E%27%3D~".to_owned(),
        "p%40ss%2fw%c3%b6rd%2b%26%22%3c1%3e%27%3d~".to_owned(),
        "p%40ss%2Fw%C3%B6rd%2B%26%22%3C1%3E'%3D~".to_owned(),
        "p@ss/w%C3%B6rd+&%22%3C1%3E'=~".to_owned(),
        "p%40ss%2Fw%C3%B6rd%2B%26%22%3C1%3E%27%3D%7E".to_owned(),
        // JSON: plain, with escaped slashes, in ASCII, twice.
        "p@ss/w\u{f6}rd+&\\\"<1>'=~".to_owned(),
        "p@ss\\/w\u{f6}rd+&\\\"<1>'=~".to_owned(),
        "p@ss/w\\u00f6rd+&\\\"<1>'=~".to_owned(),
        "p@ss/w\u{f6}rd+\\u0026\\\"\\u003c1\\u003e'=~".to_owned(),
        "p@ss/w\u{f6}rd+&\\\\\\\"<1>'=~".to_owned(),
        // XML and HTML.
        "p@ss/w\u{f6}rd+&amp;&quot;&lt;1&gt;&#39;=~".to_owned(),
        "p@ss/w\u{f6}rd+&amp;\"&lt;1&gt;'=~".to_owned(),
    ];
    for encoded in encodings {
        check(&[ODD], &format!("got {encoded}!"), "got [redacted]!");
    }
}

#[test]
fn a_value_inside_longer_base64_is_found_at_every_alignment() {
    let value = "sk_live_51Habcdefgh";
    for before in 0..7 {
        for after in 0..5 {
            let text = format!("{}{value}{}", "u".repeat(before), "z".repeat(after));
            for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                let scrubbed = scrubber(&[value]).scrub(&encoded).into_owned();
                assert!(scrubbed.contains(REDACTED), "{text}: {scrubbed}");
                // Nothing of what is left decodes to five letters of the value.
                let left = scrubbed.replace(REDACTED, "");
                assert!(left.len() <= encoded.len() - (value.len() - 2) * 8 / 6, "{text}: {scrubbed}");
            }
        }
    }
}

#[test]
fn of_overlapping_values_nothing_is_left() {
    check(&["abcdefgh", "fghijklm"], "1abcdefghijklm2", "1[redacted]2");
    check(&["abcdefgh", "cdef", "bcdefghijk"], "abcdefghijk", "[redacted]");
    // Side by side they stay two.
    check(&["abcdefgh"], "abcdefghabcdefgh", "[redacted][redacted]");
}

#[test]
fn short_values_are_words_or_nothing() {
    check(&["1234"], "pin 1234.", "pin [redacted].");
    check(&["1234"], "order 51234 at 12345", "order 51234 at 12345");
    check(&["ab"], "ab ab", "ab ab");
    check(&["abc", "bcdefgh"], "abcdefgh", "a[redacted]");
}

#[test]
fn old_versions_stay_hidden_up_to_a_bound() {
    let scrubber = Scrubber::default();
    for i in 0..6 {
        scrubber.learn("shop", "token", &format!("version-number-{i}"));
    }
    assert_eq!(scrubber.scrub("version-number-1"), "version-number-1");
    for i in 2..6 {
        assert_eq!(scrubber.scrub(&format!("version-number-{i}")), REDACTED);
    }
}

#[test]
fn what_an_upstream_sends_is_searched_for_its_own_long_values_only() {
    let scrubber = scrubber(&["long-enough-value", "password"]);
    scrubber.learn("other", "token", "value-of-another");
    let sent = b"\xff long-enough-value password value-of-another";
    assert_eq!(scrubber.scrub_upstream("shop", sent).unwrap(), b"\xff [redacted] password value-of-another");
    assert_eq!(scrubber.scrub_upstream("shop", b"nothing"), None);
    assert_eq!(scrubber.scrub_upstream("unknown", sent), None);
    // A log line is searched for everything.
    assert_eq!(scrubber.scrub("password value-of-another"), "[redacted] [redacted]");
}

#[test]
fn a_long_value_is_hidden_whole_and_as_far_as_it_goes() {
    let value: String = (0..40_000).map(|i| char::from(b'!' + (i * i % 89) as u8)).collect();
    let scrubber = scrubber(&[&value]);
    assert_eq!(scrubber.scrub(&format!("<{value}>")), "<[redacted]>");
    assert_eq!(scrubber.scrub(&format!("<{}", STANDARD.encode(&value))), "<[redacted]");
    assert_eq!(scrubber.scrub(&format!("<{}>cut", &value[..30_000])), "<[redacted]>cut");
}

#[test]
fn values_that_begin_alike_are_each_hidden_whole() {
    let begin = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tIn0.";
    let (one, two) = (format!("{begin}first-signature"), format!("{begin}2nd"));
    check(&[&one, &two], &format!("{two} {one}."), "[redacted] [redacted].");
}

/// As an issuer makes them: the same for the first 60 bytes.
fn token(user: usize, refresh: usize) -> String {
    let begin = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lk";
    format!("{begin}.{:016x}.{:032x}", user * 0x9e37_79b9, refresh * 0x85eb_ca6b + user)
}

#[test]
fn ten_thousand_users_tokens_come_and_go_at_the_price_of_one() {
    const USERS: usize = 10_000;
    let scrubber = Scrubber::default();
    for user in 0..USERS {
        scrubber.learn("hr", &format!("user-{user}"), &token(user, 0));
    }
    for user in (0..USERS).step_by(501) {
        assert_eq!(scrubber.scrub(&format!("<{}>", token(user, 0))), "<[redacted]>");
        let encoded = STANDARD.encode(format!("Bearer {}", token(user, 0)));
        assert!(scrubber.scrub(&encoded).contains(REDACTED));
    }
    // One token more is one token more: a token that is replaced costs the same with ten thousand others as with none.
    for refresh in 1..=5 {
        scrubber.learn("hr", "user-7", &token(7, refresh));
    }
    assert_eq!(scrubber.scrub(&token(7, 5)), REDACTED);
    assert_eq!(scrubber.scrub(&token(7, 2)), REDACTED);
    assert_ne!(scrubber.scrub(&token(7, 1)), REDACTED);
    assert_eq!(scrubber.scrub_upstream("hr", token(8, 0).as_bytes()).unwrap(), REDACTED.as_bytes());
}

#[test]
fn a_value_of_two_slots_stays_hidden_while_one_has_it() {
    let scrubber = Scrubber::default();
    for value in ["shared-value-of-both-slots", "shared-pin"] {
        scrubber.learn("shop", "one", value);
        scrubber.learn("shop", "two", value);
    }
    for i in 0..VERSIONS_MAX {
        scrubber.learn("shop", "one", &format!("later-version-{i}"));
    }
    assert_eq!(scrubber.scrub("shared-value-of-both-slots shared-pin"), "[redacted] [redacted]");
    for i in 0..VERSIONS_MAX {
        scrubber.learn("shop", "two", &format!("later-version-{i}"));
    }
    assert_eq!(scrubber.scrub("shared-value-of-both-slots shared-pin"), "shared-value-of-both-slots shared-pin");
}

#[test]
fn escapes_of_either_case_and_unicode_escapes_are_found() {
    let encodings = [
        // JSON in ASCII with digits in upper case, and with escaped slashes besides.
        "p@ss/w\\u00F6rd+&\\\"<1>'=~",
        "p@ss\\/w\\u00f6rd+&\\\"<1>'=~",
        // A form, in lower case.
        "p%40ss%2fw%c3%b6rd%2b%26%22%3c1%3e%27%3d%7e",
        // Quotes as units, as some encoders of JSON for HTML write them.
        "p@ss/w\u{f6}rd+\\u0026\\u0022\\u003c1\\u003e\\u0027=~",
    ];
    for encoded in encodings {
        check(&[ODD], &format!("got {encoded}!"), "got [redacted]!");
    }
    check(&["two words & more"], "q=two+words+%26+more", "q=[redacted]");
    check(&["two words & more"], "q=two%20words%20%26%20more", "q=[redacted]");
}
