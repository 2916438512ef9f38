//! Whose address a request is of: the peer's, or the one that a trusted proxy names.
//!
//! What enters: the peer of a connection, what a proxy wrote, and which proxies are trusted. What leaves: one address, for limits and delays. What never happens here: believing anybody who is not named in the configuration, or reading more than one way of saying it.

use std::io;
use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header};
use ppp::{HeaderResult, v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::config::{ProxyHeader, ServerConfig, TrustedProxies};

/// Entries of a header that are looked at, from the last: more proxies in a row are nobody's.
pub const MAX_PROXY_HOPS: usize = 16;
/// The longest line of version 1 of the PROXY protocol, as it is specified.
const PROXY_V1_MAX_BYTES: usize = 107;
/// More than the addresses of version 2 with its additions take.
const PROXY_V2_MAX_BYTES: usize = 2_048;
const PROXY_V2_HEAD_BYTES: usize = 16;
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client's address of a request that came from `peer`.
///
/// A proxy appends whom it was asked by, so the list is walked from its end, past trusted proxies; the first that is none is the client. An entry that is no address ends the walk at the proxy that passed it on.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, settings: &ServerConfig) -> IpAddr {
    let named = match settings.proxy_header {
        // It stands before the request; the peer is the client's already.
        ProxyHeader::ProxyProtocol => return peer.to_canonical(),
        ProxyHeader::XForwardedFor => listed(headers, &X_FORWARDED_FOR, |entry| Some(entry)),
        ProxyHeader::Forwarded => listed(headers, &header::FORWARDED, forwarded_for),
    };
    walk(peer, &named, &settings.trusted_proxies)
}

fn walk(peer: IpAddr, named: &[Option<IpAddr>], trusted: &TrustedProxies) -> IpAddr {
    let mut client = peer.to_canonical();
    for entry in named.iter().rev().take(MAX_PROXY_HOPS) {
        if !trusted.contains(client) {
            break;
        }
        match entry {
            Some(address) => client = address.to_canonical(),
            None => break,
        }
    }
    client
}

fn listed(
    headers: &HeaderMap,
    name: &HeaderName,
    entry: impl Fn(&str) -> Option<&str>,
) -> Vec<Option<IpAddr>> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("").split(','))
        .map(|text| entry(text.trim()).and_then(read_address))
        .collect()
}

/// The `for` of one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<&str> {
    element
        .split(';')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))
        .map(|(_, value)| value.trim().trim_matches('"'))
}

/// An address as proxies write it: bare, with a port, in brackets.
fn read_address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

/// Reads the PROXY protocol's header and nothing after it. None where the proxy asks for itself, as to see whether the server lives.
///
/// # Errors
/// When there is none: a proxy that is to send it and does not is set up wrongly, and whose connection this is cannot be told.
pub async fn read_proxy_header<S: AsyncRead + Unpin>(
    stream: &mut S,
) -> io::Result<Option<SocketAddr>> {
    let mut head = vec![0; v2::PROTOCOL_PREFIX.len()];
    stream.read_exact(&mut head).await?;
    if head == v2::PROTOCOL_PREFIX {
        head.resize(PROXY_V2_HEAD_BYTES, 0);
        stream
            .read_exact(&mut head[v2::PROTOCOL_PREFIX.len()..])
            .await?;
        let length = usize::from(u16::from_be_bytes([head[14], head[15]]));
        if length > PROXY_V2_MAX_BYTES {
            return Err(not_one());
        }
        head.resize(PROXY_V2_HEAD_BYTES + length, 0);
        stream.read_exact(&mut head[PROXY_V2_HEAD_BYTES..]).await?;
    } else if head.starts_with(v1::PROTOCOL_PREFIX.as_bytes()) {
        while !head.ends_with(b"\n") {
            if head.len() == PROXY_V1_MAX_BYTES {
                return Err(not_one());
            }
            head.push(stream.read_u8().await?);
        }
    } else {
        return Err(not_one());
    }
    match HeaderResult::parse(&head) {
        HeaderResult::V1(Ok(header)) => Ok(match header.addresses {
            v1::Addresses::Tcp4(a) => Some((a.source_address, a.source_port).into()),
            v1::Addresses::Tcp6(a) => Some((a.source_address, a.source_port).into()),
            v1::Addresses::Unknown => None,
        }),
        HeaderResult::V2(Ok(header)) => Ok(match (header.command, header.addresses) {
            (v2::Command::Proxy, v2::Addresses::IPv4(a)) => {
                Some((a.source_address, a.source_port).into())
            }
            (v2::Command::Proxy, v2::Addresses::IPv6(a)) => {
                Some((a.source_address, a.source_port).into())
            }
            (v2::Command::Local, _)
            | (v2::Command::Proxy, v2::Addresses::Unspecified | v2::Addresses::Unix(_)) => None,
        }),
        HeaderResult::V1(Err(_)) | HeaderResult::V2(Err(_)) => Err(not_one()),
    }
}

fn not_one() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a trusted proxy sent no header of the PROXY protocol",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(settings: &str, peer: &str, name: &HeaderName, values: &[&str], expected: &str) {
        let config = crate::config::Config::parse(settings, []);
        let config = config.unwrap_or_else(|e| unreachable!("{e}"));
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap_or_else(|_| unreachable!()));
        }
        let peer = peer.parse().unwrap_or_else(|_| unreachable!());
        let found = client_address(peer, &headers, &config.server);
        assert_eq!(found.to_string(), expected, "{values:?}");
    }

    const BEHIND: &str = "[server]\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\n";

    #[test]
    fn only_a_trusted_proxy_names_another_address() {
        let xff = &X_FORWARDED_FOR;
        check("", "127.0.0.1", xff, &["198.51.100.7"], "127.0.0.1");
        check(BEHIND, "203.0.113.5", xff, &["198.51.100.7"], "203.0.113.5");
        check(BEHIND, "127.0.0.1", xff, &["198.51.100.7"], "198.51.100.7");
        check(
            BEHIND,
            "::ffff:127.0.0.1",
            xff,
            &["198.51.100.7:4711"],
            "198.51.100.7",
        );
        check(BEHIND, "127.0.0.1", xff, &[], "127.0.0.1");
    }

    #[test]
    fn what_a_client_wrote_before_its_proxy_did_is_passed_over() {
        let xff = &X_FORWARDED_FOR;
        check(
            BEHIND,
            "127.0.0.1",
            xff,
            &["8.8.8.8, 198.51.100.7"],
            "198.51.100.7",
        );
        check(
            BEHIND,
            "127.0.0.1",
            xff,
            &["8.8.8.8", "198.51.100.7, 10.1.2.3"],
            "198.51.100.7",
        );
        check(
            BEHIND,
            "127.0.0.1",
            xff,
            &["198.51.100.7, unknown, 10.1.2.3"],
            "10.1.2.3",
        );
        check(
            BEHIND,
            "127.0.0.1",
            &header::FORWARDED,
            &["for=198.51.100.7"],
            "127.0.0.1",
        );
    }

    #[test]
    fn the_standard_header_is_read_in_all_its_forms() {
        let with = format!("{BEHIND}proxy_header = \"forwarded\"\n");
        let forwarded = &header::FORWARDED;
        for (value, expected) in [
            ("for=198.51.100.7;proto=https;by=10.0.0.1", "198.51.100.7"),
            ("proto=https; For=\"198.51.100.7:4711\"", "198.51.100.7"),
            ("for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            (
                "for=\"[2001:db8:cafe::17]\", for=10.0.0.9",
                "2001:db8:cafe::17",
            ),
            ("for=_hidden", "127.0.0.1"),
        ] {
            check(&with, "127.0.0.1", forwarded, &[value], expected);
        }
        check(
            &with,
            "127.0.0.1",
            &X_FORWARDED_FOR,
            &["8.8.8.8"],
            "127.0.0.1",
        );
    }
}
