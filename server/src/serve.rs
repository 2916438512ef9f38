//! Serving: sockets, TLS, header timeouts, and an end that finishes what was begun.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::acts::plans::make_ahead;
use crate::client_address::read_proxy_header;
use crate::clock::CLOCK_NOTED_EVERY;
use crate::config::ProxyHeader;
use crate::metrics::Metrics;
use crate::middleware::UnderWay;
use crate::node::Node;
use crate::paced::Paced;
use crate::redirect;
use crate::router;
use crate::routes::Api;
use crate::routes::reports::{RUN_DUE_EVERY, make_due};
use crate::tls::{Certificate, Renewal, TlsError};
use crate::unread;

/// How often it is looked for redrawings of grids that are due.
const REDRAWN_EVERY: Duration = Duration::from_secs(1);
/// Connections held at once; past it new ones wait to be accepted.
pub const MAX_CONNECTIONS: usize = 8_192;
/// Connections of one address; past it new ones are closed.
pub const MAX_CONNECTIONS_PER_ADDRESS: usize = MAX_CONNECTIONS / 2;
/// Requests one HTTP/2 connection may have under way.
pub const MAX_STREAMS_PER_CONNECTION: u32 = 128;
/// How often the server makes what plans say that it makes.
const PLANS_MADE_EVERY: Duration = Duration::from_secs(600);
/// How often the files of the certificate are looked at.
const CERTIFICATE_READ_EVERY: Duration = Duration::from_secs(60);
/// After a failure to accept, as when there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}. Is another server running there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Certificate or key cannot be used.
    #[error("TLS cannot be used: {0}")]
    Tls(#[from] TlsError),
    /// A metric has a wrong name: a defect of this build.
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    /// Where.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// What its routes share.
    pub api: Api,
    /// Where plain HTTP is sent on from.
    pub redirecting: Option<SocketAddr>,
    certificate: Option<Arc<Certificate>>,
    stop: watch::Sender<bool>,
    accepting: Vec<JoinHandle<()>>,
}

impl Server {
    /// Listens on an address, by TLS when the configuration names a certificate.
    ///
    /// # Errors
    /// When the address or the certificate cannot be used.
    pub async fn start(node: Arc<Node>, address: SocketAddr) -> Result<Self, ServeError> {
        Self::start_with(node, address, Router::new()).await
    }

    /// The same with more routes of the caller's.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn start_with(
        node: Arc<Node>,
        address: SocketAddr,
        more: Router<Api>,
    ) -> Result<Self, ServeError> {
        let settings = node.config.server.clone();
        let certificate = match (settings.tls_cert, settings.tls_key) {
            (Some(chain), Some(key)) => Some(Certificate::read(chain, key)?),
            _ => None,
        };
        let tls = certificate
            .as_ref()
            .map(Certificate::acceptor)
            .transpose()?;
        let (listener, address) = bind(address).await?;
        let (stop, stopping) = watch::channel(false);
        let connection = Connection {
            tls,
            node: Arc::clone(&node),
            header_timeout: Duration::from_secs(settings.header_timeout_s),
        };
        let grace = Duration::from_secs(settings.shutdown_grace_s);
        let mut accepting = Vec::new();
        let mut redirecting = None;
        if let Some(from) = settings.redirect_http {
            let (listener, at) = bind(from).await?;
            redirecting = Some(at);
            let plain = Connection {
                tls: None,
                ..connection.clone()
            };
            let app = redirect::routes(&node.config);
            let ended = stopping.clone();
            accepting.push(tokio::spawn(accept(listener, plain, app, ended, grace)));
        }
        let api = Api::new(Arc::clone(&node), Metrics::new()?, stopping.clone());
        let app = router::build_with(api.clone(), more);
        let now = Duration::ZERO;
        let own = |times, work: fn(&Node, &watch::Receiver<bool>)| {
            let (node, stops) = (Arc::clone(&node), stopping.clone());
            let work = move || work(&node, &stops);
            tokio::spawn(at_times(times, stopping.clone(), work));
        };
        own((now, CLOCK_NOTED_EVERY), |node, _| node.note_clock());
        own((now, REDRAWN_EVERY), redraw);
        own((now, RUN_DUE_EVERY), |node, _| {
            make_due(node, node.clock.now())
        });
        // A server that has just started has its clock looked at first.
        own((PLANS_MADE_EVERY, PLANS_MADE_EVERY), |node, _| {
            make_planned(node)
        });
        if let Some(certificate) = &certificate {
            let certificate = Arc::clone(certificate);
            let work = move || renew(&certificate);
            tokio::spawn(at_times(
                (now, CERTIFICATE_READ_EVERY),
                stopping.clone(),
                work,
            ));
        }
        accepting.push(tokio::spawn(accept(
            listener, connection, app, stopping, grace,
        )));
        Ok(Self {
            address,
            tls: certificate.is_some(),
            api,
            redirecting,
            certificate,
            stop,
            accepting,
        })
    }

    /// Reads the files of the certificate again, for new connections; those there are go on. False when there is none.
    pub fn renew_certificate(&self) -> bool {
        let Some(certificate) = &self.certificate else {
            return false;
        };
        renew(certificate);
        true
    }

    /// Stops accepting, lets what is under way finish for as long as the configuration grants, and stops the node.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for accepting in self.accepting {
            let _ = accepting.await;
        }
        let node = Arc::clone(&self.api.node);
        let _ = tokio::task::spawn_blocking(move || node.shutdown()).await;
    }
}

#[derive(Clone)]
struct Connection {
    tls: Option<TlsAcceptor>,
    node: Arc<Node>,
    header_timeout: Duration,
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let listen = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let bound = listener.local_addr().map_err(listen)?;
    Ok((listener, bound))
}

fn renew(certificate: &Certificate) {
    match certificate.renew() {
        Renewal::Unchanged => {}
        Renewal::Renewed => tracing::info!("the certificate was renewed"),
        Renewal::Unusable(error) => tracing::warn!(
            reason = %error,
            "the new certificate cannot be used; the one of before is served until its files can"
        ),
    }
}

async fn accept(
    listener: TcpListener,
    connection: Connection,
    app: Router,
    mut stopping: watch::Receiver<bool>,
    grace: Duration,
) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let addresses = UnderWay::default();
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            break;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stopping) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(reason = %error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // A proxy brings everybody's.
        let most = match connection
            .node
            .config
            .server
            .trusted_proxies
            .contains(peer.ip())
        {
            true => MAX_CONNECTIONS,
            false => MAX_CONNECTIONS_PER_ADDRESS,
        };
        let Some(one) = addresses.begin(peer.ip().to_canonical(), most) else {
            // Whoever is behind it may try again; others are not kept out.
            continue;
        };
        let (connection, app, watcher) = (connection.clone(), app.clone(), graceful.watcher());
        tokio::spawn(async move {
            connection.serve(stream, peer, app, watcher).await;
            drop((place, one));
        });
    }
    drop(listener);
    if tokio::time::timeout(grace, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests under way did not finish in time and were cut off");
    }
}

/// Does something of the server's own again and again, until it stops: `after` it has started, then `every` so often,
/// never twice at once.
async fn at_times(
    (after, every): (Duration, Duration),
    mut stopping: watch::Receiver<bool>,
    work: impl Fn() + Send + Sync + 'static,
) {
    let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + after, every);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let work = Arc::new(work);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stopped(&mut stopping) => return,
        }
        let work = Arc::clone(&work);
        if let Err(error) = tokio::task::spawn_blocking(move || work()).await {
            tracing::error!(%error, "what the server does by itself ended; it is tried again");
        }
    }
}

/// Makes the tasks of plans that say that the server does. Whoever needs one before begins it.
fn make_planned(node: &Node) {
    match make_ahead(node, node.clock.now()) {
        Ok(making) if making.made + making.left > 0 => {
            tracing::info!(made = making.made, left = making.left, "plans made tasks");
        }
        Ok(_) => {}
        Err(problem) => {
            tracing::warn!(
                code = problem.code.as_str(),
                "plans could not make all tasks"
            );
        }
    }
}

/// Does what is due of the redrawings of grids.
fn redraw(node: &Node, stopping: &watch::Receiver<bool>) {
    if let Err(problem) = crate::acts::redraw::turn(node, &|| *stopping.borrow()) {
        tracing::warn!(
            code = problem.code.as_str(),
            "a redrawing of grids waits: it goes on at the next turn"
        );
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Whoever would tell is gone: the server has stopped.
    let _ = stopping.wait_for(|stop| *stop).await;
}

impl Connection {
    /// The client of a connection, as a proxy that is to say so says before everything else.
    ///
    /// None when it does not: such a connection is nobody's.
    async fn client(&self, stream: &mut TcpStream, peer: SocketAddr) -> Option<SocketAddr> {
        let settings = &self.node.config.server;
        if settings.proxy_header != ProxyHeader::ProxyProtocol
            || !settings.trusted_proxies.contains(peer.ip())
        {
            return Some(peer);
        }
        match tokio::time::timeout(self.header_timeout, read_proxy_header(stream)).await {
            Ok(Ok(client)) => Some(client.unwrap_or(peer)),
            Ok(Err(error)) => {
                tracing::warn!(reason = %error, "a connection was closed");
                None
            }
            Err(_) => None,
        }
    }

    async fn serve(self, mut stream: TcpStream, peer: SocketAddr, app: Router, watcher: Watcher) {
        let _ = stream.set_nodelay(true);
        let Some(peer) = self.client(&mut stream, peer).await else {
            return;
        };
        let stream = Paced::new(stream);
        let Some(tls) = &self.tls else {
            return self.speak(stream, peer, app, watcher, false).await;
        };
        // A handshake that does not end is cut off like a header that does not.
        let Ok(Ok(stream)) = tokio::time::timeout(self.header_timeout, tls.accept(stream)).await
        else {
            return;
        };
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        self.speak(stream, peer, app, watcher, h2).await;
    }

    /// The version is known beforehand, so that no connection waits in the guessing of it.
    async fn speak<S>(&self, stream: S, peer: SocketAddr, app: Router, watcher: Watcher, h2: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder = if h2 {
            builder.http2_only()
        } else {
            builder.http1_only()
        };
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS_PER_CONNECTION)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(self.header_timeout);
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let (request, unread) = unread::lend(request);
            let answer = app.clone().oneshot(request);
            async move { Ok::<_, Infallible>(unread.settle(answer.await?).await) }
        });
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        // What a peer does wrong on its own connection is no matter of the server's.
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(reason = %error, "a connection ended early");
        }
    }
}
