//! Instants and dates as business systems write them: RFC 3339 and civil dates, by arithmetic alone.
//!
//! No time zone database: showing a time in the user's zone is the host's work. No clock either: the time of a
//! call is in the call. The catalogue's `Timestamp` and `Date` are texts that travel; these here can be reckoned with, and
//! become those by `into()`.

use std::fmt;

const DAY_MS: i64 = 86_400_000;

/// A point in time: milliseconds since the Unix epoch, UTC. Its text form is RFC 3339.
///
/// ```
/// use jackfield_sdk::time::Instant;
///
/// let shipped = Instant::parse("2026-01-25T10:30:00+01:00").unwrap();
/// assert_eq!(shipped.to_string(), "2026-01-25T09:30:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// From milliseconds since the Unix epoch.
    pub const fn from_ms(ms: i64) -> Self {
        Instant(ms)
    }

    /// From seconds since the Unix epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Instant(seconds.saturating_mul(1_000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Seconds since the Unix epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The date in UTC.
    pub const fn date(self) -> Day {
        Day::from_days(self.0.div_euclid(DAY_MS))
    }

    /// This many milliseconds later, or earlier when negative.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Instant(self.0.saturating_add(ms))
    }

    /// RFC 3339 in UTC, with milliseconds only where there are any: `2026-01-25T09:30:00Z`.
    pub fn rfc3339(self) -> String {
        self.to_string()
    }

    /// Reads RFC 3339 and its near relatives that vendors write: a space for the `T`, an offset without colon
    /// (`+0100`, `+01`), any number of fraction digits. A text without an offset is refused: it is not a point in time.
    pub fn parse(text: &str) -> Option<Self> {
        let (local_ms, rest) = parse_local(text)?;
        let offset_ms = parse_offset(rest)?;
        Some(Instant(local_ms - offset_ms))
    }

    /// The same for systems that document their times as UTC and write no offset (`2026-01-25 09:30:00`). An offset
    /// that is there counts.
    pub fn parse_utc(text: &str) -> Option<Self> {
        match parse_local(text)? {
            (local_ms, "") => Some(Instant(local_ms)),
            (local_ms, rest) => Some(Instant(local_ms - parse_offset(rest)?)),
        }
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms_of_day = self.0.rem_euclid(DAY_MS);
        let (hour, minute) = (ms_of_day / 3_600_000, ms_of_day / 60_000 % 60);
        let (second, ms) = (ms_of_day / 1_000 % 60, ms_of_day % 1_000);
        write!(f, "{}T{hour:02}:{minute:02}:{second:02}", self.date())?;
        if ms != 0 {
            write!(f, ".{ms:03}")?;
        }
        f.write_str("Z")
    }
}

/// A day on the calendar, without a time and without a zone. Its text form is `2026-01-25`.
///
/// ```
/// use jackfield_sdk::time::Day;
///
/// let first = Day::parse("2026-02-27").unwrap();
/// assert_eq!(first.plus_days(2).to_string(), "2026-03-01");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    days: i64,
}

impl Day {
    /// From days since 1970-01-01.
    pub const fn from_days(days: i64) -> Self {
        Day { days }
    }

    /// From year, month (1 to 12) and day (1 to 31), where there is such a day.
    pub fn new(year: i64, month: u8, day: u8) -> Option<Self> {
        if !(0..=9_999).contains(&year) || !(1..=12).contains(&month) {
            return None;
        }
        if day == 0 || day > days_in_month(year, month) {
            return None;
        }
        // Counting from 1 March puts the leap day at the end of the year (Howard Hinnant, "days_from_civil").
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(Day { days: era * 146_097 + day_of_era - 719_468 })
    }

    /// Days since 1970-01-01.
    pub const fn days(self) -> i64 {
        self.days
    }

    /// Year, month and day.
    pub const fn civil(self) -> (i64, u8, u8) {
        let days = self.days.saturating_add(719_468);
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month as u8, day as u8)
    }

    /// This many days later, or earlier when negative.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Day { days: self.days.saturating_add(days) }
    }

    /// Days from this date to the other.
    pub const fn days_until(self, other: Day) -> i64 {
        other.days.saturating_sub(self.days)
    }

    /// Midnight UTC of that day.
    pub const fn midnight(self) -> Instant {
        Instant(self.days.saturating_mul(DAY_MS))
    }

    /// Reads `2026-01-25` and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        match parse_date(text)? {
            (date, "") => Some(date),
            _ => None,
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl From<Instant> for jackfield_catalog::Timestamp {
    fn from(instant: Instant) -> Self {
        jackfield_catalog::Timestamp::new(instant.to_string())
    }
}

impl From<Day> for jackfield_catalog::Date {
    fn from(day: Day) -> Self {
        jackfield_catalog::Date::new(day.to_string())
    }
}

fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// `YYYY-MM-DD` and what follows it.
fn parse_date(text: &str) -> Option<(Day, &str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = digits(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = digits(rest.strip_prefix('-')?, 2)?;
    Some((Day::new(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?)?, rest))
}

/// A date with a time, as milliseconds on the local clock, and what follows it.
fn parse_local(text: &str) -> Option<(i64, &str)> {
    let (date, rest) = parse_date(text)?;
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (hour, rest) = digits(rest, 2)?;
    let (minute, mut rest) = digits(rest.strip_prefix(':')?, 2)?;
    let mut second = 0;
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = digits(after, 2)?;
    }
    // A leap second is shown as the second before it: no business system means more by it.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut ms = 0;
    if let Some(after) = rest.strip_prefix('.') {
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (fraction, after) = after.split_at(end);
        if fraction.is_empty() {
            return None;
        }
        ms = fraction.bytes().chain(*b"00").take(3).fold(0, |ms, digit| ms * 10 + i64::from(digit - b'0'));
        rest = after;
    }
    let of_day = hour * 3_600_000 + minute * 60_000 + second.min(59) * 1_000 + ms;
    Some((date.days * DAY_MS + of_day, rest))
}

/// `Z`, `+01:00`, `+0100` or `+01`, to the end of the text.
fn parse_offset(text: &str) -> Option<i64> {
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, rest) = digits(text.get(1..)?, 2)?;
    let (minutes, rest) = if rest.is_empty() { (0, rest) } else { digits(rest.strip_prefix(':').unwrap_or(rest), 2)? };
    if !rest.is_empty() || hours > 23 || minutes > 59 {
        return None;
    }
    Some(sign * (hours * 3_600_000 + minutes * 60_000))
}

fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (head, rest) = text.split_at_checked(count)?;
    head.bytes().all(|byte| byte.is_ascii_digit()).then(|| head.parse().ok().map(|number| (number, rest)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_comes_back_as_itself() {
        let mut date = Day::new(1900, 1, 1).unwrap();
        let end = Day::new(2300, 1, 1).unwrap();
        let mut last = String::new();
        while date < end {
            let (year, month, day) = date.civil();
            assert_eq!(Day::new(year, month, day), Some(date));
            let text = date.to_string();
            assert!(text > last);
            assert_eq!(Day::parse(&text), Some(date));
            last = text;
            date = date.plus_days(1);
        }
        assert_eq!(Day::new(1970, 1, 1).unwrap().days(), 0);
        assert_eq!(Day::new(2000, 3, 1).unwrap().days(), 11_017);
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for text in
            ["2026-02-29", "2026-00-01", "2026-13-01", "2026-04-31", "2026-1-1", "2026-01-01x", "", "20a6-01-01"]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert!(Day::parse("2024-02-29").is_some());
    }

    #[test]
    fn instants_are_read_with_every_form_of_offset() {
        for text in [
            "2026-01-25T09:30:00Z",
            "2026-01-25t09:30:00z",
            "2026-01-25 09:30:00+00:00",
            "2026-01-25T10:30:00+01:00",
            "2026-01-25T10:30:00.000+0100",
            "2026-01-25T04:30:00-05",
            "2026-01-25T09:30Z",
        ] {
            assert_eq!(Instant::parse(text).map(Instant::rfc3339).as_deref(), Some("2026-01-25T09:30:00Z"), "{text}");
        }
        assert_eq!(Instant::parse("1969-12-31T23:59:59.9994Z").unwrap().ms(), -1);
        assert_eq!(Instant::from_ms(-1).rfc3339(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn texts_that_are_no_instant_are_refused() {
        for text in [
            "2026-01-25T09:30:00",
            "2026-01-25T24:00:00Z",
            "2026-01-25T09:60:00Z",
            "2026-01-25",
            "2026-01-25T09:30:00.Z",
            "2026-01-25T09:30:00+1",
            "2026-01-25T09:30:00Zx",
            "2026-01-25T09:30:00+25:00",
            "äääää",
        ] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
        assert_eq!(Instant::parse_utc("2026-01-25 09:30:00").unwrap().rfc3339(), "2026-01-25T09:30:00Z");
        assert_eq!(Instant::parse_utc("2026-01-25 09:30:00+01:00").unwrap().rfc3339(), "2026-01-25T08:30:00Z");
    }
}
