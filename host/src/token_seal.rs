//! Tokens on the wire: what a host gives to a bot service and wants back unchanged, sealed so that nobody else can make
//! or read one. With a vault every host that shares it opens them; without one they are worth something to this process
//! alone. What a token says is its owner's business: the question before a write, an offer after a failure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use jackfield_egress::Sealer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::error::{Code, Problem};

/// Seals tokens under a key of this process where there is no vault. The cipher wipes its key when it is dropped.
pub struct TokenSeal {
    own: XChaCha20Poly1305,
}

/// The first byte of a token: which key opens it.
const BY_PROCESS: u8 = 0;
const BY_VAULT: u8 = 1;

/// What a token is for: one of another purpose does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The question before a write.
    Confirmation,
    /// What may be done instead of what failed.
    Offer,
}

impl Purpose {
    /// What a sealed token is bound to.
    fn place(self) -> &'static str {
        match self {
            Purpose::Confirmation => "confirmation",
            Purpose::Offer => "offer",
        }
    }
}

/// Bytes of the nonce in front of what this process seals.
const NONCE_BYTES: usize = 24;

/// A token at most, in bytes: nothing longer is one of ours.
const TOKEN_BYTES_MAX: usize = 16 << 10;

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

    /// A token that says this.
    ///
    /// # Errors
    /// `internal` when there is no randomness.
    pub fn seal(&self, vault: Option<&Sealer>, purpose: Purpose, claims: &impl Serialize) -> Result<String, Problem> {
        let internal = |why: String| Problem::new(Code::Internal, format!("no token can be made: {why}"));
        let plain = serde_json::to_vec(claims).map_err(|error| internal(error.to_string()))?;
        let bytes = match vault {
            Some(vault) => [&[BY_VAULT], vault.seal(&[purpose.place()], &plain).as_slice()].concat(),
            None => {
                let nonce = XNonce::from(random::<NONCE_BYTES>().map_err(internal)?);
                let payload = Payload { msg: &plain, aad: purpose.place().as_bytes() };
                let sealed = self.own.encrypt(&nonce, payload).map_err(|error| internal(error.to_string()))?;
                [&[BY_PROCESS], nonce.as_slice(), &sealed].concat()
            }
        };
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a token says that was sealed here for this purpose.
    pub fn open<T: DeserializeOwned>(&self, vault: Option<&Sealer>, purpose: Purpose, token: &str) -> Option<T> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let plain = match (bytes.split_first()?, vault) {
            ((&BY_VAULT, sealed), Some(vault)) => vault.open(&[purpose.place()], sealed).ok()?.to_vec(),
            ((&BY_PROCESS, sealed), _) => {
                let (nonce, msg) = sealed.split_at_checked(NONCE_BYTES)?;
                let payload = Payload { msg, aad: purpose.place().as_bytes() };
                self.own.decrypt(&XNonce::try_from(nonce).ok()?, payload).ok()?
            }
            _ => return None,
        };
        serde_json::from_slice(&plain).ok()
    }
}

/// What makes each token one of its own.
///
/// # Errors
/// `internal` when there is no randomness.
pub fn nonce() -> Result<u128, Problem> {
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
    use super::*;
    use Purpose::{Confirmation, Offer};

    const CLAIMS: &str = "who may do what";

    fn opened(seal: &TokenSeal, purpose: Purpose, token: &str) -> Option<String> {
        seal.open(None, purpose, token)
    }

    #[test]
    fn a_token_opens_where_and_for_what_it_was_sealed_and_nowhere_else() {
        let (here, elsewhere) = (TokenSeal::new().unwrap(), TokenSeal::new().unwrap());
        let token = here.seal(None, Confirmation, &CLAIMS).unwrap();
        assert_eq!(opened(&here, Confirmation, &token).as_deref(), Some(CLAIMS));
        assert_eq!(opened(&here, Offer, &token), None);
        assert_eq!(opened(&elsewhere, Confirmation, &token), None);
        assert_ne!(token, here.seal(None, Confirmation, &CLAIMS).unwrap(), "two questions are never one token");
    }

    #[test]
    fn a_changed_token_does_not_open() {
        let seal = TokenSeal::new().unwrap();
        let token = seal.seal(None, Offer, &CLAIMS).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(opened(&seal, Offer, &URL_SAFE_NO_PAD.encode(&changed)), None, "byte {at}");
            assert_eq!(opened(&seal, Offer, &URL_SAFE_NO_PAD.encode(&bytes[..at])), None, "cut at {at}");
        }
        for nonsense in ["", "AA", "no token", &"A".repeat(TOKEN_BYTES_MAX + 1)] {
            assert_eq!(opened(&seal, Offer, nonsense), None);
        }
    }
}
