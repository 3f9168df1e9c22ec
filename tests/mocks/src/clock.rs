//! The clock of a simulated system, which can be wrong on demand. Answers for no lifetime: who issues a token, checks
//! it.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// A clock that is some seconds ahead of ours, or behind when negative.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Clock {
    skew_seconds: i64,
}

/// A year, beyond which a skew tests nothing but arithmetic.
const SKEW_SECONDS_MAX: i64 = 366 * 24 * 3600;

impl Clock {
    pub(crate) fn now(self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(SignedDuration::from_secs(self.skew_seconds)).unwrap_or(now)
    }

    /// Takes the value of the knob `clock-skew-seconds`.
    pub(crate) fn turn(&mut self, value: &Value) -> Result<(), String> {
        self.skew_seconds = value
            .as_i64()
            .filter(|seconds| seconds.abs() <= SKEW_SECONDS_MAX)
            .ok_or("clock-skew-seconds is a whole number of seconds within a year")?;
        Ok(())
    }

    /// The time as the HTTP header Date wants it (RFC 9110, section 5.6.7).
    pub(crate) fn date_header(self) -> String {
        http_date(self.now())
    }
}

pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Reads an HTTP date in the one form that senders may use.
pub(crate) fn read_http_date(text: &str) -> Option<Timestamp> {
    let civil = jiff::civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", text).ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_reads_back_to_the_second() {
        let at = Timestamp::from_second(1_767_225_600).unwrap();
        assert_eq!(http_date(at), "Thu, 01 Jan 2026 00:00:00 GMT");
        assert_eq!(read_http_date(&http_date(at)), Some(at));
        assert_eq!(read_http_date("2026-01-01"), None);
    }
}
