//! Access and refresh tokens.

use super::section::section;

section! {
    /// Access and refresh tokens.
    TokensConfig "tokens" {
        /// Who issues tokens. The public URL when unset.
        issuer: Option<String> = None, "URL";
        /// Whom tokens are for. Servers that share an issuer must differ in this.
        audience: String = "gridfold".to_owned(), "text";
        /// How long an access token is valid.
        access_ttl_s: u64 = 600, "seconds", 60..=3_600;
        /// How far two clocks may differ before a token is refused.
        leeway_s: u64 = 30, "seconds", 0..=300;
        /// A device that has not refreshed for this long signs in again.
        refresh_idle_days: u64 = 30, "days", 1..=365;
        /// However active, a device signs in again after this long.
        refresh_absolute_days: u64 = 90, "days", 1..=730;
    }
}
