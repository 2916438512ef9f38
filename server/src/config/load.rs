//! Reading a configuration: defaults, then the file, then the environment.

use std::path::Path;

use super::{Config, ConfigError, Given, Refused, Source};

/// The file looked for in the data directory.
pub const CONFIG_FILE_NAME: &str = "gridfold.toml";
/// What every environment variable of Gridfold begins with.
pub const ENV_PREFIX: &str = "GRIDFOLD_";
/// Variables with the prefix that belong to the command line and to tests, and are not settings.
const ENV_NOT_SETTINGS: [&str; 5] = [
    "GRIDFOLD_CONFIG",
    "GRIDFOLD_DATA",
    "GRIDFOLD_DATA_DIR",
    "GRIDFOLD_CASES",
    "GRIDFOLD_LONG",
];

impl Config {
    /// Reads the file and applies the environment.
    ///
    /// `explicit` is the file of `--config`, which must exist; otherwise `gridfold.toml` in the data directory is read if it is there.
    /// `env` is what `std::env::vars()` gives; variables without the prefix are passed over.
    ///
    /// # Errors
    /// When the file cannot be read or any setting is wrong.
    pub fn load(
        data_dir: &Path,
        explicit: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let path = explicit.map_or_else(|| data_dir.join(CONFIG_FILE_NAME), Path::to_path_buf);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if explicit.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                String::new()
            }
            Err(source) => return Err(ConfigError::Read { path, source }),
        };
        Self::parse(&text, env)
    }

    /// Makes a configuration from the text of a file and an environment.
    ///
    /// # Errors
    /// When the text is not TOML, a key is unknown or a value does not fit.
    pub fn parse(
        text: &str,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        config.apply_file(text)?;
        for (name, value) in env {
            if name.starts_with(ENV_PREFIX) && !ENV_NOT_SETTINGS.contains(&name.as_str()) {
                config.apply_env(name, &value)?;
            }
        }
        config.check()?;
        Ok(config)
    }

    fn apply_file(&mut self, text: &str) -> Result<(), ConfigError> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start).min(text.len());
            ConfigError::Syntax {
                line: text.as_bytes()[..at]
                    .iter()
                    .filter(|b| **b == b'\n')
                    .count()
                    + 1,
                message: error.message().to_owned(),
            }
        })?;
        for (name, value) in &table {
            let known = self.sections().iter().any(|s| s.name() == name);
            let (true, Some(entries)) = (known, value.as_table()) else {
                return Err(self.misplaced(name, known));
            };
            for (key, value) in entries {
                self.set(name, key, Given::Toml(value), Source::File)?;
            }
        }
        Ok(())
    }

    /// Something at the top of the file that is no section: a key on its own, or a misspelt section.
    fn misplaced(&self, name: &str, known: bool) -> ConfigError {
        if known {
            return ConfigError::Value {
                key: name.to_owned(),
                expected: "a section with keys".to_owned(),
                from: Source::File,
            };
        }
        let section = nearest(name, self.sections().iter().map(|s| s.name().to_owned()));
        let key = nearest(name, self.sections().iter().flat_map(|s| s.keys()).copied());
        let closer_key = distance(name, key) < distance(name, &section);
        let owner = self
            .sections()
            .into_iter()
            .find(|s| s.keys().contains(&key))
            .map_or("", |s| s.name());
        ConfigError::UnknownKey {
            key: name.to_owned(),
            nearest: if closer_key {
                format!("{owner}.{key}")
            } else {
                section
            },
            from: Source::File,
        }
    }

    fn apply_env(&mut self, name: String, value: &str) -> Result<(), ConfigError> {
        let found = self.all_keys().find(|(s, k)| env_name(s, k) == name);
        if let Some((section, key)) = found {
            return self.set(section, key, Given::Text(value), Source::Env(name));
        }
        Err(ConfigError::UnknownKey {
            nearest: nearest(&name, self.all_keys().map(|(s, k)| env_name(s, k))),
            key: name.clone(),
            from: Source::Env(name),
        })
    }

    fn set(
        &mut self,
        section: &str,
        key: &str,
        given: Given<'_>,
        from: Source,
    ) -> Result<(), ConfigError> {
        let refused = match self
            .sections_mut()
            .into_iter()
            .find(|s| s.name() == section)
        {
            Some(found) => match found.set(key, given) {
                Ok(()) => return Ok(()),
                Err(refused) => refused,
            },
            None => Refused::Unknown,
        };
        let key = format!("{section}.{key}");
        Err(match refused {
            Refused::Unknown => ConfigError::UnknownKey {
                nearest: nearest(&key, self.all_keys().map(|(s, k)| format!("{s}.{k}"))),
                key,
                from,
            },
            Refused::Expected(expected) => ConfigError::Value {
                key,
                expected,
                from,
            },
        })
    }

    fn all_keys(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.sections()
            .map(|s| (s.name(), s.keys()))
            .into_iter()
            .flat_map(|(name, keys)| keys.iter().map(move |key| (name, *key)))
    }

    fn check(&self) -> Result<(), ConfigError> {
        let rules = [
            (
                self.server.tls_cert.is_some() != self.server.tls_key.is_some(),
                "server.tls_cert",
                "server.tls_key",
                "must be set together",
            ),
            (
                self.server.redirect_http.is_some() && self.server.tls_cert.is_none(),
                "server.redirect_http",
                "server.tls_cert",
                "go together: there is nothing to send on to without a certificate",
            ),
            (
                self.tokens.refresh_absolute_days < self.tokens.refresh_idle_days,
                "tokens.refresh_absolute_days",
                "tokens.refresh_idle_days",
                "contradict: the first must not be the shorter",
            ),
        ];
        match rules.into_iter().find(|rule| rule.0) {
            Some((_, first, second, rule)) => Err(ConfigError::Contradiction {
                first,
                second,
                rule,
            }),
            None => Ok(()),
        }
    }
}

/// The environment variable of a key.
pub(crate) fn env_name(section: &str, key: &str) -> String {
    format!("{ENV_PREFIX}{section}_{key}").to_ascii_uppercase()
}

fn nearest<S: AsRef<str> + Default>(written: &str, valid: impl IntoIterator<Item = S>) -> S {
    valid
        .into_iter()
        .min_by_key(|candidate| distance(written, candidate.as_ref()))
        .unwrap_or_default()
}

/// Levenshtein distance, by bytes: keys are ASCII.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
