//! Answers for how long a client certificate holds, so that `check` can say it before a system does. Reading the files
//! and showing the certificate is the business of the TLS side.

use std::time::{Duration, SystemTime};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

/// A certificate that ends within this time is worth a warning.
const ENDS_SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Certificates of a chain that are looked at.
const CHAIN_MAX: usize = 16;

/// Why a certificate is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CertificateProblem {
    /// No block of a certificate.
    #[error("holds no certificate in PEM form; the text begins with `-----BEGIN CERTIFICATE-----`")]
    NotPem,
    /// A block that is cut off, or that is no X.509.
    #[error("holds a certificate that cannot be read")]
    Unreadable,
    /// Over [`CHAIN_MAX`].
    #[error("holds more than {CHAIN_MAX} certificates; a chain begins with the client's own and leaves out the root")]
    TooLong,
    /// Its time is over.
    #[error("holds a certificate that ended on {}; have it renewed", day(*.0))]
    Ended(SystemTime),
}

/// A certificate that holds, but not for much longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EndsSoon {
    /// Its last moment.
    pub(crate) not_after: SystemTime,
    /// Whole days from now to then.
    pub(crate) days_left: u64,
}

impl std::fmt::Display for EndsSoon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let EndsSoon { not_after, days_left } = self;
        write!(f, "holds a certificate that ends on {}, in {days_left} days; have it renewed", day(*not_after))
    }
}

/// The first end among the certificates of a chain: from then on the chain is refused.
///
/// # Errors
/// When there is none, or one that cannot be read.
pub(crate) fn not_after(pem: &[u8]) -> Result<SystemTime, CertificateProblem> {
    let mut first = None;
    for (i, der) in CertificateDer::pem_slice_iter(pem).enumerate() {
        if i == CHAIN_MAX {
            return Err(CertificateProblem::TooLong);
        }
        let der = der.map_err(|_| CertificateProblem::Unreadable)?;
        let (_, certificate) =
            x509_parser::certificate::X509Certificate::from_der(&der).map_err(|_| CertificateProblem::Unreadable)?;
        let end = moment(certificate.validity().not_after).ok_or(CertificateProblem::Unreadable)?;
        first = Some(first.map_or(end, |first: SystemTime| first.min(end)));
    }
    first.ok_or(CertificateProblem::NotPem)
}

/// What there is to say about a chain before it is used: nothing, mostly.
///
/// # Errors
/// As [`not_after`], and when that is over.
pub(crate) fn check(pem: &[u8], now: SystemTime) -> Result<Option<EndsSoon>, CertificateProblem> {
    let not_after = not_after(pem)?;
    // The last moment itself still counts (RFC 5280, section 4.1.2.5).
    let left = not_after.duration_since(now).map_err(|_| CertificateProblem::Ended(not_after))?;
    let days_left = left.as_secs() / (24 * 60 * 60);
    Ok((left < ENDS_SOON).then_some(EndsSoon { not_after, days_left }))
}

fn moment(time: ASN1Time) -> Option<SystemTime> {
    let seconds = time.timestamp();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

/// Its date in UTC.
fn day(time: SystemTime) -> String {
    match jiff::Timestamp::try_from(time) {
        Ok(time) => time.strftime("%Y-%m-%d").to_string(),
        Err(_) => "a day out of range".to_owned(),
    }
}

#[cfg(test)]
mod tests;
