//! The few cryptographic operations that the sealed vault is made of: one derivation, one cipher, one code of
//! authentication. What is sealed under which key is decided by the callers; nothing here knows a file.
//!
//! XChaCha20-Poly1305 for sealing, HKDF-SHA256 (RFC 5869) for derived keys, HMAC-SHA256 (RFC 2104) for the file.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of every key here.
pub(super) const KEY_BYTES: usize = 32;

/// Bytes of the nonce in front of everything that is sealed.
const NONCE_BYTES: usize = 24;

/// Bytes that sealing adds: the nonce in front and the tag behind.
pub(super) const OVERHEAD_BYTES: usize = NONCE_BYTES + 16;

/// A key, gone when it is dropped.
pub(super) type Key = Zeroizing<[u8; KEY_BYTES]>;

/// Parts one behind the other, each with its length in front, so that no two lists of parts read alike.
pub(super) fn framed(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let bytes = parts.iter().map(|part| 8 + part.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(bytes));
    for part in parts {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// A key for one purpose. Nothing only if HKDF could not give 32 bytes, which is not so; whoever asks says so in its
/// own way instead of going on without a key.
pub(super) fn derive(key: &Key, salt: &[u8], purpose: &[&[u8]]) -> Option<Key> {
    let mut derived = Key::default();
    Hkdf::<Sha256>::new(Some(salt), key.as_slice()).expand(&framed(purpose), derived.as_mut_slice()).ok()?;
    Some(derived)
}

/// Seals; what is bound must be the same at the opening.
///
/// The nonce is drawn at random and hedged: randomness, key, bound and plain text go through a keyed hash, so that even
/// a machine without randomness never uses a nonce for two different texts.
pub(super) fn seal(key: &Key, bound: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let mut random = Zeroizing::new([0_u8; KEY_BYTES]);
    // The hash alone is enough where there is no randomness: see above.
    let _ = getrandom::fill(random.as_mut_slice());
    let nonce_key = derive(key, b"", &[b"jackfield nonce"])?;
    let hash = mac(&nonce_key, &framed(&[random.as_slice(), bound, plain]))?;
    let nonce = XNonce::try_from(&hash[..NONCE_BYTES]).ok()?;
    let cipher = XChaCha20Poly1305::new_from_slice(key.as_slice()).ok()?;
    let sealed = cipher.encrypt(&nonce, Payload { msg: plain, aad: bound }).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

/// Opens what [`seal`] made. Nothing when key, bound or a single bit differ.
pub(super) fn open(key: &Key, bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce = XNonce::try_from(nonce).ok()?;
    let cipher = XChaCha20Poly1305::new_from_slice(key.as_slice()).ok()?;
    cipher.decrypt(&nonce, Payload { msg: sealed, aad: bound }).ok().map(Zeroizing::new)
}

/// The code of authentication of a text.
pub(super) fn mac(key: &Key, text: &[u8]) -> Option<[u8; 32]> {
    Some(keyed(key, text)?.finalize().into_bytes().into())
}

/// Whether it is the text's code; takes the same time whatever differs.
pub(super) fn is_mac(key: &Key, text: &[u8], code: &[u8]) -> bool {
    keyed(key, text).is_some_and(|mac| mac.verify_slice(code).is_ok())
}

fn keyed(key: &Key, text: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.as_slice()).ok()?;
    mac.update(text);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Key {
        Zeroizing::new([byte; KEY_BYTES])
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_binding_only() {
        let sealed = seal(&key(1), b"here", b"plain").unwrap();
        assert_eq!(sealed.len(), 5 + OVERHEAD_BYTES);
        assert_eq!(open(&key(1), b"here", &sealed).unwrap().as_slice(), b"plain");
        assert!(open(&key(2), b"here", &sealed).is_none());
        assert!(open(&key(1), b"there", &sealed).is_none());
        for i in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[i] ^= 1;
            assert!(open(&key(1), b"here", &changed).is_none(), "byte {i}");
            assert!(open(&key(1), b"here", &sealed[..i]).is_none(), "cut at {i}");
        }
    }

    #[test]
    fn the_same_text_is_sealed_differently_each_time() {
        assert_ne!(seal(&key(1), b"", b"plain").unwrap(), seal(&key(1), b"", b"plain").unwrap());
    }

    #[test]
    fn parts_that_join_to_the_same_text_are_framed_apart() {
        assert_ne!(*framed(&[b"ab", b"c"]), *framed(&[b"a", b"bc"]));
        assert_ne!(*framed(&[b"ab"]), *framed(&[b"ab", b""]));
    }

    #[test]
    fn keys_for_different_purposes_differ() {
        let one = derive(&key(1), b"salt", &[b"one"]).unwrap();
        assert_ne!(*one, *derive(&key(1), b"salt", &[b"two"]).unwrap());
        assert_ne!(*one, *derive(&key(1), b"tlas", &[b"one"]).unwrap());
        assert_ne!(*one, *key(0));
    }
}
