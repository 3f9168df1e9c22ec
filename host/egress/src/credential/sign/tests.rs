//! Which keys are taken, and that others can verify what they sign.

use proptest::prelude::*;
use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair, UnparsedPublicKey};

use super::*;

pub(crate) const RSA: &str = include_str!("../../../tests/keys/rsa-2048.pem");
pub(crate) const P256: &str = include_str!("../../../tests/keys/p256.pem");
const RSA_PKCS1: &str = include_str!("../../../tests/keys/rsa-2048-pkcs1.pem");
const RSA_PKCS1_ENCRYPTED: &str = include_str!("../../../tests/keys/rsa-2048-encrypted-pkcs1.pem");
const RSA_WEAK: &str = include_str!("../../../tests/keys/rsa-1024.pem");
const RSA_PUBLIC: &str = include_str!("../../../tests/keys/rsa-2048-public.pem");
const P256_SEC1: &str = include_str!("../../../tests/keys/p256-sec1.pem");
const P256_SEC1_NO_PUBLIC: &str = include_str!("../../../tests/keys/p256-sec1-no-public.pem");
const P256_ENCRYPTED: &str = include_str!("../../../tests/keys/p256-encrypted.pem");
const P384: &str = include_str!("../../../tests/keys/p384.pem");

/// `printf 'the quick brown fox' | openssl dgst -sha256 -sign rsa-2048.pem | base64`
const FOX_SIGNED_BY_OPENSSL: &str = "aN5fr+VPwleQm8nngdv279WkUhWUF81YmBlknR8pASvnOSFFaIkAXVVlnx2jSW3aOPH2jbZSK9u/t/QNuZaW4B89a57MsMaYHbWlPGEAp8pCrD1hbrWH4DHq9KyU8323J+Flpf5sb5fyjYL2I0PvPonI277YjTww2tzkWl335hk+OUPB4yIyGqClEe5LqrT+GS6tgM6LtS8y2VyBey4nPOZIj9WsipCM7saSOt2LLEnLFd2l/ZGP6PX0dslUvSlSqwXt3HKN7hQZjE8lpySfWc9xVcpKGb/HrtEVysAb8tRS1Qr2Aqb0ztunjVUYsLCSiQhEV+oa9/xco+zm+SOO2w==";

const FOX: &[u8] = b"the quick brown fox";

use SignatureAlgorithm::{ES256, RS256};

/// A key that is known to be good.
pub(crate) fn key(pem: &str, algorithm: SignatureAlgorithm) -> SigningKey {
    SigningKey::parse(pem, algorithm).expect("a good key")
}

/// Whether a signature by the P-256 key of the tests is right.
pub(crate) fn verifies_p256(key: &SigningKey, message: &[u8], signature: &[u8]) -> bool {
    let Pair::Ecdsa(pair) = &key.0 else { return false };
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref()).verify(message, signature).is_ok()
}

#[track_caller]
fn refused(pem: &str, algorithm: SignatureAlgorithm, expected: KeyProblem) {
    assert_eq!(SigningKey::parse(pem, algorithm).err(), Some(expected));
}

#[test]
fn rsa_signs_as_openssl_does() {
    for pem in [RSA, RSA_PKCS1] {
        let key = key(pem, RS256);
        assert_eq!(key.algorithm(), RS256);
        assert_eq!(STANDARD.encode(key.sign(FOX).unwrap()), FOX_SIGNED_BY_OPENSSL);
    }
}

#[test]
fn ecdsa_signs_in_the_fixed_form_of_jws() {
    for pem in [P256, P256_SEC1] {
        let key = key(pem, ES256);
        assert_eq!(key.algorithm(), ES256);
        let signature = key.sign(FOX).unwrap();
        assert_eq!(signature.len(), 64);
        assert!(verifies_p256(&key, FOX, &signature));
        assert!(!verifies_p256(&key, b"the quick brown dog", &signature));
    }
}

#[test]
fn line_breaks_may_be_written_out_or_be_those_of_windows() {
    for broken in [r"\n", r"\r\n", "\r\n", " ", ""] {
        let pem = RSA.trim_end().replace('\n', broken);
        assert_eq!(STANDARD.encode(key(&pem, RS256).sign(FOX).unwrap()), FOX_SIGNED_BY_OPENSSL, "{broken:?}");
    }
}

#[test]
fn the_key_is_found_behind_other_blocks() {
    let pem = format!("some words\n{RSA_PUBLIC}{RSA}");
    assert!(SigningKey::parse(&pem, RS256).is_ok());
}

#[test]
fn a_key_of_another_kind_is_refused() {
    refused(P256, RS256, KeyProblem::WrongKind { wanted: RS256 });
    refused(P256_SEC1, RS256, KeyProblem::WrongKind { wanted: RS256 });
    refused(RSA, ES256, KeyProblem::WrongKind { wanted: ES256 });
    refused(RSA_PKCS1, ES256, KeyProblem::WrongKind { wanted: ES256 });
    refused(P384, ES256, KeyProblem::WrongKind { wanted: ES256 });
    assert_eq!(
        KeyProblem::WrongKind { wanted: ES256 }.to_string(),
        "it is no key for `ES256`; `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem` \
         makes one"
    );
}

#[test]
fn an_rsa_key_under_2048_bits_is_refused() {
    refused(RSA_WEAK, RS256, KeyProblem::TooSmall);
}

#[test]
fn an_encrypted_key_is_refused_with_the_way_out() {
    refused(P256_ENCRYPTED, ES256, KeyProblem::Encrypted);
    refused(RSA_PKCS1_ENCRYPTED, RS256, KeyProblem::Encrypted);
    assert!(KeyProblem::Encrypted.to_string().contains("openssl pkcs8 -topk8 -nocrypt"));
}

#[test]
fn a_sec1_key_without_its_public_half_is_refused_with_the_way_out() {
    refused(P256_SEC1_NO_PUBLIC, ES256, KeyProblem::Unreadable);
    assert!(KeyProblem::Unreadable.to_string().contains("openssl pkcs8 -topk8 -nocrypt"));
}

#[test]
fn what_is_no_private_key_is_refused() {
    refused("", RS256, KeyProblem::NotPem);
    refused("hunter2", RS256, KeyProblem::NotPem);
    refused(RSA_PUBLIC, RS256, KeyProblem::NotPem);
    refused(&"x".repeat(PEM_BYTES_MAX + 1), RS256, KeyProblem::TooLong);
    refused(&RSA[..RSA.len() / 2], RS256, KeyProblem::Damaged);
    refused(&RSA.replacen('M', "!", 2), RS256, KeyProblem::Damaged);
    refused("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", RS256, KeyProblem::Unreadable);
}

#[test]
fn a_key_with_one_wrong_number_is_refused() {
    let (_, mut der) = private_key(RSA).unwrap();
    let last = der.len() - 1;
    der[last] ^= 1;
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(&*der));
    refused(&pem, RS256, KeyProblem::Unreadable);
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        label in "(EC |RSA |)PRIVATE KEY",
        body in "[A-Za-z0-9+/=\\\\\n]{0,200}",
        ends in any::<bool>(),
    ) {
        let end = if ends { format!("-----END {label}-----") } else { String::new() };
        let text = format!("-----BEGIN {label}-----{body}{end}");
        prop_assert!(SigningKey::parse(&text, RS256).is_err());
        prop_assert!(SigningKey::parse(&text, ES256).is_err());
    }

    #[test]
    fn no_problem_repeats_the_text(at in 28_usize..1600, byte in b'A'..=b'Z') {
        let mut pem = RSA.as_bytes().to_vec();
        pem[at] = byte;
        let pem = String::from_utf8(pem).unwrap();
        if let Err(problem) = SigningKey::parse(&pem, RS256) {
            let message = format!("{problem} {problem:?}");
            prop_assert!(!pem.lines().any(|line| line.len() > 30 && message.contains(line)));
        }
    }
}
