//! TLS by the binary itself: a certificate that is renewed without a restart, and plain HTTP that sends on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

struct Served {
    child: Child,
    /// What it writes about itself.
    lines: BufReader<ChildStderr>,
    tls: String,
    plain: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    fn start(dir: &Path) -> Self {
        let data = dir.join("data");
        let gridfold = |args: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_gridfold"));
            command
                .args(args)
                .env("GRIDFOLD_DATA", &data)
                .env("GRIDFOLD_LOG_MIN_FREE_MIB", "16")
                .env("GRIDFOLD_SERVER_LISTEN", "127.0.0.1:0")
                .env("GRIDFOLD_SERVER_TLS_CERT", dir.join("chain.pem"))
                .env("GRIDFOLD_SERVER_TLS_KEY", dir.join("key.pem"))
                .env("GRIDFOLD_SERVER_REDIRECT_HTTP", "127.0.0.1:0")
                .env("GRIDFOLD_SERVER_PUBLIC_URL", "https://grid.example.org/")
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            command
        };
        let init = gridfold(&["init"]).output().unwrap();
        assert!(init.status.success());
        let mut child = gridfold(&["serve"]).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut after = |word: &str| {
            let line = said.next().unwrap().unwrap();
            line.strip_prefix(word)
                .unwrap_or_else(|| panic!("{line}"))
                .to_owned()
        };
        let tls = after("listening on https://");
        let plain = after("sending on from http://");
        let lines = BufReader::new(child.stderr.take().unwrap());
        Self {
            child,
            lines,
            tls,
            plain,
        }
    }

    /// Tells it to look at its certificate, and waits until it has said what it found.
    fn hang_up(&mut self, expected: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-HUP", &pid]).status().unwrap();
        assert!(sent.success());
        let mut line = String::new();
        while !line.contains(expected) {
            line.clear();
            let read = self.lines.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "it ended without {expected:?}");
        }
    }

    /// The certificate it shows to somebody who trusts these.
    fn shown(&self, trusted: &[&CertifiedKey<KeyPair>]) -> CertificateDer<'static> {
        let mut roots = RootCertStore::empty();
        for one in trusted {
            roots.add(one.cert.der().clone()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("grid.example.org").unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut socket = TcpStream::connect(&self.tls).unwrap();
        while client.is_handshaking() {
            client.complete_io(&mut socket).unwrap();
        }
        client.peer_certificates().unwrap()[0].clone()
    }
}

fn made() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["grid.example.org".to_owned()]).unwrap()
}

fn write_chain(dir: &Path, of: &CertifiedKey<KeyPair>) {
    std::fs::write(dir.join("chain.pem"), of.cert.pem()).unwrap();
}

fn write_key(dir: &Path, of: &CertifiedKey<KeyPair>) {
    std::fs::write(dir.join("key.pem"), of.signing_key.serialize_pem()).unwrap();
}

#[test]
fn a_renewed_certificate_is_served_without_a_restart_and_half_a_renewal_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (made(), made());
    write_chain(dir.path(), &old);
    write_key(dir.path(), &old);
    let mut server = Served::start(dir.path());
    assert_eq!(server.shown(&[&old, &new]), *old.cert.der());

    // The new certificate lies beside the old key.
    write_chain(dir.path(), &new);
    server.hang_up("the new certificate cannot be used");
    assert_eq!(server.shown(&[&old, &new]), *old.cert.der());

    write_key(dir.path(), &new);
    server.hang_up("the certificate was renewed");
    assert_eq!(server.shown(&[&old, &new]), *new.cert.der());
    assert!(server.child.try_wait().unwrap().is_none());
}

#[test]
fn plain_http_is_sent_on_to_the_public_address_and_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let certificate = made();
    write_chain(dir.path(), &certificate);
    write_key(dir.path(), &certificate);
    let server = Served::start(dir.path());
    let ask = |request: &str| {
        let mut socket = TcpStream::connect(&server.plain).unwrap();
        let rest = "host: evil.example\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        write!(socket, "{request} HTTP/1.1\r\n{rest}").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    };
    for (path, to) in [
        ("/m/?x=1", "https://grid.example.org/m/?x=1"),
        (
            "//evil.example/m/",
            "https://grid.example.org/evil.example/m/",
        ),
    ] {
        let answer = ask(&format!("GET {path}"));
        assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
        assert!(answer.contains(&format!("location: {to}\r\n")), "{answer}");
    }
    // A password that came in the clear is not sent on; whoever sent it is told.
    let answer = ask("POST /v1/session");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(
        answer.contains("未经加密") && !answer.contains("location"),
        "{answer}"
    );
}

#[test]
fn sending_on_needs_a_certificate() {
    let said =
        gridfold_server::config::Config::parse("[server]\nredirect_http = \"127.0.0.1:80\"\n", []);
    let said = said.unwrap_err().to_string();
    assert!(
        said.contains("`server.redirect_http` and `server.tls_cert`"),
        "{said}"
    );
}
