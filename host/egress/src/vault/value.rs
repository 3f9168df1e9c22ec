//! A secret value in memory: no way to print, serialise or compare it by accident, and gone when it is dropped.

use std::fmt;

use zeroize::Zeroizing;

use crate::scrub::Scrubber;

/// Bound of one value, in bytes.
pub(super) const VALUE_BYTES_MAX: usize = 64 << 10;

/// Shorter lines of a PEM could be found in texts by chance.
const LINE_BYTES_MIN: usize = 16;

/// A value that may be used. It has neither `Debug` nor `Display` nor `Serialize`.
pub struct SecretValue(Zeroizing<String>);

/// Why bytes are not a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueProblem {
    /// Nothing in it.
    Empty,
    /// Over [`VALUE_BYTES_MAX`].
    TooLong,
    /// Not UTF-8.
    NotText,
    /// More than one line and no PEM, or a NUL: it would break whatever it is put into.
    Broken,
}

impl fmt::Display for ValueProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValueProblem::Empty => f.write_str("the value is empty"),
            ValueProblem::TooLong => write!(f, "the value is over {VALUE_BYTES_MAX} bytes"),
            ValueProblem::NotText => f.write_str("the value is not UTF-8 text"),
            ValueProblem::Broken => f.write_str("the value has a line break inside it and is no PEM block"),
        }
    }
}

impl std::error::Error for ValueProblem {}

impl SecretValue {
    /// Takes what a source gave; line breaks at the end are an editor's, not the secret's.
    ///
    /// # Errors
    /// When it could not be used as a credential.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Result<SecretValue, ValueProblem> {
        let text = std::str::from_utf8(&bytes).map_err(|_| ValueProblem::NotText)?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(ValueProblem::Empty);
        }
        if text.len() > VALUE_BYTES_MAX {
            return Err(ValueProblem::TooLong);
        }
        let is_broken = text.contains(['\r', '\n']) && !is_pem(text);
        if is_broken || text.contains('\0') {
            return Err(ValueProblem::Broken);
        }
        Ok(SecretValue(Zeroizing::new(text.to_owned())))
    }

    /// The value, for the one place that puts it to use.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Has it scrubbed from now on. A PEM is looked for as a whole and line by line: whoever prints a key seldom keeps
    /// its line breaks.
    pub(super) fn learn(&self, scrubber: &Scrubber, connection: &str, slot: &str) {
        scrubber.learn(connection, slot, self.expose());
        for (i, line) in self.lines().into_iter().enumerate() {
            scrubber.learn(connection, &format!("{slot} line {i}"), line);
        }
    }

    /// The lines of a PEM that hold the key.
    fn lines(&self) -> Vec<&str> {
        if !is_pem(&self.0) {
            return Vec::new();
        }
        let is_key = |line: &&str| line.len() >= LINE_BYTES_MIN && !line.starts_with("-----") && !line.contains(':');
        self.0.lines().map(str::trim).filter(is_key).collect()
    }
}

/// PEM (RFC 7468): the one kind of value that has lines.
fn is_pem(text: &str) -> bool {
    text.starts_with("-----BEGIN ") && text.trim_end().ends_with("-----") && text.contains("\n-----END ")
}

impl PartialEq for SecretValue {
    /// Between two values of our own; never against a guess from outside, which would need constant time.
    fn eq(&self, other: &SecretValue) -> bool {
        self.expose() == other.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(bytes: &[u8]) -> Option<ValueProblem> {
        SecretValue::new(Zeroizing::new(bytes.to_vec())).err()
    }

    #[test]
    fn line_breaks_at_the_end_are_not_part_of_a_value() {
        let value = SecretValue::new(Zeroizing::new(b"s3cret \r\n\n".to_vec())).ok().unwrap();
        assert_eq!(value.expose(), "s3cret ");
    }

    #[test]
    fn what_cannot_be_a_credential_is_a_problem() {
        assert_eq!(problem(b""), Some(ValueProblem::Empty));
        assert_eq!(problem(b"\n"), Some(ValueProblem::Empty));
        assert_eq!(problem(b"a\nb"), Some(ValueProblem::Broken));
        assert_eq!(problem(b"-----BEGIN A\nb"), Some(ValueProblem::Broken));
        assert_eq!(problem(b"-----BEGIN A-----\n\0\n-----END A-----"), Some(ValueProblem::Broken));
        assert_eq!(problem(b"a\0b"), Some(ValueProblem::Broken));
        assert_eq!(problem(b"\xff\xfe"), Some(ValueProblem::NotText));
        assert_eq!(problem(&vec![b'x'; VALUE_BYTES_MAX + 1]), Some(ValueProblem::TooLong));
        assert_eq!(problem(&vec![b'x'; VALUE_BYTES_MAX]), None);
    }

    #[test]
    fn a_pem_keeps_its_lines() {
        let pem = "-----BEGIN PRIVATE KEY-----\r\nMIIEvQIBADANBgkq\r\nshort\r\n-----END PRIVATE KEY-----\r\n";
        let value = SecretValue::new(Zeroizing::new(pem.as_bytes().to_vec())).ok().unwrap();
        assert_eq!(value.expose(), pem.trim_end());
        assert_eq!(value.lines(), ["MIIEvQIBADANBgkq"]);
    }
}
