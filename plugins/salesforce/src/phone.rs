//! Telephone numbers: kept in Salesforce as somebody typed them, compared by what would be dialled.

/// A number of which enough is known to find somebody by it.
#[derive(Clone, Debug)]
pub(crate) struct Phone {
    /// Without the zeros that only get a call going.
    digits: String,
    /// Whether the country code is among them.
    international: bool,
}

/// Fewer digits than these are no number to find anybody by.
const DIGITS_MIN: usize = 7;
/// As long as a country code can be.
const COUNTRY_CODE_DIGITS_MAX: usize = 3;

impl Phone {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let international = text.starts_with('+') || text.starts_with("00");
        // `+43 (0)664`: the zero in brackets is dialled only inside the country.
        let text = if international { text.replace("(0)", "") } else { text.to_owned() };
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let digits = digits.trim_start_matches('0').to_owned();
        (digits.len() >= DIGITS_MIN).then_some(Phone { digits, international })
    }

    /// The last digits: those that every way of writing the number has.
    pub(crate) fn tail(&self) -> &str {
        &self.digits[self.digits.len() - DIGITS_MIN..]
    }

    /// Whether a number as it is on file is this one.
    pub(crate) fn is(&self, on_file: &str) -> bool {
        let Some(other) = Phone::parse(on_file) else { return false };
        if self.international && other.international {
            return self.digits == other.digits;
        }
        let (long, short) = if self.digits.len() >= other.digits.len() { (self, &other) } else { (&other, self) };
        let country_code = long.digits.strip_suffix(short.digits.as_str());
        country_code.is_some_and(|code| code.len() <= COUNTRY_CODE_DIGITS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_many_spellings() {
        let phone = Phone::parse("+436641234567").unwrap();
        assert_eq!(phone.tail(), "1234567");
        for same in ["+43 664 1234567", "0043 664/123 45 67", "+43 (0)664 1234567", "0664-1234567", "436641234567"] {
            assert!(phone.is(same), "{same}");
        }
        for other in ["1234567", "+1 664 1234567", "0664 1234568", "234567", "", "n/a", "+43 664 1234567 89"] {
            assert!(!phone.is(other), "{other}");
        }
        assert!(Phone::parse("0664 1234567").unwrap().is("+43 664 1234567"));
        assert!(Phone::parse("(415) 555-1234").unwrap().is("+14155551234"));
    }

    #[test]
    fn a_piece_of_a_number_is_none() {
        for short in ["", "123456", "00000000", "+43 664"] {
            assert!(Phone::parse(short).is_none(), "{short}");
        }
    }
}
