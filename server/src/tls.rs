//! The server's certificate: read at the start, and again when its files have changed.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsAcceptor;

/// Why certificate and key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct TlsError {
    what: &'static str,
    reason: String,
}

impl TlsError {
    fn new(what: &'static str, reason: impl fmt::Display) -> Self {
        let reason = reason.to_string();
        Self { what, reason }
    }
}

/// What became of another look at the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// They say what they said before.
    Unchanged,
    /// New connections get the new certificate.
    Renewed,
    /// What they say now cannot be used; the certificate of before is served on.
    Unusable(TlsError),
}

/// Certificate and key of the configuration.
#[derive(Debug)]
pub(crate) struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    served: RwLock<Served>,
}

#[derive(Debug)]
struct Served {
    key: Arc<CertifiedKey>,
    /// The files as they were last read, also when they could not be used.
    read: [u8; 32],
}

impl Certificate {
    /// Reads both files.
    pub(crate) fn read(chain: PathBuf, key: PathBuf) -> Result<Arc<Self>, TlsError> {
        let (chain_pem, key_pem) = pems(&chain, &key)?;
        let served = RwLock::new(Served {
            key: certified(&chain_pem, &key_pem)?,
            read: hash(&chain_pem, &key_pem),
        });
        Ok(Arc::new(Self { chain, key, served }))
    }

    /// Reads them again. A renewal that is half written, as a new certificate beside the old key, changes nothing.
    pub(crate) fn renew(&self) -> Renewal {
        let (chain_pem, key_pem) = match pems(&self.chain, &self.key) {
            Ok(pems) => pems,
            Err(error) => return Renewal::Unusable(error),
        };
        let read = hash(&chain_pem, &key_pem);
        if self.served.read().read == read {
            return Renewal::Unchanged;
        }
        let found = certified(&chain_pem, &key_pem);
        let mut served = self.served.write();
        served.read = read;
        match found {
            Ok(key) => {
                served.key = key;
                Renewal::Renewed
            }
            Err(error) => Renewal::Unusable(error),
        }
    }

    /// Speaks TLS with it.
    pub(crate) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| TlsError::new("the protocol", e))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.served.read().key))
    }
}

fn pems(chain: &PathBuf, key: &PathBuf) -> Result<(Vec<u8>, Vec<u8>), TlsError> {
    let chain = std::fs::read(chain).map_err(|e| TlsError::new("the certificate file", e))?;
    let key = std::fs::read(key).map_err(|e| TlsError::new("the key file", e))?;
    Ok((chain, key))
}

fn hash(chain: &[u8], key: &[u8]) -> [u8; 32] {
    let of = Sha256::new().chain_update(Sha256::digest(chain));
    of.chain_update(Sha256::digest(key)).finalize().into()
}

fn certified(chain: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| TlsError::new("the certificate file", e))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|e| TlsError::new("the key file", e))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain, key, &provider)
        .map(Arc::new)
        .map_err(|e| TlsError::new("certificate and key", e))
}
