//! Where the key to the vault comes from: 32 bytes in a file or a variable, or a passphrase. Reading only; what the
//! key opens is the slots' business.

use std::fmt;
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::cipher::{KEY_BYTES, Key};
use super::disk;
use super::problem::{SealedError, SealedProblem};
use crate::vault::SecretSource;

/// Bound of a file with a key or a passphrase, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 10;

/// A source of a key to the vault, as the configuration writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MasterSource {
    /// `file:/path` or `env:NAME`: 32 bytes as 64 hexadecimal digits or in base64.
    Key(SecretSource),
    /// `passphrase:file:/path` or `passphrase:env:NAME`.
    Passphrase(SecretSource),
    /// `passphrase:prompt`: asked for on the terminal.
    Prompt,
}

impl MasterSource {
    /// Parses what stands in the configuration.
    ///
    /// # Errors
    /// A message that never repeats the text: somebody may have written the key itself there.
    pub fn parse(text: &str) -> Result<MasterSource, String> {
        if text == "passphrase:prompt" {
            return Ok(MasterSource::Prompt);
        }
        let (is_passphrase, place) = match text.strip_prefix("passphrase:") {
            Some(place) => (true, place),
            None => (false, text),
        };
        match SecretSource::parse(place) {
            Ok(source @ (SecretSource::Env(_) | SecretSource::File(_))) if is_passphrase => {
                Ok(MasterSource::Passphrase(source))
            }
            Ok(source @ (SecretSource::Env(_) | SecretSource::File(_))) => Ok(MasterSource::Key(source)),
            _ => Err("a master key is not written into the configuration, only its source: `file:/path`, `env:NAME`, \
                      `passphrase:file:/path`, `passphrase:env:NAME` or `passphrase:prompt`"
                .to_owned()),
        }
    }

    /// The file of a key, for those sources that are one.
    pub fn key_file(&self) -> Option<&Path> {
        match self {
            MasterSource::Key(SecretSource::File(path)) => Some(path),
            _ => None,
        }
    }
}

impl fmt::Display for MasterSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MasterSource::Key(source) => source.fmt(f),
            MasterSource::Passphrase(source) => write!(f, "passphrase:{source}"),
            MasterSource::Prompt => f.write_str("passphrase:prompt"),
        }
    }
}

/// A key to the vault: its source, and what was typed for it.
#[derive(Clone)]
pub struct MasterKey {
    source: MasterSource,
    typed: Option<Zeroizing<String>>,
}

/// What a source gave.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Material {
    Key(Key),
    Passphrase(Zeroizing<Vec<u8>>),
}

impl MasterKey {
    /// A key that is read from its source whenever it is needed.
    pub fn new(source: MasterSource) -> MasterKey {
        MasterKey { source, typed: None }
    }

    /// A passphrase that was typed.
    pub fn typed(passphrase: Zeroizing<String>) -> MasterKey {
        MasterKey { source: MasterSource::Prompt, typed: Some(passphrase) }
    }

    /// Where it comes from.
    pub fn source(&self) -> &MasterSource {
        &self.source
    }

    pub(super) fn read(&self) -> Result<Material, SealedError> {
        let at = |problem| SealedError::new(&self.source, problem);
        match (&self.source, &self.typed) {
            (MasterSource::Key(source), _) => {
                let text = read(source).map_err(at)?;
                Ok(Material::Key(parse(&text).ok_or_else(|| at(SealedProblem::KeyMalformed))?))
            }
            (MasterSource::Passphrase(source), _) => Ok(Material::Passphrase(read(source).map_err(at)?)),
            (MasterSource::Prompt, Some(typed)) => Ok(Material::Passphrase(Zeroizing::new(typed.as_bytes().to_vec()))),
            (MasterSource::Prompt, None) => Err(at(SealedProblem::PassphraseUnasked)),
        }
    }
}

/// The text of a source without the line break that an editor leaves.
fn read(source: &SecretSource) -> Result<Zeroizing<Vec<u8>>, SealedProblem> {
    let mut text = match source {
        SecretSource::Env(variable) => {
            Zeroizing::new(std::env::var_os(variable).ok_or(SealedProblem::KeyUnset)?.into_vec())
        }
        SecretSource::File(path) => {
            let file = disk::open(path, disk::Readers::OwnerAndGroup)?;
            let mut text = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX as usize + 1));
            let unreadable = |e: std::io::Error| SealedProblem::Unreadable(e.kind().to_string());
            file.take(FILE_BYTES_MAX + 1).read_to_end(&mut text).map_err(unreadable)?;
            if text.len() as u64 > FILE_BYTES_MAX {
                return Err(SealedProblem::KeyMalformed);
            }
            text
        }
        SecretSource::Vault | SecretSource::OpenBao(_) => return Err(SealedProblem::KeyMalformed),
    };
    while matches!(text.last(), Some(b'\r' | b'\n')) {
        text.pop();
    }
    Ok(text)
}

/// A key as text: 64 hexadecimal digits, or base64.
fn parse(text: &[u8]) -> Option<Key> {
    let mut key = Key::default();
    if text.len() == KEY_BYTES * 2 {
        for (byte, digits) in key.iter_mut().zip(text.chunks_exact(2)) {
            let digit = |d: u8| char::from(d).to_digit(16).and_then(|d| u8::try_from(d).ok());
            *byte = digit(digits[0])? << 4 | digit(digits[1])?;
        }
        return Some(key);
    }
    // Decoding wants room for whole groups.
    let mut decoded = Zeroizing::new([0_u8; KEY_BYTES + 3]);
    let bytes = STANDARD.decode_slice(text, decoded.as_mut_slice()).ok()?;
    key.copy_from_slice(decoded.get(..bytes).filter(|d| d.len() == KEY_BYTES)?);
    Some(key)
}

/// A fresh key, and the line that a key file holds.
pub(super) fn fresh() -> Result<(Key, Zeroizing<String>), SealedProblem> {
    let mut key = Key::default();
    getrandom::fill(key.as_mut_slice()).map_err(|_| SealedProblem::Machine)?;
    let mut line = Zeroizing::new(String::with_capacity(KEY_BYTES * 2 + 1));
    for byte in key.iter() {
        for digit in [byte >> 4, byte & 0x0f] {
            line.extend(char::from_digit(digit.into(), 16));
        }
    }
    line.push('\n');
    Ok((key, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_of_a_key_is_read_as_it_is_written() {
        for text in
            ["file:/etc/key", "env:KEY", "passphrase:file:/etc/words", "passphrase:env:WORDS", "passphrase:prompt"]
        {
            assert_eq!(MasterSource::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_key_written_in_place_of_its_source_is_not_repeated() {
        for text in ["c0ffee1234", "passphrase:c0ffee1234", "vault:", "openbao:a/b#c0ffee1234", "passphrase:vault:", ""]
        {
            let message = MasterSource::parse(text).unwrap_err();
            assert!(!message.contains("1234"), "{message}");
        }
    }

    #[test]
    fn a_key_is_hexadecimal_or_base64_and_has_32_bytes() {
        let (key, line) = fresh().unwrap();
        assert!(parse(line.trim_end().as_bytes()).unwrap() == key);
        assert!(parse(line.trim_end().to_uppercase().as_bytes()).unwrap() == key);
        assert!(parse(STANDARD.encode(key.as_slice()).as_bytes()).unwrap() == key);
        for text in ["", "abc", &line[..62], &STANDARD.encode([7; 31]), &STANDARD.encode([7; 33]), &"x".repeat(64)] {
            assert!(parse(text.as_bytes()).is_none(), "{} characters", text.len());
        }
    }
}
