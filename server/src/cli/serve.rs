//! `serve`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tracing_subscriber::EnvFilter;

use super::{Complaint, Context, Done, say};
use crate::config::{Config, LogFormat};
use crate::control;
use crate::log::{Log, OpenReport};
use crate::serve::Server;

/// Exit code of a server whose log takes no more writes, so that its unit starts it again.
const LOG_STOPPED_EXIT: u8 = 74;
/// Damaged items named one by one at a start.
const NAMED_AT_MOST: usize = 20;
/// How often a server looks whether its log still takes writes.
const LOG_LOOK_EVERY: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The address to listen on, instead of the configured one.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

/// Log lines go to stderr; stdout says where the server listens.
fn start_logging(config: &Config) -> Done {
    let filter = EnvFilter::try_new(&config.logging.level)
        .map_err(|_| Complaint::new("logging.level is neither a level nor a filter"))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    let started = match config.logging.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => lines.with_ansi(false).try_init(),
    };
    started.map_err(|e| Complaint::new(e.to_string()))
}

impl Serve {
    pub(super) fn run(self, mut context: Context) -> Done {
        if let Some(listen) = self.listen {
            context.config.server.listen = listen;
        }
        start_logging(&context.config)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let node = context.open()?;
        control::listen(&node);
        let listen = context.config.server.listen;
        if context.config.server.tls_cert.is_none() && !listen.ip().is_loopback() {
            tracing::warn!(
                "listening without TLS on an address others reach: put something that does TLS in front"
            );
        }
        tell(&node.report.log);
        let log = Arc::clone(&node.log);
        tracing::info!(
            views.rebuilt = node.report.views_rebuilt,
            caught_up = node.report.caught_up,
            "opened"
        );
        let done = runtime.block_on(async {
            let signals = Signals::heard()?;
            let server = Server::start(node, listen).await?;
            let scheme = if server.tls { "https" } else { "http" };
            say(&format!("listening on {scheme}://{}", server.address))?;
            if let Some(address) = server.redirecting {
                say(&format!("sending on from http://{address}"))?;
            }
            let failed = tokio::select! {
                told = signals.until_told(&server) => told.map(|()| None)?,
                what = until_stopped(log) => Some(what),
            };
            tracing::info!("stopping: what was taken is finished first");
            server.stop().await;
            tracing::info!("stopped");
            match failed {
                None => Ok(()),
                Some(what) => Err(Complaint::with_code(
                    LOG_STOPPED_EXIT,
                    format!(
                        "the log stopped taking writes: {what}. What was acknowledged is safe. Check the disk; \
                         the next start opens the log again"
                    ),
                )),
            }
        });
        // Streams of readers that never leave must not hold the process.
        runtime.shutdown_background();
        done
    }
}

/// What opening the log found, for whoever reads the server's own log.
fn tell(report: &OpenReport) {
    if let Some(kept) = &report.taken_over {
        tracing::info!(
            kept,
            "the log was taken over into segments; the store it was in is kept as a backup"
        );
    }
    if let Some(kept) = &report.kept {
        tracing::warn!(
            kept,
            "an end that was never acknowledged was cut off the log and is kept beside it"
        );
    }
    if report.mended > 0 {
        tracing::warn!(
            places = report.mended,
            "the log had changed on the disk and was mended; check the disk"
        );
    }
    if report.lost_bytes > 0 || !report.segments_gone.is_empty() {
        tracing::error!(
            bytes = report.lost_bytes,
            segments = ?report.segments_gone,
            "parts of the log cannot be read; run `gridfold heal`"
        );
    }
    for damage in report.damage.iter().take(NAMED_AT_MOST) {
        tracing::error!(
            item = damage.name(),
            reason = damage.reason,
            "a damaged item of the log is not served"
        );
    }
    if report.damage.len() > NAMED_AT_MOST {
        tracing::error!(
            items = report.damage.len(),
            "are damaged in all; `gridfold heal` names them"
        );
    }
}

/// Returns once the log takes no more writes, with why.
async fn until_stopped(log: Arc<dyn Log>) -> String {
    loop {
        tokio::time::sleep(LOG_LOOK_EVERY).await;
        if let Some(what) = log.stopped() {
            return what;
        }
    }
}

/// What stops the server or asks something of it. It is heard from before the server says that it listens, since
/// whoever waits for those words may stop it at once.
#[cfg(unix)]
struct Signals {
    stop: tokio::signal::unix::Signal,
    term: tokio::signal::unix::Signal,
    renew: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn heard() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            stop: signal(SignalKind::interrupt())?,
            term: signal(SignalKind::terminate())?,
            renew: signal(SignalKind::hangup())?,
        })
    }

    /// Returns at SIGTERM or ctrl-c, and at SIGHUP, as of a terminal that is closed, unless there is a certificate to renew.
    async fn until_told(mut self, server: &Server) -> std::io::Result<()> {
        loop {
            tokio::select! {
                _ = self.stop.recv() => return Ok(()),
                _ = self.term.recv() => return Ok(()),
                _ = self.renew.recv() => {
                    if !server.renew_certificate() {
                        return Ok(());
                    }
                }
            }
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn heard() -> std::io::Result<Self> {
        Ok(Self)
    }

    /// Returns at ctrl-c.
    async fn until_told(self, _server: &Server) -> std::io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}
