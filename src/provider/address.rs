//! Which addresses the operator connects to: a pure function over one resolved address.
//!
//! Who may write a server object may choose the address that the operator connects to, from inside the cluster and
//! with its network rights. So addresses where no authorization server of others can be, and where much harm can be
//! done (loopback, link-local, metadata services), are refused for everybody, and private ones for the servers of one
//! namespace. An IPv4 address that hides in an IPv6 one is judged as what it is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network, such as `10.1.0.0/16`.
pub type Cidr = ipnet::IpNet;

/// What the operator's own flags allow beyond the rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EgressRules {
    /// `--allow-loopback`: loopback addresses, for tests and sidecars.
    pub allow_loopback: bool,
    /// `--allowed-cidrs`: networks that are allowed although a rule refuses them.
    pub allowed_cidrs: Vec<Cidr>,
}

/// What an address is, as far as that is a reason to refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// This host itself.
    Loopback,
    /// The same link only; the metadata services of most clouds are there.
    LinkLocal,
    /// The metadata service of a cloud, which hands out credentials.
    Metadata,
    /// Stands for any address, and reaches this host.
    Unspecified,
    /// Many receivers.
    Multicast,
    /// Every host of the link.
    Broadcast,
    /// For examples in documents, never in use.
    Documentation,
    /// Not for general use: protocol assignments, benchmarks, future use and the like.
    Reserved,
    /// Hides an IPv4 address in a way that only the network itself knows.
    LocalTranslation,
    /// RFC 1918, shared (CGNAT), unique local or site-local; refused for the servers of one namespace only.
    Private,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Loopback => "a loopback address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "the address of a cloud's metadata service",
            Self::Unspecified => "an unspecified address",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "a broadcast address",
            Self::Documentation => "an address for documentation",
            Self::Reserved => "a reserved address",
            Self::LocalTranslation => "an address of local translation to IPv4",
            Self::Private => "a private address, which a server of one namespace may not have",
        }
    }

    /// No server can be there, so there is nothing to allow.
    fn is_hopeless(self) -> bool {
        matches!(self, Self::Unspecified | Self::Multicast | Self::Broadcast)
    }
}

/// An address that is not connected to, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The address.
    pub address: IpAddr,
    /// What it is.
    pub kind: Kind,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its address {} is {}", self.address, self.kind.name())?;
        match self.kind {
            kind if kind.is_hopeless() => Ok(()),
            Kind::Loopback => f.write_str(
                "; the operator's flag --allow-loopback (chart value egress.allowLoopback) would allow it",
            ),
            Kind::Metadata => f.write_str(
                "; only that very address in the operator's flag --allowed-cidrs (chart value egress.allowedCIDRs) \
                 would allow it",
            ),
            _ => f.write_str(
                "; the operator's flag --allowed-cidrs (chart value egress.allowedCIDRs) would allow it",
            ),
        }
    }
}

impl std::error::Error for Refused {}

/// Whether the operator may connect to `address` for a server; `namespaced` says that tenants choose it.
pub fn check(address: IpAddr, namespaced: bool, rules: &EgressRules) -> Result<(), Refused> {
    let Some(kind) = kind(address) else { return Ok(()) };
    if kind == Kind::Private && !namespaced {
        return Ok(());
    }
    let allowed = match kind {
        _ if kind.is_hopeless() => false,
        Kind::Loopback => rules.allow_loopback || is_in(address, &rules.allowed_cidrs),
        // A wide network is meant for other addresses than this.
        Kind::Metadata => is_in(
            address,
            rules
                .allowed_cidrs
                .iter()
                .filter(|cidr| cidr.prefix_len() == cidr.max_prefix_len()),
        ),
        _ => is_in(address, &rules.allowed_cidrs),
    };
    if allowed {
        Ok(())
    } else {
        Err(Refused { address, kind })
    }
}

fn is_in<'a>(address: IpAddr, cidrs: impl IntoIterator<Item = &'a Cidr>) -> bool {
    let plain = address.to_canonical();
    cidrs
        .into_iter()
        .any(|cidr| cidr.contains(&address) || cidr.contains(&plain))
}

/// What an address is; `None` for one that is good for everybody.
pub fn kind(address: IpAddr) -> Option<Kind> {
    match address {
        IpAddr::V4(v4) => kind_v4(v4),
        IpAddr::V6(v6) => kind_v6(v6),
    }
}

fn kind_v4(address: Ipv4Addr) -> Option<Kind> {
    let kind = match address.octets() {
        // AWS, Google, Azure and others; Alibaba; Oracle; Azure's WireServer.
        [169, 254, 169, 254] | [100, 100, 100, 200] | [192, 0, 0, 192] | [168, 63, 129, 16] => Kind::Metadata,
        [0, 0, 0, 0] => Kind::Unspecified,
        [255, 255, 255, 255] => Kind::Broadcast,
        [127, ..] => Kind::Loopback,
        [169, 254, ..] => Kind::LinkLocal,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Kind::Private,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Kind::Documentation,
        [224..=239, ..] => Kind::Multicast,
        // This network; protocol assignments; relays of 6to4; benchmarks; future use.
        [0 | 240..=255, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [198, 18..=19, ..] => Kind::Reserved,
        _ => return None,
    };
    Some(kind)
}

fn kind_v6(address: Ipv6Addr) -> Option<Kind> {
    let segments = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    let kind = match segments {
        // AWS; Google.
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254] | [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254] => Kind::Metadata,
        [0, 0, 0, 0, 0, 0, 0, 0] => Kind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Loopback,
        // IPv4-mapped; NAT64 (RFC 6052): judged as the IPv4 address.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => {
            return kind_v4(v4(high, low));
        }
        // IPv4-compatible and IPv4-translated, both long out of use.
        [0, 0, 0, 0, 0 | 0xffff, 0, high, low] => kind_v4(v4(high, low)).unwrap_or(Kind::Reserved),
        // Where the IPv4 address is in it depends on a prefix that only that network knows (RFC 8215).
        [0x0064, 0xff9b, 1, ..] => Kind::LocalTranslation,
        // 6to4.
        [0x2002, high, low, ..] => return kind_v4(v4(high, low)),
        // Teredo: its server, and its client in disguise.
        [0x2001, 0, server_high, server_low, _, _, high, low] => {
            return kind_v4(v4(server_high, server_low)).or_else(|| kind_v4(v4(!high, !low)));
        }
        [0xfe80..=0xfebf, ..] => Kind::LinkLocal,
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Kind::Private,
        [0xff00..=0xffff, ..] => Kind::Multicast,
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Kind::Documentation,
        // Discard; benchmarks; ORCHID, both versions; segment routing.
        [0x0100, 0, 0, 0, ..] | [0x2001, 0x0002, 0, ..] | [0x2001, 0x0010..=0x002f, ..] | [0x5f00, ..] => {
            Kind::Reserved
        }
        // Global unicast is handed out from here only.
        [0x2000..=0x3fff, ..] => return None,
        _ => Kind::Reserved,
    };
    Some(kind)
}

#[cfg(test)]
mod tests;
