//! Listening, TLS and waiting.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::section::section;

section! {
    /// Where the server listens and how long it waits.
    ServerConfig "server" {
        /// The address and port to listen on. The default is reachable from this machine only.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 8420)), "address:port";
        /// The certificate chain. Needs `tls_key`. Without both, something in front of the server must do TLS.
        tls_cert: Option<PathBuf> = None, "path of a PEM file";
        /// The private key of the certificate.
        tls_key: Option<PathBuf> = None, "path of a PEM file";
        /// The address devices and people use, as in QR codes. Derived from `listen` when unset.
        public_url: Option<String> = None, "URL";
        /// How long one request may take.
        request_timeout_s: u64 = 30, "seconds", 1..=3_600;
        /// How long a client may take to send its request header.
        header_timeout_s: u64 = 10, "seconds", 1..=600;
        /// How long requests under way may finish after the server was told to stop.
        shutdown_grace_s: u64 = 20, "seconds", 0..=3_600;
    }
}
