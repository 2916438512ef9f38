//! Headers of sheets: what a column says, and in which language.

/// What a column of a sheet says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// The name it goes by, whichever of its names is written.
    pub name: String,
    /// The language of its texts; empty for the one without a name.
    pub language: String,
}

/// Names that a column goes by beside its own, as they are written in small letters.
const OTHERS: &[(&str, &str)] = &[
    ("relevance", "relevant"),
    ("bind::relevant", "relevant"),
    ("bind:relevant", "relevant"),
    ("bind::required", "required"),
    ("bind::constraint", "constraint"),
    ("bind::calculate", "calculation"),
    ("bind::readonly", "readonly"),
    ("bind::type", "bind_type"),
    ("calculate", "calculation"),
    ("calculate instance", "calculation"),
    ("constraint_msg", "constraint_message"),
    ("constraint message", "constraint_message"),
    ("constraining message", "constraint_message"),
    ("bind::jr:constraintmsg", "constraint_message"),
    ("required message", "required_message"),
    ("requiredmsg", "required_message"),
    ("bind::jr:requiredmsg", "required_message"),
    ("bind::jr:noapperrorstring", "no_app_error"),
    ("noapperrorstring", "no_app_error"),
    ("read_only", "readonly"),
    ("read only", "readonly"),
    ("repeat count", "repeat_count"),
    ("count", "repeat_count"),
    ("jr:count", "repeat_count"),
    ("choice filter", "choice_filter"),
    ("guidance hint", "guidance_hint"),
    ("save to", "save_to"),
    ("bind::entities:saveto", "save_to"),
    ("list name", "list_name"),
    ("list", "list_name"),
    ("dataset", "list_name"),
    ("value", "name"),
    ("caption", "label"),
    ("title", "form_title"),
    ("set form title", "form_title"),
    ("form_title", "form_title"),
    ("id_string", "form_id"),
    ("set form id", "form_id"),
    ("image", "media::image"),
    ("audio", "media::audio"),
    ("video", "media::video"),
    ("big-image", "media::big-image"),
    ("body::accuracythreshold", "accuracy_threshold"),
    ("control::appearance", "appearance"),
];

/// Columns whose texts are in languages.
const SPOKEN: &[&str] = &[
    "label",
    "hint",
    "guidance_hint",
    "constraint_message",
    "required_message",
    "media::image",
    "media::audio",
    "media::video",
    "media::big-image",
];

impl Column {
    /// What a header says. Capitals and blanks around make no other header.
    pub(crate) fn of(header: &str, sheet: &str) -> Self {
        let squeezed = header.split_whitespace().collect::<Vec<_>>().join(" ");
        let small = squeezed.to_lowercase();
        if let Some(name) = known(&small, sheet) {
            return Self {
                name: name.to_owned(),
                language: String::new(),
            };
        }
        // `label::English (en)`, and `media::image::English (en)`; older forms have one colon.
        for separator in ["::", ":"] {
            let mut from = small.len();
            while let Some(at) = small.get(..from).and_then(|text| text.rfind(separator)) {
                from = at;
                let base = small.get(..at).unwrap_or_default().trim();
                let language = squeezed.get(at + separator.len()..).unwrap_or_default();
                let spoken = known(base, sheet).filter(|name| SPOKEN.contains(name));
                if let Some(name) = spoken
                    && squeezed.len() == small.len()
                {
                    return Self {
                        name: name.to_owned(),
                        language: language.trim_matches([' ', ':']).to_owned(),
                    };
                }
            }
        }
        Self {
            name: small,
            language: String::new(),
        }
    }

    /// Whether its texts are in languages.
    pub(crate) fn is_spoken(&self) -> bool {
        SPOKEN.contains(&self.name.as_str())
    }
}

/// The name of a header that is known.
fn known<'a>(small: &'a str, sheet: &str) -> Option<&'a str> {
    // In the survey `count` and `value` are columns of one's own.
    let is_list = sheet == "choices";
    let other = OTHERS.iter().find(|(written, name)| {
        let is_choice = matches!(*name, "list_name" | "name");
        *written == small && (!is_choice || is_list || small == "list name" || small == "dataset")
    });
    if let Some((_, name)) = other {
        return Some(name);
    }
    let plain = small.replace(' ', "_");
    SPOKEN
        .iter()
        .chain(NAMES)
        .find(|name| **name == small || **name == plain)
        .copied()
}

/// All other names of columns.
const NAMES: &[&str] = &[
    "type",
    "name",
    "relevant",
    "required",
    "constraint",
    "calculation",
    "choice_filter",
    "default",
    "readonly",
    "appearance",
    "parameters",
    "repeat_count",
    "trigger",
    "save_to",
    "list_name",
    "form_title",
    "form_id",
    "version",
    "default_language",
    "instance_name",
    "style",
    "allow_choice_duplicates",
    "no_app_error",
    "disabled",
];
