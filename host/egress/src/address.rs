//! Answers for which addresses may be dialled: a pure judgement over one address and the operator's list. It resolves
//! no name and opens no socket.
//!
//! Anything that is not plainly a public unicast address is refused, so that a name in public DNS can never lead a
//! connector to the host's own network or to a cloud's metadata service.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// What may be done with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Public unicast.
    Public,
    /// Special, and listed in `allow_addresses` of the connection.
    Listed,
    /// Special, and not listed.
    Refused(Special),
}

/// Why an address is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// `0.0.0.0/8` and `::`: this host on this network.
    Unspecified,
    /// The host itself.
    Loopback,
    /// RFC 1918.
    Private,
    /// IPv6 unique local addresses.
    UniqueLocal,
    /// `169.254.0.0/16` and `fe80::/10`.
    LinkLocal,
    /// `fec0::/10`, deprecated and still routed by some.
    SiteLocal,
    /// Where a cloud hands out credentials to whoever asks.
    Metadata,
    /// `100.64.0.0/10`: the provider's side of a NAT.
    CarrierNat,
    /// RFC 2544 and RFC 5180.
    Benchmarking,
    /// Addresses that only stand in texts.
    Documentation,
    /// More than one receiver.
    Multicast,
    /// `255.255.255.255`.
    Broadcast,
    /// `::a.b.c.d`, deprecated.
    Ipv4Compatible,
    /// `64:ff9b:1::/48`: a translator of the local network.
    LocalNat64,
    /// `2002::/16`: a tunnel to an IPv4 address of the sender's choice.
    SixToFour,
    /// `2001::/32`: likewise.
    Teredo,
    /// Whatever else IANA does not call public unicast.
    Reserved,
}

impl fmt::Display for Special {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Special::Unspecified => "unspecified",
            Special::Loopback => "loopback",
            Special::Private => "private",
            Special::UniqueLocal => "unique local",
            Special::LinkLocal => "link-local",
            Special::SiteLocal => "site-local",
            Special::Metadata => "a cloud metadata service",
            Special::CarrierNat => "carrier-grade NAT",
            Special::Benchmarking => "for benchmarking",
            Special::Documentation => "for documentation",
            Special::Multicast => "multicast",
            Special::Broadcast => "broadcast",
            Special::Ipv4Compatible => "IPv4-compatible",
            Special::LocalNat64 => "a local NAT64 translator",
            Special::SixToFour => "a 6to4 tunnel",
            Special::Teredo => "a Teredo tunnel",
            Special::Reserved => "reserved",
        })
    }
}

/// Judges one address. An address inside `allow` is acceptable whatever it is; an IPv4 address that is written as IPv6
/// is found in `allow` under both of its names.
pub fn judge(ip: IpAddr, allow: &[IpNet]) -> Verdict {
    let special = match special(ip) {
        None => return Verdict::Public,
        Some(special) => special,
    };
    let translated = match ip {
        IpAddr::V6(v6) => translated_v4(v6).map(IpAddr::V4),
        IpAddr::V4(_) => None,
    };
    let listed = |ip: &IpAddr| allow.iter().any(|net| net.contains(ip));
    if listed(&ip) || translated.as_ref().is_some_and(listed) { Verdict::Listed } else { Verdict::Refused(special) }
}

fn special(ip: IpAddr) -> Option<Special> {
    match ip {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => special_v6(v6),
    }
}

/// By IANA's IPv4 special-purpose address registry.
fn special_v4(ip: Ipv4Addr) -> Option<Special> {
    match ip.octets() {
        // Link-local services of AWS, GCP, Azure and others; Oracle's; Alibaba's; Azure's wire server, which is the
        // only one with an address that looks public.
        [169, 254, 169, 254] | [192, 0, 0, 192] | [100, 100, 100, 200] | [168, 63, 129, 16] => Some(Special::Metadata),
        [0, ..] => Some(Special::Unspecified),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some(Special::Private),
        [100, 64..=127, ..] => Some(Special::CarrierNat),
        [127, ..] => Some(Special::Loopback),
        [169, 254, ..] => Some(Special::LinkLocal),
        // IETF protocol assignments; AS112 and AMT anycast; the deprecated 6to4 relay.
        [192, 0, 0, _] | [192, 31, 196, _] | [192, 52, 193, _] | [192, 88, 99, _] | [192, 175, 48, _] => {
            Some(Special::Reserved)
        }
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some(Special::Documentation),
        [198, 18..=19, ..] => Some(Special::Benchmarking),
        [224..=239, ..] => Some(Special::Multicast),
        [255, 255, 255, 255] => Some(Special::Broadcast),
        [240..=255, ..] => Some(Special::Reserved),
        _ => None,
    }
}

/// By IANA's IPv6 special-purpose address registry; only `2000::/3` is public unicast at all.
fn special_v6(ip: Ipv6Addr) -> Option<Special> {
    // What is dialled in truth is the IPv4 address within.
    if let Some(v4) = translated_v4(ip) {
        return special_v4(v4);
    }
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(Special::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Special::Loopback),
        [0, 0, 0, 0, 0, 0, ..] => Some(Special::Ipv4Compatible),
        [0x64, 0xff9b, 1, ..] => Some(Special::LocalNat64),
        // AWS.
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] => Some(Special::Metadata),
        // GCP.
        [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254] => Some(Special::Metadata),
        [0xfc00..=0xfdff, ..] => Some(Special::UniqueLocal),
        [0xfe80..=0xfebf, ..] => Some(Special::LinkLocal),
        [0xfec0..=0xfeff, ..] => Some(Special::SiteLocal),
        [0xff00..=0xffff, ..] => Some(Special::Multicast),
        [0x2001, 0, ..] => Some(Special::Teredo),
        [0x2001, 2, 0, ..] => Some(Special::Benchmarking),
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Some(Special::Documentation),
        [0x2001, 0..=0x01ff, ..] => Some(Special::Reserved),
        [0x2002, ..] => Some(Special::SixToFour),
        // AS112.
        [0x2620, 0x004f, 0x8000, ..] => Some(Special::Reserved),
        [0x2000..=0x3fff, ..] => None,
        _ => Some(Special::Reserved),
    }
}

/// The IPv4 address of a mapped (`::ffff:0:0/96`) or well-known NAT64 (`64:ff9b::/96`) one.
fn translated_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4_of(high, low)),
        _ => None,
    }
}

fn v4_of(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests;
