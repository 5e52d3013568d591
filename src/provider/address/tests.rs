use rstest::rstest;

use super::*;

/// `-`: good for everybody; `private`: good for the servers of the cluster; else what it is refused as.
#[rstest]
#[case("8.8.8.8", "-")]
#[case("1.1.1.1", "-")]
#[case("192.0.1.1", "-")]
#[case("172.15.255.255", "-")]
#[case("172.32.0.0", "-")]
#[case("100.63.255.255", "-")]
#[case("100.128.0.0", "-")]
#[case("223.255.255.255", "-")]
#[case("2606:4700:4700::1111", "-")]
#[case("2a00:1450:4001:81b::200e", "-")]
#[case("10.0.0.1", "Private")]
#[case("10.255.255.255", "Private")]
#[case("172.16.0.1", "Private")]
#[case("172.31.255.255", "Private")]
#[case("192.168.1.1", "Private")]
#[case("100.64.0.1", "Private")]
#[case("100.127.255.255", "Private")]
#[case("fc00::1", "Private")]
#[case("fd12:3456:789a::1", "Private")]
#[case("fec0::1", "Private")]
#[case("127.0.0.1", "Loopback")]
#[case("127.255.255.254", "Loopback")]
#[case("::1", "Loopback")]
#[case("169.254.1.1", "LinkLocal")]
#[case("fe80::1", "LinkLocal")]
#[case("febf::1", "LinkLocal")]
#[case("169.254.169.254", "Metadata")]
#[case("100.100.100.200", "Metadata")]
#[case("192.0.0.192", "Metadata")]
#[case("168.63.129.16", "Metadata")]
#[case("fd00:ec2::254", "Metadata")]
#[case("fd20:ce::254", "Metadata")]
#[case("0.0.0.0", "Unspecified")]
#[case("::", "Unspecified")]
#[case("0.1.2.3", "Reserved")]
#[case("192.0.0.1", "Reserved")]
#[case("192.88.99.1", "Reserved")]
#[case("198.18.0.1", "Reserved")]
#[case("198.19.255.255", "Reserved")]
#[case("240.0.0.1", "Reserved")]
#[case("255.255.255.255", "Broadcast")]
#[case("224.0.0.1", "Multicast")]
#[case("239.255.255.255", "Multicast")]
#[case("ff02::1", "Multicast")]
#[case("192.0.2.1", "Documentation")]
#[case("198.51.100.1", "Documentation")]
#[case("203.0.113.1", "Documentation")]
#[case("2001:db8::1", "Documentation")]
#[case("3fff::1", "Documentation")]
#[case("100::1", "Reserved")]
#[case("2001:2::1", "Reserved")]
#[case("2001:10::1", "Reserved")]
#[case("2001:20::1", "Reserved")]
#[case("5f00::1", "Reserved")]
#[case("4000::1", "Reserved")]
#[case("1::1", "Reserved")]
// IPv4-mapped.
#[case("::ffff:8.8.8.8", "-")]
#[case("::ffff:127.0.0.1", "Loopback")]
#[case("::ffff:10.0.0.1", "Private")]
#[case("::ffff:169.254.169.254", "Metadata")]
// IPv4-compatible, IPv4-translated.
#[case("::127.0.0.1", "Loopback")]
#[case("::8.8.8.8", "Reserved")]
#[case("::ffff:0:127.0.0.1", "Loopback")]
// NAT64.
#[case("64:ff9b::8.8.8.8", "-")]
#[case("64:ff9b::10.0.0.1", "Private")]
#[case("64:ff9b::169.254.169.254", "Metadata")]
#[case("64:ff9b:1::1", "LocalTranslation")]
#[case("64:ff9b:1:a9fe:a9:fe00::", "LocalTranslation")]
// 6to4 of 8.8.8.8, 10.0.0.1, 127.0.0.1 and 169.254.169.254.
#[case("2002:808:808::1", "-")]
#[case("2002:a00:1::1", "Private")]
#[case("2002:7f00:1::1", "Loopback")]
#[case("2002:a9fe:a9fe::1", "Metadata")]
// Teredo: server 65.54.227.120 with client 192.0.2.45; the same with client 10.0.0.1; server 10.0.0.1.
#[case("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Documentation")]
#[case("2001:0:4136:e378:8000:63bf:f5ff:fffe", "Private")]
#[case("2001:0:a00:1:8000:63bf:f7f7:f7f7", "Private")]
#[case("2001:0:4136:e378:8000:63bf:f7f7:f7f7", "-")]
fn each_address(#[case] text: &str, #[case] expected: &str) {
    let address: IpAddr = text.parse().unwrap();
    let found = kind(address).map_or("-".to_owned(), |kind| format!("{kind:?}"));
    assert_eq!(found, expected);

    let none = EgressRules::default();
    let (tenant, cluster) = (check(address, true, &none), check(address, false, &none));
    assert_eq!(tenant.is_ok(), expected == "-");
    assert_eq!(cluster.is_ok(), matches!(expected, "-" | "Private"));

    // Its own address in full allows it, unless no server can be there.
    let very = EgressRules {
        allow_loopback: false,
        allowed_cidrs: vec![Cidr::from(address)],
    };
    let hopeless = matches!(expected, "Unspecified" | "Multicast" | "Broadcast");
    assert_eq!(check(address, true, &very).is_ok(), !hopeless);

    let everything = EgressRules {
        allow_loopback: true,
        allowed_cidrs: vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()],
    };
    let never = hopeless || expected == "Metadata";
    assert_eq!(check(address, true, &everything).is_ok(), !never);
}

#[rstest]
#[case("127.0.0.1", "--allow-loopback", "egress.allowLoopback")]
#[case("10.0.0.1", "--allowed-cidrs", "egress.allowedCIDRs")]
#[case("169.254.169.254", "--allowed-cidrs", "egress.allowedCIDRs")]
#[case("64:ff9b:1::1", "--allowed-cidrs", "egress.allowedCIDRs")]
fn the_message_names_the_flag(#[case] text: &str, #[case] flag: &str, #[case] value: &str) {
    let refused = check(text.parse().unwrap(), true, &EgressRules::default()).unwrap_err();
    let message = refused.to_string();
    assert!(
        message.contains(text) && message.contains(flag) && message.contains(value),
        "{message}"
    );
    assert!(message.chars().count() <= 250, "{message}");
}

#[test]
fn a_flag_allows_what_it_names_and_no_more() {
    let allows = |rules: &EgressRules, text: &str| check(text.parse().unwrap(), true, rules).is_ok();
    let loopback = EgressRules {
        allow_loopback: true,
        ..EgressRules::default()
    };
    assert!(allows(&loopback, "127.0.0.1") && allows(&loopback, "::1"));
    assert!(allows(&loopback, "::ffff:127.0.0.1"));
    assert!(!allows(&loopback, "10.0.0.1") && !allows(&loopback, "169.254.169.254"));
    let ten = EgressRules {
        allowed_cidrs: vec!["10.1.0.0/16".parse().unwrap()],
        ..EgressRules::default()
    };
    assert!(allows(&ten, "10.1.2.3") && allows(&ten, "::ffff:10.1.2.3"));
    assert!(!allows(&ten, "10.2.0.1") && !allows(&ten, "64:ff9b::10.1.2.3"));
}

/// However a number is written in a URL, it is judged as the address that it is.
#[rstest]
#[case("http://2130706433", "127.0.0.1")]
#[case("http://0x7f000001", "127.0.0.1")]
#[case("http://0x7f.1", "127.0.0.1")]
#[case("http://0177.0.0.1", "127.0.0.1")]
#[case("http://127.1", "127.0.0.1")]
#[case("http://127.0.0.1.", "127.0.0.1")]
#[case("http://0", "0.0.0.0")]
#[case("http://0xa9fea9fe", "169.254.169.254")]
#[case("http://169.254.43518", "169.254.169.254")]
#[case("http://①②⑦.0.0.1", "127.0.0.1")]
#[case("http://%31%32%37.0.0.1", "127.0.0.1")]
#[case("http://[::ffff:7f00:1]", "::ffff:7f00:1")]
#[case("http://[0:0:0:0:0:0:0:1]", "::1")]
fn literals_in_disguise(#[case] text: &str, #[case] address: &str) {
    let host = url::Url::parse(text).unwrap().host().map(|host| match host {
        url::Host::Ipv4(v4) => IpAddr::from(v4),
        url::Host::Ipv6(v6) => IpAddr::from(v6),
        url::Host::Domain(name) => panic!("{name} is taken for a name"),
    });
    assert_eq!(host, Some(address.parse().unwrap()));
}
