//! Answers for signatures with a private key: reading it out of PEM, refusing what is too weak or of another kind, and
//! signing with RSA (PKCS#1 v1.5) or ECDSA (P-256), both with SHA-256. What is signed, and who may use which key, is
//! decided elsewhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jackfield_core::manifest::SignatureAlgorithm;
use ring::error::KeyRejected;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use zeroize::Zeroizing;

/// Bound of a key's PEM text, in bytes: an RSA key of 4096 bits takes 3.3 KB.
const PEM_BYTES_MAX: usize = 32 << 10;

/// Why a text is no key, or a key gives no signature. Never carries a part of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyProblem {
    /// No block of a private key.
    #[error("it holds no private key in PEM form; the text begins with `-----BEGIN PRIVATE KEY-----`")]
    NotPem,
    /// Over [`PEM_BYTES_MAX`].
    #[error("it is over {PEM_BYTES_MAX} bytes, too long for a private key")]
    TooLong,
    /// A block that does not end, or that is no base64.
    #[error("its PEM block is cut off or damaged; copy the file whole")]
    Damaged,
    /// Under a passphrase that nobody is there to type.
    #[error(
        "the private key is encrypted with a passphrase; \
         store what `openssl pkcs8 -topk8 -nocrypt -in key.pem -out plain.pem` writes"
    )]
    Encrypted,
    /// A key of another kind, or on another curve.
    #[error("it is no key for `{}`; {}", name(*wanted), made_by(*wanted))]
    WrongKind {
        /// How the manifest wants it to sign.
        wanted: SignatureAlgorithm,
    },
    /// Under 2048 bits.
    #[error("the RSA key has fewer than 2048 bits, which is too weak; {}", made_by(SignatureAlgorithm::RS256))]
    TooSmall,
    /// Over what the library takes.
    #[error("the RSA key has more than 4096 bits; {}", made_by(SignatureAlgorithm::RS256))]
    TooLarge,
    /// Numbers that do not go together, or an encoding that is not read.
    #[error(
        "the private key cannot be read; if it is whole, \
         `openssl pkcs8 -topk8 -nocrypt -in key.pem -out converted.pem` brings it into the usual form"
    )]
    Unreadable,
    /// The library gave up, for want of randomness or memory.
    #[error("the signature could not be made")]
    Unsigned,
}

fn name(algorithm: SignatureAlgorithm) -> &'static str {
    match algorithm {
        SignatureAlgorithm::RS256 => "RS256",
        SignatureAlgorithm::ES256 => "ES256",
    }
}

fn made_by(algorithm: SignatureAlgorithm) -> &'static str {
    match algorithm {
        SignatureAlgorithm::RS256 => {
            "`openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem` makes one"
        }
        SignatureAlgorithm::ES256 => {
            "`openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem` makes one"
        }
    }
}

/// A private key that signs in one way. It has neither `Debug` nor a way back to PEM. The library that holds its
/// numbers does not wipe them, so keep one no longer than it is of use.
pub(crate) struct SigningKey(Pair);

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(Box<EcdsaKeyPair>),
}

impl SigningKey {
    /// Reads the first private key of a PEM text: PKCS#8, PKCS#1 (`RSA PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`). Line
    /// breaks may be written as `\n`, as they stand in JSON key files and environment variables.
    ///
    /// # Errors
    /// When there is none, or none that could sign as the manifest wants it.
    pub(crate) fn parse(pem: &str, algorithm: SignatureAlgorithm) -> Result<SigningKey, KeyProblem> {
        let (form, der) = private_key(pem)?;
        let rejected = |reason: KeyRejected| problem(reason, algorithm);
        match (algorithm, form) {
            (SignatureAlgorithm::RS256, Form::Pkcs8) => {
                RsaKeyPair::from_pkcs8(&der).map(Box::new).map(Pair::Rsa).map_err(rejected)
            }
            (SignatureAlgorithm::RS256, Form::Pkcs1) => {
                RsaKeyPair::from_der(&der).map(Box::new).map(Pair::Rsa).map_err(rejected)
            }
            (SignatureAlgorithm::ES256, Form::Pkcs8) => p256(&der).map_err(rejected),
            (SignatureAlgorithm::ES256, Form::Sec1) => p256(&pkcs8_of_p256(&der)?).map_err(rejected),
            (SignatureAlgorithm::RS256, Form::Sec1) | (SignatureAlgorithm::ES256, Form::Pkcs1) => {
                Err(KeyProblem::WrongKind { wanted: algorithm })
            }
        }
        .map(SigningKey)
    }

    /// How it signs.
    pub(crate) fn algorithm(&self) -> SignatureAlgorithm {
        match self.0 {
            Pair::Rsa(_) => SignatureAlgorithm::RS256,
            Pair::Ecdsa(_) => SignatureAlgorithm::ES256,
        }
    }

    /// The signature of a message: for RSA as long as the modulus, for ECDSA the 64 bytes `r || s` that JWS wants
    /// (RFC 7518, section 3.4).
    ///
    /// # Errors
    /// When the library gives up; the message is not at fault.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyProblem> {
        let random = SystemRandom::new();
        match &self.0 {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(|_| KeyProblem::Unsigned)?;
                Ok(signature)
            }
            Pair::Ecdsa(pair) => {
                let signature = pair.sign(&random, message).map_err(|_| KeyProblem::Unsigned)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }
}

fn p256(pkcs8: &[u8]) -> Result<Pair, KeyRejected> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new())
        .map(Box::new)
        .map(Pair::Ecdsa)
}

/// The library tells its reasons apart by their text alone.
fn problem(reason: KeyRejected, wanted: SignatureAlgorithm) -> KeyProblem {
    match reason.to_string().as_str() {
        "TooSmall" => KeyProblem::TooSmall,
        "TooLarge" => KeyProblem::TooLarge,
        "WrongAlgorithm" => KeyProblem::WrongKind { wanted },
        _ => KeyProblem::Unreadable,
    }
}

/// How a private key is encoded, by the label of its PEM block.
#[derive(Clone, Copy)]
enum Form {
    /// RFC 5208, of either kind.
    Pkcs8,
    /// RFC 8017, RSA.
    Pkcs1,
    /// RFC 5915, elliptic curves.
    Sec1,
}

/// The first private key among the blocks of a PEM text (RFC 7468). Read here and not by a library, because every
/// buffer that the key passes through is wiped.
fn private_key(pem: &str) -> Result<(Form, Zeroizing<Vec<u8>>), KeyProblem> {
    const BEGIN: &str = "-----BEGIN ";
    const DASHES: &str = "-----";
    if pem.len() > PEM_BYTES_MAX {
        return Err(KeyProblem::TooLong);
    }
    let mut rest = pem;
    while let Some((_, block)) = rest.split_once(BEGIN) {
        let (label, block) = block.split_once(DASHES).ok_or(KeyProblem::Damaged)?;
        let (body, after) = block.split_once(&format!("-----END {label}-----")).ok_or(KeyProblem::Damaged)?;
        let form = match label {
            "PRIVATE KEY" => Form::Pkcs8,
            "RSA PRIVATE KEY" => Form::Pkcs1,
            "EC PRIVATE KEY" => Form::Sec1,
            "ENCRYPTED PRIVATE KEY" => return Err(KeyProblem::Encrypted),
            // The parameters that `openssl ecparam` puts first, or the certificate of a bundle.
            _ => {
                rest = after;
                continue;
            }
        };
        // The older way to encrypt (RFC 1421), with headers inside the block.
        if body.contains("ENCRYPTED") {
            return Err(KeyProblem::Encrypted);
        }
        return Ok((form, decode(body)?));
    }
    Err(KeyProblem::NotPem)
}

fn decode(body: &str) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    // Room for everything from the start: a buffer that grows leaves a copy behind.
    let mut text = Zeroizing::new(Vec::with_capacity(body.len()));
    let mut bytes = body.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if matches!(bytes.peek(), Some(b'n' | b'r')) => drop(bytes.next()),
            _ if byte.is_ascii_whitespace() => {}
            _ => text.push(byte),
        }
    }
    let mut der = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let written = STANDARD.decode_slice(&*text, &mut der).map_err(|_| KeyProblem::Damaged)?;
    der.truncate(written);
    Ok(der)
}

/// Wraps a SEC 1 key into PKCS#8, the one form that the library reads, as a key on P-256. When it says itself that it
/// is on another curve, the library refuses it.
fn pkcs8_of_p256(sec1: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    /// Version 0 and the algorithm `id-ecPublicKey` with the curve `prime256v1` (RFC 5480), in DER.
    const HEAD: [u8; 24] = [
        0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
    ];
    const SEQUENCE: u8 = 0x30;
    const OCTET_STRING: u8 = 0x04;
    /// Tag, and a length in its longest form here: one byte that says two follow.
    const PREFIX: usize = 4;

    let octets = element(OCTET_STRING, &[sec1], PREFIX + sec1.len())?;
    element(SEQUENCE, &[&HEAD, &octets], PREFIX + HEAD.len() + octets.len())
}

/// A DER element of several parts, in a buffer that is never moved.
fn element(tag: u8, parts: &[&[u8]], capacity: usize) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut der = Zeroizing::new(Vec::with_capacity(capacity));
    der.push(tag);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..0x80), _) => der.push(short),
        (Ok(byte), _) => der.extend([0x81, byte]),
        (_, Ok(word)) => {
            der.push(0x82);
            der.extend(word.to_be_bytes());
        }
        _ => return Err(KeyProblem::Unreadable),
    }
    for part in parts {
        der.extend_from_slice(part);
    }
    Ok(der)
}

#[cfg(test)]
pub(super) mod tests;
