//! Configuration: one file per concern, each a table from which the struct, its defaults, its documentation, its environment names and its printed form all come.
//!
//! What enters is a TOML text and a list of environment variables; what leaves is a [`Config`] or an error that names the key.
//! No setting is a secret: keys and passwords live in files of their own, and settings at most name their paths.

mod backup;
mod dashboard;
mod error;
mod limits;
mod load;
mod log;
mod logging;
mod print;
mod push;
mod section;
mod server;
mod tokens;

pub use backup::BackupConfig;
pub use dashboard::{DashboardConfig, ZoneName};
pub use error::{ConfigError, Source};
pub use limits::LimitsConfig;
pub use load::{CONFIG_FILE_NAME, ENV_PREFIX};
pub use log::{Engine, LogConfig};
pub use logging::{LogFormat, LoggingConfig};
pub use push::{Contact, PushConfig, PushServices, origin_of};
pub use section::{Given, Refused, Row, Section, Setting};
pub use server::{ProxyHeader, ServerConfig, TrustedProxies};
pub use tokens::TokensConfig;

/// Everything that can be set, by concern.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Listening, TLS and waiting.
    pub server: ServerConfig,
    /// The log and its engine.
    pub log: LogConfig,
    /// What one request, device or address may ask for.
    pub limits: LimitsConfig,
    /// Access and refresh tokens.
    pub tokens: TokensConfig,
    /// What supervisors see in the browser.
    pub dashboard: DashboardConfig,
    /// Notifications of new work on phones.
    pub push: PushConfig,
    /// Backups, and what outlives the data directory.
    pub backup: BackupConfig,
    /// What the server writes about itself.
    pub logging: LoggingConfig,
}

impl Config {
    /// The address devices use: `server.public_url`, or one derived from `server.listen`.
    #[must_use]
    pub fn public_url(&self) -> String {
        self.server.public_url.clone().unwrap_or_else(|| {
            let scheme = if self.server.tls_cert.is_some() {
                "https"
            } else {
                "http"
            };
            format!("{scheme}://{}", self.server.listen)
        })
    }

    /// The issuer named in tokens: `tokens.issuer`, or the public URL.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.tokens
            .issuer
            .clone()
            .unwrap_or_else(|| self.public_url())
    }

    pub(crate) fn sections(&self) -> [&dyn Section; 8] {
        [
            &self.server,
            &self.log,
            &self.limits,
            &self.tokens,
            &self.dashboard,
            &self.push,
            &self.backup,
            &self.logging,
        ]
    }

    pub(crate) fn sections_mut(&mut self) -> [&mut dyn Section; 8] {
        [
            &mut self.server,
            &mut self.log,
            &mut self.limits,
            &mut self.tokens,
            &mut self.dashboard,
            &mut self.push,
            &mut self.backup,
            &mut self.logging,
        ]
    }
}
