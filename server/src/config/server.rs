//! Listening, TLS and waiting.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;

use super::section::{Given, Setting, choice, read_list, section};

choice! {
    /// How a trusted proxy says whom it asks for. One way only: a proxy that writes one header passes the others on as its client wrote them.
    ProxyHeader ("x-forwarded-for, forwarded or proxy-protocol") {
        /// The header `X-Forwarded-For`.
        XForwardedFor = "x-forwarded-for",
        /// The header `Forwarded` of RFC 7239.
        Forwarded = "forwarded",
        /// Version 1 or 2 of the PROXY protocol, before anything else on the connection.
        ProxyProtocol = "proxy-protocol",
    }
}

/// Networks of proxies whose word about addresses counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Whether an address is one of theirs.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }
    /// Whether none is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Setting for TrustedProxies {
    const EXPECTED: &'static str =
        "a list of addresses or networks such as [\"127.0.0.1\", \"10.0.0.0/8\"]";
    fn from_text(text: &str) -> Option<Self> {
        let nets = text.split(',').map(str::trim).filter(|t| !t.is_empty());
        nets.map(|net| {
            net.parse()
                .or_else(|_| net.parse::<IpAddr>().map(IpNet::from))
                .ok()
        })
        .collect::<Option<Vec<_>>>()
        .map(Self)
    }
    fn to_toml(&self) -> Option<toml::Value> {
        let nets = self.0.iter().map(|n| toml::Value::String(n.to_string()));
        Some(toml::Value::Array(nets.collect()))
    }
    fn read(given: Given<'_>) -> Option<Self> {
        read_list(given)
    }
}

section! {
    /// Where the server listens and how long it waits.
    ServerConfig "server" {
        /// The address and port to listen on. The default is reachable from this machine only.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8420)), "address:port";
        /// The certificate chain. Needs `tls_key`. Without both, something in front of the server must do TLS. Both are read again every minute and at SIGHUP.
        tls_cert: Option<PathBuf> = None, "path of a PEM file";
        /// The private key of the certificate.
        tls_key: Option<PathBuf> = None, "path of a PEM file";
        /// A second address, of plain HTTP, which only sends browsers on to `public_url`. Needs `tls_cert`.
        redirect_http: Option<SocketAddr> = None, "address:port";
        /// The address devices and people use, as in QR codes. Derived from `listen` when unset.
        public_url: Option<String> = None, "URL";
        /// Proxies in front of this server, by address or network. Only their word about whom they ask for counts; from everybody else it is passed over.
        trusted_proxies: TrustedProxies = TrustedProxies::default(), "list of addresses";
        /// How those proxies say it.
        proxy_header: ProxyHeader = ProxyHeader::XForwardedFor, "x-forwarded-for, forwarded or proxy-protocol";
        /// How long one request may take.
        request_timeout_s: u64 = 30, "seconds", 1..=3_600;
        /// How long a client may take to send its request header.
        header_timeout_s: u64 = 10, "seconds", 1..=600;
        /// How long requests under way may finish after the server was told to stop.
        shutdown_grace_s: u64 = 20, "seconds", 0..=3_600;
    }
}
