//! What the server writes about itself.

use super::section::{choice, section};

choice! {
    /// The form of log lines.
    LogFormat ("\"json\" or \"text\"") {
        /// One JSON object a line, for machines.
        Json = "json",
        /// For people.
        Text = "text",
    }
}

section! {
    /// What the server writes about itself: ids, never contents, names or tokens.
    LoggingConfig "logging" {
        /// The form of a line.
        format: LogFormat = LogFormat::Text, "json or text";
        /// The least important level written: error, warn, info, debug or trace, or a filter such as `info,gridfold_server=debug`.
        level: String = "info".to_owned(), "level or filter";
    }
}
