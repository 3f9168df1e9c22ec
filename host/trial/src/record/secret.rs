//! Secrets that the connector was shown or signed with: a fixture has stand-ins, under which a replay sends the same.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::journal::Notes;

/// The byte that every stand-in of a digest is made of.
const DIGEST_BYTE: u8 = 0x5a;
/// Shorter values could be anything.
const SECRET_BYTES_MIN: usize = 4;

/// What is replaced by what, in each form in which it may have been sent.
pub(super) struct StandIns {
    secrets: Vec<(String, String)>,
    hmacs: Vec<(String, String)>,
    pairs: Vec<(Zeroizing<String>, String)>,
}

impl StandIns {
    /// Of everything that a call was shown.
    pub(super) fn new(notes: &Notes) -> StandIns {
        let mut all = StandIns { secrets: Vec::new(), hmacs: Vec::new(), pairs: Vec::new() };
        for (name, value) in &notes.revealed {
            let stand_in = format!("recorded-{}", name.replace('_', "-"));
            if value.len() >= SECRET_BYTES_MIN {
                for encode in ENCODINGS {
                    all.pairs.push((Zeroizing::new(encode(value.as_bytes())), encode(stand_in.as_bytes())));
                }
                all.pairs.push((value.clone(), stand_in.clone()));
            }
            all.secrets.push((name.clone(), stand_in));
        }
        for (name, digests) in &notes.digests {
            for digest in digests {
                let stand_in = vec![DIGEST_BYTE; digest.len()];
                for encode in ENCODINGS {
                    all.pairs.push((Zeroizing::new(encode(digest)), encode(&stand_in)));
                }
                all.hmacs.push((name.clone(), hex(&stand_in)));
            }
        }
        // A value within another one must not break it.
        all.pairs.sort_by_key(|(real, _)| std::cmp::Reverse(real.len()));
        all
    }

    /// The `secrets` of a case.
    pub(super) fn secrets(&self) -> impl Iterator<Item = (String, String)> {
        self.secrets.iter().cloned()
    }

    /// The `hmacs` of a case.
    pub(super) fn hmacs(&self) -> impl Iterator<Item = (String, String)> {
        self.hmacs.iter().cloned()
    }

    /// A text with stand-ins.
    pub(super) fn replace(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (real, stand_in) in &self.pairs {
            if text.contains(real.as_str()) {
                text = text.replace(real.as_str(), stand_in);
            }
        }
        text
    }
}

/// The forms in which bytes are written.
const ENCODINGS: [fn(&[u8]) -> String; 6] = [
    hex,
    |bytes| hex(bytes).to_uppercase(),
    |bytes| STANDARD.encode(bytes),
    |bytes| STANDARD_NO_PAD.encode(bytes),
    |bytes| URL_SAFE.encode(bytes),
    |bytes| URL_SAFE_NO_PAD.encode(bytes),
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_connector_was_shown_is_replaced_in_every_form() {
        let mut notes = Notes::default();
        notes.revealed.insert("api_key".to_owned(), Zeroizing::new("k-1234".to_owned()));
        notes.digests.entry("signing".to_owned()).or_default().insert(vec![1, 2, 3, 250]);
        let stand_ins = StandIns::new(&notes);
        let text = format!("k-1234 {} 010203fa AQID+g==", STANDARD.encode("k-1234"));
        let expected = format!("recorded-api-key {} 5a5a5a5a WlpaWg==", STANDARD.encode("recorded-api-key"));
        assert_eq!(stand_ins.replace(&text), expected);
        assert_eq!(stand_ins.hmacs().next(), Some(("signing".to_owned(), "5a5a5a5a".to_owned())));
    }
}
