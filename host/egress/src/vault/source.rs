//! How the configuration says where a secret is. Parsing only; reading is each source's own business.

use std::fmt;
use std::path::PathBuf;

/// Where the value of a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// `env:NAME`: an environment variable of the host.
    Env(String),
    /// `file:/path`: a file of its own, such as a mounted secret.
    File(PathBuf),
}

/// What a source may look like, for messages.
const KNOWN: &str = "`env:NAME` or `file:/path`";

impl SecretSource {
    /// Parses what stands in the configuration.
    ///
    /// # Errors
    /// A message that never repeats the text: somebody may have written the secret itself there.
    pub fn parse(text: &str) -> Result<SecretSource, String> {
        match text.split_once(':') {
            Some(("env", name)) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
                if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(plain) {
                    return Err("`env:` is not followed by the name of an environment variable".to_owned());
                }
                Ok(SecretSource::Env(name.to_owned()))
            }
            Some(("file", path)) => {
                if !path.starts_with('/') || path.contains('\0') {
                    return Err("`file:` is not followed by an absolute path".to_owned());
                }
                Ok(SecretSource::File(PathBuf::from(path)))
            }
            _ => Err(format!("a secret is not written into the configuration, only its source: {KNOWN}")),
        }
    }

    /// The scheme alone.
    pub fn kind(&self) -> &'static str {
        match self {
            SecretSource::Env(_) => "env",
            SecretSource::File(_) => "file",
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::Env(name) => write!(f, "env:{name}"),
            SecretSource::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes_are_read() {
        assert_eq!(SecretSource::parse("env:SHOP_TOKEN"), Ok(SecretSource::Env("SHOP_TOKEN".to_owned())));
        assert_eq!(SecretSource::parse("file:/run/secrets/a b"), Ok(SecretSource::File("/run/secrets/a b".into())));
        assert_eq!(SecretSource::parse("file:/x").unwrap().to_string(), "file:/x");
    }

    #[test]
    fn a_secret_written_in_place_of_its_source_is_not_repeated() {
        for text in
            ["shpat_1234", "vault:shpat_1234", "env:shpat-1234", "file:shpat_1234", "", "env:", "file:", "env:1A"]
        {
            let message = SecretSource::parse(text).unwrap_err();
            assert!(!message.contains("1234"), "{message}");
            assert!(message.contains("env:") || message.contains("file:"), "{message}");
        }
    }
}
