//! Answers for the TLS side of a connection: which roots are trusted and which client certificate is shown. Files are
//! read here once per configuration, never on a request path.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use crate::config::ConnectionConfig;
use crate::credential::certificate;

/// TLS sessions kept for resumption per connection.
const SESSIONS_MAX: usize = 64;

/// Why the TLS settings of a connection are of no use: a mistake in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error("failed to read `{}`: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// A file is not what it should be.
    #[error("`{}` {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; never a part of it.
        problem: String,
    },
    /// A certificate without its key, or a key without its certificate.
    #[error("`{present}` is set and `{missing}` is not; a client certificate needs both")]
    Half {
        /// The key that is set.
        present: &'static str,
        /// The key that is not.
        missing: &'static str,
    },
    /// rustls refused.
    #[error("TLS settings are refused: {0}")]
    Refused(String),
}

/// The files of a connection as they were read, kept to see whether a reload changes anything.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Material {
    ca: Option<Vec<u8>>,
    client_cert: Option<Vec<u8>>,
    client_key: Option<Zeroizing<Vec<u8>>>,
}

impl Material {
    pub(crate) fn read(config: &ConnectionConfig) -> Result<Material, TlsError> {
        match (&config.client_cert_file, &config.client_key_file) {
            (Some(_), None) => {
                return Err(TlsError::Half { present: "client_cert_file", missing: "client_key_file" });
            }
            (None, Some(_)) => {
                return Err(TlsError::Half { present: "client_key_file", missing: "client_cert_file" });
            }
            _ => {}
        }
        let read = |path: &Option<PathBuf>| path.as_deref().map(read_file).transpose();
        Ok(Material {
            ca: read(&config.ca_file)?,
            client_cert: read(&config.client_cert_file)?,
            client_key: read(&config.client_key_file)?.map(Zeroizing::new),
        })
    }

    /// The rustls configuration, with a session store of its own: sessions are never shared between connections.
    pub(crate) fn client_config(&self, config: &ConnectionConfig) -> Result<ClientConfig, TlsError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let (Some(path), Some(pem)) = (&config.ca_file, &self.ca) {
            for certificate in certificates(path, pem)? {
                roots.add(certificate).map_err(|e| content(path, format!("has a certificate that is refused: {e}")))?;
            }
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| TlsError::Refused(e.to_string()))?
            .with_root_certificates(roots);
        let files = (&config.client_cert_file, &self.client_cert, &config.client_key_file, &self.client_key);
        let mut tls = match files {
            (Some(cert_path), Some(cert), Some(key_path), Some(key)) => {
                // Said now, by name, and not by a system with a broken handshake later on.
                match certificate::check(cert, SystemTime::now()) {
                    Ok(None) => {}
                    Ok(Some(soon)) => {
                        tracing::warn!(event = "certificate.ends_soon", "`{}` {soon}", cert_path.display());
                    }
                    Err(problem) => return Err(content(cert_path, problem.to_string())),
                }
                let chain = certificates(cert_path, cert)?;
                let key = PrivateKeyDer::from_pem_slice(key)
                    .map_err(|_| content(key_path, "has no private key in PEM form".to_owned()))?;
                builder.with_client_auth_cert(chain, key).map_err(|e| TlsError::Refused(e.to_string()))?
            }
            _ => builder.with_no_client_auth(),
        };
        tls.resumption = Resumption::in_memory_sessions(SESSIONS_MAX);
        Ok(tls)
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|e| TlsError::Read { path: path.to_owned(), reason: e.to_string() })
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(content(path, "has no certificate in PEM form".to_owned())),
    }
}

fn content(path: &Path, problem: String) -> TlsError {
    TlsError::Content { path: path.to_owned(), problem }
}
