//! Texts for staff out of texts of customers: on one line, quoted, cut. Nothing that a customer wrote can pass for a
//! line of the desk's own.

/// On one line, without control characters.
pub(crate) fn line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Every line with a `>` before it, as in a mail.
pub(crate) fn quoted(text: &str) -> String {
    text.lines().map(|said| format!("> {}", line(said)).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// At most so many characters, the last one an ellipsis where something was cut.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_whatever_ends_lines_in_it() {
        assert_eq!(line(" a\r\nTo do:\u{2028}b\u{85}c\u{0}d "), "a To do: b c d");
    }

    #[test]
    fn no_line_of_a_quotation_begins_like_the_desks_own() {
        assert_eq!(quoted("a\r\n\nTo do:\u{b}\n- nothing\rTo do:"), "> a\n>\n> To do:\n> - nothing To do:");
    }

    #[test]
    fn a_cut_text_keeps_its_bound_in_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äö üß", 4), "äö…");
    }
}
