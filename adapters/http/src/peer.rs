//! Where a request comes from: the peer of its connection, or whom a listed proxy names.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whoever asks over a router that does not say who its peers are.
const UNKNOWN: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The address a request comes from. `X-Forwarded-For` is believed from the right, as long as those who wrote it are listed:
/// what a client puts there itself stands further left, and is not looked at.
pub(crate) fn peer_of(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let connected = extensions.get::<ConnectInfo<SocketAddr>>();
    let mut peer = connected.map_or(UNKNOWN, |ConnectInfo(address)| address.ip().to_canonical());
    let named = headers.get_all(X_FORWARDED_FOR);
    let named: Vec<&str> = named.iter().flat_map(|value| value.to_str().unwrap_or_default().split(',')).collect();
    let mut left = named.iter().rev();
    while is_listed(trusted, peer) {
        match left.next().and_then(|name| address(name.trim())) {
            Some(before) => peer = before,
            None => break,
        }
    }
    peer
}

fn is_listed(trusted: &[IpNet], peer: IpAddr) -> bool {
    trusted.iter().any(|net| net.contains(&peer))
}

/// An address, with a port or without.
fn address(name: &str) -> Option<IpAddr> {
    let ip = name.parse().ok().or_else(|| name.parse::<SocketAddr>().ok().map(|at| at.ip()));
    ip.map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(connected: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut extensions = Extensions::new();
        let connected: IpAddr = connected.parse().unwrap();
        extensions.insert(ConnectInfo(SocketAddr::new(connected, 4711)));
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        peer_of(&extensions, &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_listed() {
        assert_eq!(peer("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(peer("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
    }

    #[test]
    fn a_listed_proxy_names_its_peer_and_what_stands_left_of_that_is_the_clients_own_word() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(peer("10.1.1.1", &["198.51.100.1"], &trusted), "198.51.100.1");
        assert_eq!(peer("10.1.1.1", &["6.6.6.6, 198.51.100.1"], &trusted), "198.51.100.1");
        assert_eq!(peer("10.1.1.1", &["6.6.6.6", "198.51.100.1, 10.2.2.2"], &trusted), "198.51.100.1");
        assert_eq!(peer("fd00::1", &["[2001:db8::7]:443"], &trusted), "2001:db8::7");
        assert_eq!(peer("::ffff:10.1.1.1", &["198.51.100.1:80"], &trusted), "198.51.100.1");
    }

    #[test]
    fn what_cannot_be_read_is_the_last_hops_own() {
        assert_eq!(peer("10.1.1.1", &["198.51.100.1, nonsense"], &["10.0.0.0/8"]), "10.1.1.1");
        assert_eq!(peer("10.1.1.1", &[], &["10.0.0.0/8"]), "10.1.1.1");
        assert_eq!(peer_of(&Extensions::new(), &HeaderMap::new(), &[]), UNKNOWN);
    }
}
