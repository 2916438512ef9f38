//! `serve`.

use std::net::SocketAddr;

use clap::Args;
use tracing_subscriber::EnvFilter;

use super::{Complaint, Context, Done, say};
use crate::config::{Config, LogFormat};
use crate::serve::Server;

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
    started.map_err(|e| Complaint(e.to_string()))
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
        let listen = context.config.server.listen;
        if context.config.server.tls_cert.is_none() && !listen.ip().is_loopback() {
            tracing::warn!(
                "listening without TLS on an address others reach: put something that does TLS in front"
            );
        }
        tracing::info!(
            views.rebuilt = node.report.views_rebuilt,
            caught_up = node.report.caught_up,
            "opened"
        );
        let done = runtime.block_on(async {
            let server = Server::start(node, listen).await?;
            let scheme = if server.tls { "https" } else { "http" };
            say(&format!("listening on {scheme}://{}", server.address))?;
            until_told().await?;
            tracing::info!("stopping: what was taken is finished first");
            server.stop().await;
            tracing::info!("stopped");
            Ok(())
        });
        // Streams of readers that never leave must not hold the process.
        runtime.shutdown_background();
        done
    }
}

/// Returns at SIGTERM or ctrl-c.
async fn until_told() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            done = tokio::signal::ctrl_c() => done,
            _ = term.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
