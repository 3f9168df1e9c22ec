//! Ids of records: 15 characters in which upper and lower case differ, or 18 in which they need not.
//!
//! Source: developer.salesforce.com, Object Reference, "ID Field Type".

use jackfield_sdk::prelude::*;

/// The id of a record in its long form, so that two of them can be compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordId(String);

const SHORT_CHARS: usize = 15;
const LONG_CHARS: usize = 18;
/// One character of the suffix stands for the cases of so many characters of the id.
const CASES_PER_CHAR: usize = 5;
const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

impl RecordId {
    /// From either form. `None` for what is no id, and so could be something else in a path or a query.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        match text.len() {
            SHORT_CHARS => Some(RecordId(format!("{text}{}", suffix(text)))),
            LONG_CHARS => Some(RecordId(text.to_owned())),
            _ => None,
        }
    }

    /// From the input.
    ///
    /// # Errors
    /// `invalid-input` under `pointer` for what is no id.
    pub(crate) fn given(text: &str, pointer: &str) -> Result<Self, Failure> {
        let sentence = "An id of the CRM has 15 or 18 letters and digits.";
        RecordId::parse(text).ok_or_else(|| Failure::invalid(pointer, sentence))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a lead's: the first three characters of an id name the object, in every org alike.
    pub(crate) fn is_lead(&self) -> bool {
        self.0.starts_with("00Q")
    }
}

/// Which characters are capitals, five in each character of the suffix.
fn suffix(short: &str) -> String {
    let cases = |part: &[u8]| {
        let capitals = part.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase());
        capitals.fold(0_usize, |cases, (place, _)| cases | 1 << place)
    };
    let parts = short.as_bytes().chunks(CASES_PER_CHAR);
    parts.filter_map(|part| SUFFIX.get(cases(part)).map(|byte| char::from(*byte))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_an_id_are_one() {
        for (short, long) in [
            ("001A000001EjxaB", "001A000001EjxaBIAR"),
            ("003000000000001", "003000000000001AAA"),
            ("00QABCDEFGHIJKL", "00QABCDEFGHIJKL255"),
        ] {
            assert_eq!(RecordId::parse(short).unwrap().as_str(), long);
            assert_eq!(RecordId::parse(short), RecordId::parse(long));
        }
    }

    #[test]
    fn ids_that_differ_in_case_are_two() {
        assert_ne!(RecordId::parse("001A000001Ejxab"), RecordId::parse("001A000001EjxaB"));
    }

    #[test]
    fn anything_else_is_no_id() {
        for text in ["", "003", "0030000000000012", "003000000000001' OR Id != '", "00300000000000ä", "003-00000000001"]
        {
            assert_eq!(RecordId::parse(text), None, "{text}");
        }
    }
}
