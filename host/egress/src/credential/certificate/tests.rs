//! When a chain ends, and what is said about it.

use proptest::prelude::*;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate that ends with the given day's beginning.
fn ending(year: i32, month: u8, day: u8) -> String {
    let mut params = CertificateParams::new(vec!["bot.example".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(year, month, day);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
}

fn at(text: &str) -> SystemTime {
    text.parse::<jiff::Timestamp>().unwrap().into()
}

#[test]
fn the_end_of_a_certificate_is_read() {
    assert_eq!(not_after(ending(2030, 5, 1).as_bytes()), Ok(at("2030-05-01T00:00:00Z")));
    // From 2050 on, the time has another encoding.
    assert_eq!(not_after(ending(2075, 1, 1).as_bytes()), Ok(at("2075-01-01T00:00:00Z")));
}

#[test]
fn a_chain_ends_with_the_first_of_its_certificates() {
    let chain = ending(2035, 1, 1) + "\n" + &ending(2030, 5, 1) + &ending(2040, 1, 1);
    assert_eq!(not_after(chain.as_bytes()), Ok(at("2030-05-01T00:00:00Z")));
}

#[test]
fn a_certificate_beside_its_key_is_found() {
    let bundle = KeyPair::generate().unwrap().serialize_pem() + &ending(2030, 5, 1);
    assert_eq!(not_after(bundle.as_bytes()), Ok(at("2030-05-01T00:00:00Z")));
}

#[test]
fn one_that_ended_is_refused_and_one_that_ends_soon_is_a_warning() {
    let pem = ending(2030, 5, 1);
    let end = at("2030-05-01T00:00:00Z");
    let second = Duration::from_secs(1);
    let check = |now| check(pem.as_bytes(), now);

    assert_eq!(check(end - 14 * DAY), Ok(None));
    let soon = check(end - 14 * DAY + second).unwrap().unwrap();
    assert_eq!(soon, EndsSoon { not_after: end, days_left: 13 });
    assert_eq!(soon.to_string(), "holds a certificate that ends on 2030-05-01, in 13 days; have it renewed");
    assert_eq!(check(end), Ok(Some(EndsSoon { not_after: end, days_left: 0 })));
    let ended = check(end + second).unwrap_err();
    assert_eq!(ended, CertificateProblem::Ended(end));
    assert_eq!(ended.to_string(), "holds a certificate that ended on 2030-05-01; have it renewed");
}

#[test]
fn what_is_no_certificate_is_refused() {
    assert_eq!(not_after(b""), Err(CertificateProblem::NotPem));
    assert_eq!(not_after(b"\xff\x00 hello"), Err(CertificateProblem::NotPem));
    assert_eq!(not_after(KeyPair::generate().unwrap().serialize_pem().as_bytes()), Err(CertificateProblem::NotPem));
    let pem = ending(2030, 5, 1);
    assert_eq!(not_after(&pem.as_bytes()[..pem.len() / 2]), Err(CertificateProblem::Unreadable));
    let nonsense = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(not_after(nonsense), Err(CertificateProblem::Unreadable));
    assert_eq!(not_after(pem.repeat(CHAIN_MAX + 1).as_bytes()), Err(CertificateProblem::TooLong));
    assert!(not_after(pem.repeat(CHAIN_MAX).as_bytes()).is_ok());
}

proptest! {
    #[test]
    fn no_certificate_makes_it_panic(at in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut der = CertificateDer::from_pem_slice(ending(2030, 5, 1).as_bytes()).unwrap().to_vec();
        *at.get_mut(&mut der) = byte;
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &der);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n");
        let _ = not_after(pem.as_bytes());
    }
}
