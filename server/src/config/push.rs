//! Notifications of new work on phones: who answers for them, and through whom they go.

use axum::http::Uri;

use super::section::{Given, Setting, read_list, section};

/// Whom a push service writes to when something is wrong, as RFC 8292 asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact(String);

impl Contact {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Setting for Contact {
    const EXPECTED: &'static str = "an address such as mailto:it@example.cn or https://example.cn";
    fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        let mail = text.strip_prefix("mailto:").is_some_and(|address| {
            let (name, host) = address.split_once('@').unwrap_or_default();
            !name.is_empty() && !host.is_empty()
        });
        let page = text.strip_prefix("https://").is_some_and(|t| !t.is_empty());
        let plain = text.chars().all(|c| c.is_ascii_graphic());
        (plain && (mail || page)).then(|| Self(text.to_owned()))
    }
    fn to_toml(&self) -> Option<toml::Value> {
        Some(toml::Value::String(self.0.clone()))
    }
}

/// Push services besides those of the browsers' makers, each by its origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushServices(Vec<String>);

impl PushServices {
    /// Whether an origin is one of theirs.
    #[must_use]
    pub fn contains(&self, origin: &str) -> bool {
        self.0.iter().any(|known| known == origin)
    }
}

/// The origin of a URL of `https` or `http` without a name or password in it: the scheme, the host in small letters, and
/// the port where it is not the scheme's own.
#[must_use]
pub fn origin_of(uri: &Uri) -> Option<String> {
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let own = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let authority = uri.authority()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    if host.is_empty() {
        return None;
    }
    // What follows the host is a port that can be read, or nothing.
    let rest = authority.as_str().get(host.len()..)?;
    match authority.port_u16() {
        Some(port) if port == own => Some(format!("{scheme}://{host}")),
        Some(port) => Some(format!("{scheme}://{host}:{port}")),
        None => rest.is_empty().then(|| format!("{scheme}://{host}")),
    }
}

impl Setting for PushServices {
    const EXPECTED: &'static str = "a list of origins such as [\"https://push.example.cn\"]";
    fn from_text(text: &str) -> Option<Self> {
        let origins = text.split(',').map(str::trim).filter(|t| !t.is_empty());
        let origins = origins.map(|text| {
            let uri: Uri = text.parse().ok()?;
            let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
            origin_of(&uri).filter(|_| is_bare)
        });
        origins.collect::<Option<Vec<_>>>().map(Self)
    }
    fn to_toml(&self) -> Option<toml::Value> {
        let origins = self.0.iter().cloned().map(toml::Value::String);
        Some(toml::Value::Array(origins.collect()))
    }
    fn read(given: Given<'_>) -> Option<Self> {
        read_list(given)
    }
}

section! {
    /// Notifications of new work on phones, through the push services of their browsers' makers.
    PushConfig "push" {
        /// Whom a push service may write to. Nothing is offered to phones while it is unset.
        contact: Option<Contact> = None, "mailto: or https: address";
        /// Push services besides those of the browsers' makers. The server writes to no other.
        services: PushServices = PushServices::default(), "list of origins";
        /// A phone is told no more often than this; what happens meanwhile becomes one notification.
        every_s: u64 = 60, "seconds", 1..=86_400;
    }
}
