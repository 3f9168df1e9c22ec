//! The table of addresses.

use super::*;

fn verdict(ip: &str, allow: &[&str]) -> Verdict {
    let allow: Vec<IpNet> = allow.iter().map(|net| net.parse().unwrap()).collect();
    judge(ip.parse().unwrap(), &allow)
}

#[test]
fn every_special_address_is_refused_by_its_name() {
    use Special::*;
    let cases = [
        ("0.0.0.0", Unspecified),
        ("0.1.2.3", Unspecified),
        ("10.0.0.1", Private),
        ("10.255.255.255", Private),
        ("100.64.0.0", CarrierNat),
        ("100.127.255.255", CarrierNat),
        ("100.100.100.200", Metadata),
        ("127.0.0.1", Loopback),
        ("127.255.255.254", Loopback),
        ("168.63.129.16", Metadata),
        ("169.254.0.1", LinkLocal),
        ("169.254.169.254", Metadata),
        ("172.16.0.1", Private),
        ("172.31.255.255", Private),
        ("192.0.0.1", Reserved),
        ("192.0.0.192", Metadata),
        ("192.0.2.1", Documentation),
        ("192.88.99.1", Reserved),
        ("192.168.0.1", Private),
        ("192.168.255.255", Private),
        ("198.18.0.1", Benchmarking),
        ("198.19.255.255", Benchmarking),
        ("198.51.100.7", Documentation),
        ("203.0.113.7", Documentation),
        ("224.0.0.1", Multicast),
        ("239.255.255.255", Multicast),
        ("240.0.0.1", Reserved),
        ("255.255.255.254", Reserved),
        ("255.255.255.255", Broadcast),
        ("::", Unspecified),
        ("::1", Loopback),
        ("::2", Ipv4Compatible),
        ("::8.8.8.8", Ipv4Compatible),
        ("::ffff:127.0.0.1", Loopback),
        ("::ffff:10.0.0.1", Private),
        ("::ffff:169.254.169.254", Metadata),
        ("::ffff:0:127.0.0.1", Reserved),
        ("64:ff9b::7f00:1", Loopback),
        ("64:ff9b::169.254.169.254", Metadata),
        ("64:ff9b::10.1.2.3", Private),
        ("64:ff9b:1::8.8.8.8", LocalNat64),
        ("64:ff9b:2::1", Reserved),
        ("100::1", Reserved),
        ("2001::1", Teredo),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Teredo),
        ("2001:2::1", Benchmarking),
        ("2001:20::1", Reserved),
        ("2001:db8::1", Documentation),
        ("2002:7f00:1::1", SixToFour),
        ("2002:808:808::1", SixToFour),
        ("2620:4f:8000::1", Reserved),
        ("3fff::1", Documentation),
        ("3fff:fff::1", Documentation),
        ("4000::1", Reserved),
        ("5f00::1", Reserved),
        ("fc00::1", UniqueLocal),
        ("fd00:ec2::254", Metadata),
        ("fd20:ce::254", Metadata),
        ("fd12:3456::1", UniqueLocal),
        ("fe80::1", LinkLocal),
        ("febf::1", LinkLocal),
        ("fec0::1", SiteLocal),
        ("feff::1", SiteLocal),
        ("ff02::1", Multicast),
        ("1::1", Reserved),
    ];
    for (ip, special) in cases {
        assert_eq!(verdict(ip, &[]), Verdict::Refused(special), "{ip}");
    }
}

#[test]
fn public_addresses_are_dialled() {
    let cases = [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00:1450:4001::1",
        "3fff:1000::1",
    ];
    for ip in cases {
        assert_eq!(verdict(ip, &[]), Verdict::Public, "{ip}");
    }
}

#[test]
fn a_listed_network_allows_exactly_itself() {
    assert_eq!(verdict("10.1.2.3", &["10.1.2.3/32"]), Verdict::Listed);
    assert_eq!(verdict("10.1.2.4", &["10.1.2.3/32"]), Verdict::Refused(Special::Private));
    assert_eq!(verdict("10.1.2.4", &["192.168.0.0/16", "10.1.2.0/24"]), Verdict::Listed);
    assert_eq!(verdict("::1", &["127.0.0.0/8"]), Verdict::Refused(Special::Loopback));
    assert_eq!(verdict("::1", &["::1/128"]), Verdict::Listed);
    assert_eq!(verdict("169.254.169.254", &["10.0.0.0/8"]), Verdict::Refused(Special::Metadata));
}

#[test]
fn an_embedded_address_is_listed_under_both_of_its_names() {
    assert_eq!(verdict("::ffff:10.1.2.3", &["10.1.2.3/32"]), Verdict::Listed);
    assert_eq!(verdict("::ffff:10.1.2.3", &["::ffff:10.1.2.3/128"]), Verdict::Listed);
    assert_eq!(verdict("64:ff9b::10.1.2.3", &["10.1.2.3/32"]), Verdict::Listed);
    assert_eq!(verdict("::ffff:10.1.2.4", &["10.1.2.3/32"]), Verdict::Refused(Special::Private));
    // A tunnel is another host than the address it names.
    assert_eq!(verdict("2002:a01:203::1", &["10.1.2.3/32"]), Verdict::Refused(Special::SixToFour));
}
