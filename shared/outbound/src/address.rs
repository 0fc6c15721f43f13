//! The reach of an IP address: the internet, a private network, or nothing that an endpoint may use.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The reach of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// A host on the internet.
    Public,
    /// This machine or its network: loopback, RFC 1918, carrier-grade NAT, unique local.
    Private,
    /// Not usable for an endpoint: link-local with the metadata services, multicast, unspecified, documentation,
    /// addresses that contain another one.
    Never,
}

/// The reach of an address. Source: the IANA special-purpose address registries.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    match address.octets() {
        [10 | 127, ..] | [192, 168, ..] => Reach::Private,
        [172, second, ..] if (16..32).contains(&second) => Reach::Private,
        [100, second, ..] if (64..128).contains(&second) => Reach::Private,
        [0, ..] | [169, 254, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] => Reach::Never,
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] | [224..=255, ..] => Reach::Never,
        _ => Reach::Public,
    }
}

/// Only 2000::/3 is assigned. Everything else is loopback, unique local, or wraps and translates IPv4.
fn reach_v6(address: Ipv6Addr) -> Reach {
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match address.segments() {
        _ if address == METADATA => Reach::Never,
        [0, 0, 0, 0, 0, 0, 0, 1] | [0xfc00..=0xfdff, ..] => Reach::Private,
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0x0fff, ..] => Reach::Never,
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With one wrong row, an endpoint's name could lead into the operator's network.
    #[test]
    fn addresses_by_reach() {
        let table = [
            (Reach::Public, "1.1.1.1 93.184.216.34 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.0.1.1 223.255.255.255"),
            (Reach::Public, "2606:4700::1111 2a00:1450:4001::1 2001:200::1 2400::1"),
            (Reach::Private, "10.0.0.1 10.255.255.255 127.0.0.1 127.255.255.254 172.16.0.1 172.31.255.255 192.168.0.1"),
            (Reach::Private, "100.64.0.1 100.127.255.255 100.100.100.200 ::1 fc00::1 fd12:3456::1"),
            (Reach::Never, "0.0.0.0 0.1.2.3 169.254.169.254 169.254.170.2 192.0.0.1 192.0.2.1 198.51.100.1 203.0.113.1"),
            (Reach::Never, "198.18.0.1 198.19.255.255 192.88.99.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255"),
            (Reach::Never, ":: fe80::1 fec0::1 ff02::1 fd00:ec2::254 2001:db8::1 3fff::1 100::1 2001::1 2001:10::1 5f00::1"),
            (Reach::Never, "::ffff:8.8.8.8 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 2002:7f00:1::1"),
            (Reach::Never, "64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1"),
        ];
        for (expected, addresses) in table {
            for address in addresses.split(' ') {
                assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
            }
        }
    }
}
