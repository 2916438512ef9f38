//! What can be wrong with a configuration, said to the person who wrote it.

use std::fmt;
use std::path::PathBuf;

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The configuration file.
    File,
    /// An environment variable, by name.
    Env(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the configuration file"),
            Self::Env(name) => write!(f, "the environment variable {name}"),
        }
    }
}

/// A configuration that cannot be used.
/// Values are never repeated in a message, only the keys and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not readable.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("line {line} of the configuration file is not valid TOML: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// No such key.
    #[error("{from} sets `{key}`, which does not exist; did you mean `{nearest}`?")]
    UnknownKey {
        /// The key as written.
        key: String,
        /// The valid key most like it.
        nearest: String,
        /// Where it was set.
        from: Source,
    },
    /// The value does not fit the key.
    #[error("{from} sets `{key}` to something that is not {expected}")]
    Value {
        /// The key.
        key: String,
        /// What would fit.
        expected: String,
        /// Where it was set.
        from: Source,
    },
    /// Two settings contradict each other.
    #[error("`{first}` and `{second}` {rule}")]
    Contradiction {
        /// One key.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// What must hold between them.
        rule: &'static str,
    },
}
