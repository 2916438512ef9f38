//! The dashboard: where days begin, and map tiles from elsewhere.

use super::section::{Setting, section};

/// The name of a time zone that this build knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneName(String);

impl ZoneName {
    /// Its name in the IANA database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
    /// The zone.
    #[must_use]
    pub fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.0).unwrap_or(jiff::tz::TimeZone::UTC)
    }
}

impl Default for ZoneName {
    fn default() -> Self {
        Self("Asia/Shanghai".to_owned())
    }
}

impl Setting for ZoneName {
    const EXPECTED: &'static str = "the name of a time zone such as Asia/Shanghai";
    fn from_text(text: &str) -> Option<Self> {
        let name = text.trim();
        jiff::tz::TimeZone::get(name)
            .is_ok()
            .then(|| Self(name.to_owned()))
    }
    fn to_toml(&self) -> Option<toml::Value> {
        Some(toml::Value::String(self.0.clone()))
    }
}

section! {
    /// What supervisors see in the browser.
    DashboardConfig "dashboard" {
        /// The time zone in which days begin in overviews. Times themselves are always UTC.
        time_zone: ZoneName = ZoneName::default(), "IANA name";
        /// A server of map tiles, with `{z}`, `{x}` and `{y}`. Without it the map draws boundaries and records only, and nothing is asked of another server.
        tile_url: Option<String> = None, "URL";
        /// Whose tiles they are, shown on the map.
        tile_attribution: Option<String> = None, "text";
    }
}
