//! Keys with and without leading zeros: `1` and `0000000001` are one order, and which of them a service takes differs.

/// The forms in which a key may be known: as typed, filled up with zeros to `width`, and without leading zeros. Only
/// digits are filled up; no form stands there twice.
///
/// ```
/// use jackfield_sdk::odata;
///
/// assert_eq!(odata::key_forms("4711", 10), ["4711", "0000004711"]);
/// assert_eq!(odata::key_forms("004711", 10), ["004711", "0000004711", "4711"]);
/// assert_eq!(odata::key_forms("TG11", 10), ["TG11"]);
/// ```
pub fn key_forms(typed: &str, width: usize) -> Vec<String> {
    let typed = typed.trim();
    let mut forms = vec![typed.to_owned()];
    if !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_digit()) {
        for form in [format!("{typed:0>width$}"), stripped(typed).to_owned()] {
            if !form.is_empty() && !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    forms
}

/// Whether two texts are the same key: case and leading zeros do not count.
pub fn same_key(left: &str, right: &str) -> bool {
    let (left, right) = (left.trim(), right.trim());
    !left.is_empty() && stripped(left).eq_ignore_ascii_case(stripped(right))
}

/// Without leading zeros, where it is a number.
fn stripped(key: &str) -> &str {
    if key.bytes().all(|byte| byte.is_ascii_digit()) { key.trim_start_matches('0') } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_do_not_make_another_key_of_a_number_and_do_of_anything_else() {
        assert!(same_key("1", "0000000001"));
        assert!(same_key("tg11", "TG11"));
        assert!(!same_key("0A", "A"));
        assert!(!same_key("10", "1"));
        assert!(!same_key("", ""));
        assert!(!same_key("", "0"));
    }

    #[test]
    fn a_key_that_is_longer_than_its_width_stays_as_it_is() {
        assert_eq!(key_forms("12345678901", 10), ["12345678901"]);
        assert_eq!(key_forms("0", 3), ["0", "000"]);
        assert_eq!(key_forms("", 3), [""]);
    }
}
