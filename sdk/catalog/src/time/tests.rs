//! Instants and days as business systems write them.

use super::{Date, Timestamp};

#[test]
fn near_misses_become_rfc_3339() {
    for (text, expected) in [
        ("2026-11-02T04:14:03-05:00", "2026-11-02T04:14:03-05:00"),
        ("2026-01-05T14:42:00+0700", "2026-01-05T14:42:00+07:00"),
        ("2026-01-05 14:42:00", "2026-01-05T14:42:00Z"),
        ("2026-01-05T14:42:00.123456789123Z", "2026-01-05T14:42:00.123456789Z"),
        (" 2026-01-05t14:42:00z ", "2026-01-05T14:42:00Z"),
    ] {
        assert_eq!(Timestamp::new(text), expected);
        assert!(Timestamp::new(text).is_well_formed());
    }
}

#[test]
fn anything_else_is_left_as_it_is() {
    for text in [
        "",
        "soon",
        "2026-01-05",
        "2026-01-05T14:42",
        "2026-01-05T14:42:00é",
        "2026-01-05T14:42:00.Z",
        "é".repeat(20).as_str(),
    ] {
        assert_eq!(Timestamp::new(text), text);
        assert!(!Timestamp::new(text).is_well_formed());
    }
    for text in ["", "soon", "2026", "26-01-05", "éééééééééé"] {
        assert_eq!(Date::new(text), text);
        assert!(!Date::new(text).is_well_formed());
    }
}

#[test]
fn unix_times_are_utc() {
    assert_eq!(Timestamp::from_unix_seconds(0), "1970-01-01T00:00:00Z");
    assert_eq!(Timestamp::from_unix_ms(1_767_598_920_123), "2026-01-05T07:42:00.123Z");
    assert_eq!(Timestamp::from_unix_ms(-1), "1969-12-31T23:59:59.999Z");
    assert_eq!(Timestamp::from_unix_ms(951_782_400_000), "2000-02-29T00:00:00Z");
    assert_eq!(Date::from_unix_ms(1_781_481_600_000), "2026-06-15");
    assert_eq!(Timestamp::from_unix_seconds(i64::MAX), "9999-12-31T23:59:59.999Z");
    assert_eq!(Timestamp::from_unix_seconds(i64::MIN), "0000-01-01T00:00:00Z");
}

#[test]
fn a_day_is_not_shifted_between_time_zones() {
    assert_eq!(Date::new("2026-05-30T23:30:00-08:00"), "2026-05-30");
}
