//! The effective configuration as commented TOML, for `gridfold config`.

use std::fmt::Write as _;

use super::Config;
use super::load::env_name;

impl Config {
    /// Every setting with its meaning, unit, default, environment name and effective value.
    /// The text is itself a valid configuration file.
    #[must_use]
    pub fn to_commented_toml(&self) -> String {
        let mut out = String::from("# Gridfold: the effective configuration.\n");
        for section in self.sections() {
            let name = section.name();
            let _ = write!(out, "\n# {}\n[{name}]\n", section.about());
            for row in section.rows() {
                let default = row.default.as_deref().unwrap_or("unset");
                let _ = writeln!(out, "# {}", row.about);
                let _ = writeln!(
                    out,
                    "# Unit: {}. Default: {default}. Environment: {}.",
                    row.unit,
                    env_name(name, row.key)
                );
                let _ = match (row.value, self.derived(name, row.key)) {
                    (Some(value), _) => writeln!(out, "{} = {value}", row.key),
                    (None, Some(derived)) => writeln!(
                        out,
                        "# {} = {}  # derived",
                        row.key,
                        toml::Value::String(derived)
                    ),
                    (None, None) => writeln!(out, "# {} =", row.key),
                };
            }
        }
        out
    }

    /// What stands in for a setting that is unset.
    fn derived(&self, section: &str, key: &str) -> Option<String> {
        match (section, key) {
            ("server", "public_url") => Some(self.public_url()),
            ("tokens", "issuer") => Some(self.issuer()),
            _ => None,
        }
    }
}
