//! A ready transport for Rust programs, on ureq.

use std::time::Duration;

use crate::shell::transport::{
    HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind,
};

/// Largest response body read, in bytes.
const MAX_RESPONSE_BYTES: u64 = 32 << 20;

/// Calls a server over HTTP or HTTPS.
#[derive(Debug, Clone)]
pub struct UreqTransport {
    agent: ureq::Agent,
    base: String,
}

impl UreqTransport {
    /// A transport to this server, for example `https://gridfold.example`.
    #[must_use]
    pub fn new(base_url: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A redirect is nobody's word, and what is sent is for this server alone.
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .new_agent();
        Self {
            agent,
            base: base_url.trim_end_matches('/').to_owned(),
        }
    }
}

fn kind(error: &ureq::Error) -> TransportErrorKind {
    match error {
        ureq::Error::Timeout(_) => TransportErrorKind::Timeout,
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => TransportErrorKind::Tls,
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => {
            TransportErrorKind::Unreachable
        }
        ureq::Error::Io(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => {
            TransportErrorKind::Unreachable
        }
        _ => TransportErrorKind::Interrupted,
    }
}

impl Transport for UreqTransport {
    fn call(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let failed = |e: &ureq::Error| TransportError { kind: kind(e) };
        let url = format!("{}{}", self.base, request.path);
        let mut response = if request.method == "GET" {
            let mut call = self.agent.get(&url);
            for (name, value) in &request.headers {
                call = call.header(name, value);
            }
            call.call().map_err(|e| failed(&e))?
        } else {
            let mut call = self.agent.post(&url);
            for (name, value) in &request.headers {
                call = call.header(name, value);
            }
            call.send(&request.body[..]).map_err(|e| failed(&e))?
        };
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .filter_map(|(n, v)| Some((n.as_str().to_owned(), v.to_str().ok()?.to_owned())))
            .collect();
        let body = response
            .body_mut()
            .with_config()
            .limit(MAX_RESPONSE_BYTES)
            .read_to_vec()
            .map_err(|e| failed(&e))?;
        Ok(HttpResponse {
            status,
            headers,
            body,
        })
    }
    fn knocks(&self) -> bool {
        true
    }
}
