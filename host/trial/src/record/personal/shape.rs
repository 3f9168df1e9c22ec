//! Another value of the same form: as many digits and letters, with the same signs between them.

/// Digits and letters in place of those of `same`, another one for each count.
pub(super) fn code(same: &str, count: usize) -> String {
    let mut left = count;
    let mut out: Vec<char> = same
        .chars()
        .rev()
        .map(|c| {
            let (first, many) = if c.is_ascii_digit() { ('1', 9) } else { ('A', 26) };
            let at = left % many;
            left /= many;
            // Both alphabets are ASCII, and the remainder is below their lengths.
            char::from(first as u8 + u8::try_from(at).unwrap_or(0))
        })
        .collect();
    out.reverse();
    out.into_iter().collect()
}

/// The stand-in with the signs of `text` between its characters.
pub(super) fn like(text: &str, stand_in: &str) -> String {
    let mut chars = stand_in.chars();
    text.chars().map(|c| if c.is_alphanumeric() { chars.next().unwrap_or(c) } else { c }).collect()
}

/// `text` with other digits at its end.
pub(super) fn tail(text: &str, digits: &str) -> String {
    let mut left = digits.chars().rev();
    let mut out: Vec<char> =
        text.chars().rev().map(|c| if c.is_ascii_digit() { left.next().unwrap_or(c) } else { c }).collect();
    out.reverse();
    out.into_iter().collect()
}

/// The text, when it is a day.
pub(super) fn date(text: &str) -> Option<jiff::civil::Date> {
    if text.len() == 10 { text.parse().ok() } else { None }
}
