//! Reads how long a business system asks to wait: `Retry-After` as RFC 9110, section 10.2.3, has it, and as vendors
//! write it.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;

/// The longest wait that is believed: what asks for more is cut, so that a wrong header cannot close a connection for
/// good. One day, since vendors have budgets per day.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A header value longer than this, in bytes, is not read.
const TEXT_BYTES_MAX: usize = 64;

/// How long to wait from now on: seconds, also with decimals (Shopify sends `2.0`), or an HTTP date. A date that has
/// passed is no wait. `None` when it is neither. `now_ms` is milliseconds since the epoch.
pub fn parse_retry_after(text: &str, now_ms: u64) -> Option<Duration> {
    let text = text.trim();
    parse_seconds(text).or_else(|| {
        let at_ms = parse_http_date_ms(text)?;
        Some(Duration::from_millis(at_ms.saturating_sub(now_ms)).min(RETRY_AFTER_MAX))
    })
}

/// Seconds from now, not negative, possibly with decimals; rounded up to whole milliseconds.
pub(crate) fn parse_seconds(text: &str) -> Option<Duration> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if !plain || text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let seconds: f64 = text.parse().ok()?;
    let ms = (seconds * 1_000.0).ceil().min(RETRY_AFTER_MAX.as_millis() as f64);
    // Between nothing and a day: the conversion is exact.
    Some(Duration::from_millis(ms as u64))
}

/// Milliseconds since the epoch of an HTTP date in any of the three forms that RFC 9110, section 5.6.7, makes a
/// recipient accept.
pub(crate) fn parse_http_date_ms(text: &str) -> Option<u64> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let instant = DateTimeParser::new().parse_timestamp(text).ok().or_else(|| parse_obsolete(text))?;
    u64::try_from(instant.as_millisecond()).ok()
}

/// `Sunday, 06-Nov-94 08:49:37 GMT` (RFC 850) and `Sun Nov  6 08:49:37 1994` (C's `asctime`), both in GMT.
fn parse_obsolete(text: &str) -> Option<Timestamp> {
    let civil = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|format| DateTime::strptime(format, text).ok())?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1994-11-06T08:49:37Z, the date of RFC 9110's examples.
    const THEN_MS: u64 = 784_111_777_000;

    #[test]
    fn every_form_of_a_wait_is_read() {
        let cases = [
            ("0", Some(0)),
            (" 120 ", Some(120_000)),
            ("2.0", Some(2_000)),
            ("0.0004", Some(1)),
            ("999999999999", Some(86_400_000)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7_000)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(7_000)),
            ("Sun Nov  6 08:49:37 1994", Some(7_000)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("Mon, 06 Nov 2034 08:49:37 GMT", Some(86_400_000)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1e9", None),
            ("1.2.3", None),
            ("NaN", None),
            ("soon", None),
        ];
        for (text, expected) in cases {
            let got = parse_retry_after(text, THEN_MS - 7_000);
            assert_eq!(got, expected.map(Duration::from_millis), "`{text}`");
        }
    }

    #[test]
    fn a_value_of_any_length_is_bounded() {
        assert_eq!(parse_retry_after(&"9".repeat(65), 0), None);
        assert_eq!(parse_retry_after(&"x".repeat(100_000), 0), None);
    }
}
