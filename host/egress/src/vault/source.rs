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
    /// `vault:`: the sealed vault of this host, under connection and name.
    Vault,
    /// `openbao:MOUNT/PATH#FIELD`: a field in a KV engine of OpenBao or HashiCorp Vault.
    OpenBao(Box<KvField>),
}

/// A field of a secret in a key-value engine, version 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvField {
    /// Where the engine is mounted.
    pub mount: String,
    /// Path of the secret in it.
    pub path: String,
    /// Name of the field.
    pub field: String,
}

/// What a source may look like, for messages.
const KNOWN: &str = "`env:NAME`, `file:/path`, `vault:` or `openbao:MOUNT/PATH#FIELD`";

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
            Some(("vault", "")) => Ok(SecretSource::Vault),
            Some(("vault", _)) => Err("nothing follows `vault:`: the value is kept under connection and name; \
                                       put it there with `jackfield secrets set`, or use `env:NAME`"
                .to_owned()),
            Some(("openbao", place)) => {
                KvField::parse(place).map(Box::new).map(SecretSource::OpenBao).ok_or_else(|| {
                    "`openbao:` is not followed by `MOUNT/PATH#FIELD`, such as `openbao:secret/shop/eu#token`"
                        .to_owned()
                })
            }
            _ => Err(format!("a secret is not written into the configuration, only its source: {KNOWN}")),
        }
    }

    /// The scheme alone.
    pub fn kind(&self) -> &'static str {
        match self {
            SecretSource::Env(_) => "env",
            SecretSource::File(_) => "file",
            SecretSource::Vault => "vault",
            SecretSource::OpenBao(_) => "openbao",
        }
    }
}

impl KvField {
    fn parse(text: &str) -> Option<KvField> {
        let (place, field) = text.split_once('#')?;
        let (mount, path) = place.split_once('/')?;
        // What would mean something else in a URL is not part of a name here; `..` would lead out of the mount.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_segment = |s: &str| !s.is_empty() && s != "." && s != ".." && s.chars().all(plain);
        let is_good = is_segment(mount) && path.split('/').all(is_segment) && is_segment(field);
        is_good.then(|| KvField { mount: mount.to_owned(), path: path.to_owned(), field: field.to_owned() })
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::Env(name) => write!(f, "env:{name}"),
            SecretSource::File(path) => write!(f, "file:{}", path.display()),
            SecretSource::Vault => f.write_str("vault:"),
            SecretSource::OpenBao(at) => write!(f, "openbao:{}/{}#{}", at.mount, at.path, at.field),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_is_read() {
        assert_eq!(SecretSource::parse("env:SHOP_TOKEN"), Ok(SecretSource::Env("SHOP_TOKEN".to_owned())));
        assert_eq!(SecretSource::parse("file:/run/secrets/a b"), Ok(SecretSource::File("/run/secrets/a b".into())));
        assert_eq!(SecretSource::parse("vault:"), Ok(SecretSource::Vault));
        let field = KvField { mount: "secret".to_owned(), path: "shop/eu".to_owned(), field: "token".to_owned() };
        assert_eq!(SecretSource::parse("openbao:secret/shop/eu#token"), Ok(SecretSource::OpenBao(Box::new(field))));
        for text in ["env:A", "file:/x", "vault:", "openbao:secret/a#b"] {
            assert_eq!(SecretSource::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_path_that_would_leave_its_mount_is_refused() {
        for text in ["a/../b#c", "a/b", "a#b", "/a#b", "a/b#", "a//b#c", "a/b?c#d", "a/%2e%2e#b", "a/./b#c"] {
            assert!(SecretSource::parse(&format!("openbao:{text}")).is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_written_in_place_of_its_source_is_not_repeated() {
        for text in [
            "shpat_1234",
            "vault:shpat_1234",
            "openbao:shpat_1234",
            "openbao:shpat/1234",
            "env:shpat-1234",
            "file:shpat_1234",
            "",
            "env:",
            "file:",
            "env:1A",
        ] {
            let message = SecretSource::parse(text).unwrap_err();
            assert!(!message.contains("1234"), "{message}");
            assert!(["env:", "file:", "openbao:"].iter().any(|s| message.contains(s)), "{message}");
        }
    }
}
