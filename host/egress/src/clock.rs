//! The wall clock, for what outlives the process or is read by others: records, leases, assertions, the audit log.
//! How long something takes is measured with the monotonic clock, where it happens.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// RFC 3339, UTC, with milliseconds.
pub(crate) fn now_text() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

/// What the `Date` header of an answer says (RFC 9110, section 5.6.7); nothing when it says nothing.
pub(crate) fn http_date(text: &str) -> Option<SystemTime> {
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    let seconds = u64::try_from(date.timestamp().as_second()).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// How far two instants are apart, whichever is first.
pub(crate) fn apart(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).unwrap_or_else(|error| error.duration())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_is_an_instant() {
        let date = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(date.duration_since(UNIX_EPOCH).unwrap().as_secs(), 784_111_777);
        assert_eq!(http_date("yesterday"), None);
    }

    #[test]
    fn a_moment_is_written_with_milliseconds() {
        let text = now_text();
        assert_eq!(text.len(), "2026-01-20T10:00:00.000Z".len(), "{text}");
        assert!(text.ends_with('Z'), "{text}");
    }
}
