//! Confirmation tokens on the wire: claims, sealed so that nobody else can make or read one. With a vault every host
//! that shares it opens them; without one they are worth something to this process alone, and after a restart the
//! person is asked again.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use jackfield_core::confirm::Claims;
use jackfield_egress::Sealer;
use zeroize::Zeroizing;

use crate::error::{Code, Problem};

/// Seals tokens under a key of this process where there is no vault. The cipher wipes its key when it is dropped.
pub struct TokenSeal {
    own: XChaCha20Poly1305,
}

/// The first byte of a token: which key opens it.
const BY_PROCESS: u8 = 0;
const BY_VAULT: u8 = 1;

/// What a token of the vault is bound to.
const PLACE: [&str; 1] = ["confirmation"];

/// Bytes of the nonce in front of what this process seals.
const NONCE_BYTES: usize = 24;

/// A token at most, in bytes: nothing longer is one of ours.
const TOKEN_BYTES_MAX: usize = 4 << 10;

impl TokenSeal {
    /// With a new key.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new() -> Result<TokenSeal, String> {
        let key = Zeroizing::new(random::<32>()?);
        let own = XChaCha20Poly1305::new_from_slice(key.as_slice()).map_err(|error| error.to_string())?;
        Ok(TokenSeal { own })
    }

    /// A token for these claims.
    ///
    /// # Errors
    /// `internal` when there is no randomness.
    pub(super) fn seal(&self, vault: Option<&Sealer>, claims: &Claims) -> Result<String, Problem> {
        let internal = |why: String| Problem::new(Code::Internal, format!("no confirmation can be made: {why}"));
        let plain = serde_json::to_vec(claims).map_err(|error| internal(error.to_string()))?;
        let bytes = match vault {
            Some(vault) => [&[BY_VAULT], vault.seal(&PLACE, &plain).as_slice()].concat(),
            None => {
                let nonce = XNonce::from(random::<NONCE_BYTES>().map_err(internal)?);
                let sealed = self.own.encrypt(&nonce, plain.as_slice()).map_err(|error| internal(error.to_string()))?;
                [&[BY_PROCESS], nonce.as_slice(), &sealed].concat()
            }
        };
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The claims of a token that was sealed here.
    pub(super) fn open(&self, vault: Option<&Sealer>, token: &str) -> Option<Claims> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let plain = match (bytes.split_first()?, vault) {
            ((&BY_VAULT, sealed), Some(vault)) => vault.open(&PLACE, sealed).ok()?.to_vec(),
            ((&BY_PROCESS, sealed), _) => {
                let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
                self.own.decrypt(&XNonce::try_from(nonce).ok()?, sealed).ok()?
            }
            _ => return None,
        };
        serde_json::from_slice(&plain).ok()
    }
}

/// What makes each question one of its own.
///
/// # Errors
/// `internal` when there is no randomness.
pub(super) fn nonce() -> Result<u128, Problem> {
    let bytes = random::<16>().map_err(|why| Problem::new(Code::Internal, why))?;
    Ok(u128::from_be_bytes(bytes))
}

fn random<const N: usize>() -> Result<[u8; N], String> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use jackfield_core::confirm::Subject;
    use serde_json::json;

    use super::*;

    fn claims() -> Claims {
        let input = json!({ "order_number": "1001" });
        let subject = Subject {
            caller: "bot",
            tenant: "acme",
            user: Some("u1"),
            intent: "return.start",
            connection: "shop",
            input: &input,
        };
        Claims::new(&subject, 1_000, 60_000, 7)
    }

    #[test]
    fn a_token_opens_where_it_was_sealed_and_nowhere_else() {
        let (here, elsewhere) = (TokenSeal::new().unwrap(), TokenSeal::new().unwrap());
        let token = here.seal(None, &claims()).unwrap();
        assert_eq!(here.open(None, &token), Some(claims()));
        assert_eq!(elsewhere.open(None, &token), None);
        assert_ne!(token, here.seal(None, &claims()).unwrap(), "two questions are never one token");
    }

    #[test]
    fn a_changed_token_does_not_open() {
        let seal = TokenSeal::new().unwrap();
        let token = seal.seal(None, &claims()).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(seal.open(None, &URL_SAFE_NO_PAD.encode(&changed)), None, "byte {at}");
            assert_eq!(seal.open(None, &URL_SAFE_NO_PAD.encode(&bytes[..at])), None, "cut at {at}");
        }
        for nonsense in ["", "AA", "no token", &"A".repeat(TOKEN_BYTES_MAX + 1)] {
            assert_eq!(seal.open(None, nonsense), None);
        }
    }
}
