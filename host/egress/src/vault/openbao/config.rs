//! `[openbao]`, as the operator writes it. Whether it can be used is the client's judgement.

use std::path::PathBuf;

use serde::Deserialize;

use crate::vault::SecretSource;

/// Where OpenBao or HashiCorp Vault is and how to log in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenBaoConfig {
    /// `https://bao.example.com:8200`.
    pub address: String,
    /// Plain HTTP: test servers only.
    #[serde(default)]
    pub allow_insecure: bool,
    /// Sent as `X-Vault-Namespace`.
    #[serde(default)]
    pub namespace: Option<String>,
    /// PEM file with certificates that are trusted beside the public roots.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// How long a value is used before it is asked for again, in seconds.
    #[serde(default = "ttl_s")]
    pub ttl_s: u64,
    /// How long one request may take, in milliseconds.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// How to log in.
    pub auth: OpenBaoAuth,
}

fn ttl_s() -> u64 {
    300
}

fn timeout_ms() -> u64 {
    3_000
}

/// How to log in. A mistake gets one message for all cases, since a token may be what stands in the wrong place.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "`auth` is `{ token = \"env:NAME\" }`, `{ approle = { role_id = \"env:NAME\", secret_id = \
                 \"file:/path\" } }` or `{ kubernetes = { role = \"NAME\" } }`; sources are `env:NAME` or `file:/path`"
)]
pub enum OpenBaoAuth {
    /// A token that somebody else keeps alive.
    Token {
        /// Where it is.
        token: LoginSecret,
    },
    /// `auth/approle/login` (<https://openbao.org/api-docs/auth/approle/>).
    AppRole {
        /// The role.
        approle: AppRole,
    },
    /// `auth/kubernetes/login` (<https://openbao.org/api-docs/auth/kubernetes/>).
    Kubernetes {
        /// The role and the pod's proof.
        kubernetes: Kubernetes,
    },
}

/// Login of a machine with a role.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppRole {
    /// The role's id.
    pub role_id: LoginSecret,
    /// The role's secret.
    pub secret_id: LoginSecret,
    /// Where the method is mounted.
    #[serde(default = "approle")]
    pub mount: String,
}

fn approle() -> String {
    "approle".to_owned()
}

/// Login of a pod with its service account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kubernetes {
    /// Name of the role.
    pub role: String,
    /// The service account's token.
    #[serde(default = "jwt_file")]
    pub jwt_file: PathBuf,
    /// Where the method is mounted.
    #[serde(default = "kubernetes")]
    pub mount: String,
}

fn kubernetes() -> String {
    "kubernetes".to_owned()
}

/// Where Kubernetes mounts it (<https://kubernetes.io/docs/concepts/security/service-accounts/>).
fn jwt_file() -> PathBuf {
    PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount/token")
}

/// Where a secret of the login is: a variable or a file of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct LoginSecret(pub SecretSource);

impl TryFrom<String> for LoginSecret {
    type Error = String;

    fn try_from(text: String) -> Result<LoginSecret, String> {
        match SecretSource::parse(&text)? {
            source @ (SecretSource::Env(_) | SecretSource::File(_)) => Ok(LoginSecret(source)),
            _ => Err("what the login to OpenBao needs comes from `env:NAME` or `file:/path`".to_owned()),
        }
    }
}
