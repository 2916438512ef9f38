//! Types of a survey's rows, under all the names they go by.

use gridfold_sync_core::questionnaire::Preload;

/// What a row of a survey is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A group begins.
    BeginGroup,
    /// A repeat begins.
    BeginRepeat,
    /// A group for each choice of a list begins.
    BeginLoop(String),
    /// A group, repeat or loop ends.
    End,
    /// Something that has an answer.
    Question(Asks),
    /// A file of choices that comes with the form, and has no answer.
    ListFile(String),
    /// What others keep beside the answers, and is left out: a trail of who looked at what.
    Nothing,
}

/// What a question asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asks {
    /// A text, or what is kept as one: a place, a file, a barcode.
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Decimal,
    /// A number of a range.
    Range,
    /// A day.
    Date,
    /// A time of a day.
    Time,
    /// A moment.
    Moment,
    /// Something to read, and no answer.
    Note,
    /// What is reckoned.
    Calculate,
    /// Choices.
    Choices {
        /// How many can be chosen.
        how: How,
        /// Of what they are.
        from: From,
        /// Whether another one can be written in.
        or_other: bool,
    },
    /// What the phone says of itself.
    Preloaded(Preload),
}

/// How many choices can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// One.
    One,
    /// Any.
    Several,
    /// All, in an order.
    Ranked,
}

/// Of what choices are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// A list of the sheet `choices`.
    List(String),
    /// A file beside the form.
    File(String),
    /// The turns of a repeat: the question in it that names them.
    Repeat(String),
}

/// Types with one word or a few, in small letters.
const PLAIN: &[(&str, Asks)] = &[
    ("text", Asks::Text),
    ("string", Asks::Text),
    ("integer", Asks::Whole),
    ("int", Asks::Whole),
    ("decimal", Asks::Decimal),
    ("range", Asks::Range),
    ("date", Asks::Date),
    ("time", Asks::Time),
    ("datetime", Asks::Moment),
    ("note", Asks::Note),
    ("calculate", Asks::Calculate),
];

/// Types that are kept as a text.
const TEXTS: &[&str] = &[
    "hidden",
    "barcode",
    "geopoint",
    "gps",
    "location",
    "geotrace",
    "geoshape",
    "start-geopoint",
    "background-geopoint",
    "image",
    "photo",
    "signature",
    "audio",
    "background-audio",
    "video",
    "file",
    "acknowledge",
    "trigger",
    "tel",
    "url",
    "osm",
    "email address",
    "phone number",
];

/// What the phone knows of itself, by type.
const PROPERTIES: &[&str] = &[
    "deviceid",
    "username",
    "phonenumber",
    "email",
    "imei",
    "simserial",
    "subscriberid",
    "simid",
    "uri:deviceid",
    "uri:username",
    "uri:phonenumber",
];

impl Kind {
    /// What a type says, and whether it is written as others read it.
    pub(crate) fn of(written: &str) -> Option<(Self, bool)> {
        let squeezed = written.split_whitespace().collect::<Vec<_>>().join(" ");
        let small = squeezed.to_lowercase();
        if let Some(kind) = Self::choices(&squeezed, &small) {
            let is_plain = squeezed
                .split(' ')
                .next()
                .is_some_and(|word| word == word.to_lowercase());
            return Some((kind, is_plain));
        }
        let is_plain = squeezed == small || squeezed == "dateTime";
        let kind = match small.replace('_', " ").as_str() {
            "begin group" => Self::BeginGroup,
            "begin repeat" | "begin looped group" => Self::BeginRepeat,
            "end group" | "end repeat" | "end loop" | "end looped group" => Self::End,
            "start" => Self::Question(Asks::Preloaded(Preload::Start)),
            "end" => Self::Question(Asks::Preloaded(Preload::End)),
            "today" => Self::Question(Asks::Preloaded(Preload::Today)),
            "audit" | "entity" => Self::Nothing,
            "csv-external" | "xml-external" => Self::ListFile(small.clone()),
            plain => {
                let known = PLAIN.iter().find(|(name, _)| *name == plain);
                let is_text = TEXTS.contains(&plain) || plain.starts_with("db:");
                match known {
                    Some((_, asks)) => Self::Question(asks.clone()),
                    None if is_text => Self::Question(Asks::Text),
                    None if PROPERTIES.contains(&plain) => {
                        let name = plain.trim_start_matches("uri:").to_owned();
                        Self::Question(Asks::Preloaded(Preload::Property(name)))
                    }
                    None => return Self::loop_over(&squeezed, &small).map(|kind| (kind, is_plain)),
                }
            }
        };
        Some((kind, is_plain))
    }

    fn loop_over(squeezed: &str, small: &str) -> Option<Self> {
        let plain = small.replace('_', " ");
        let rest = plain.strip_prefix("begin loop over ")?;
        let list = squeezed.get(squeezed.len() - rest.len()..)?;
        Some(Self::BeginLoop(list.to_owned()))
    }

    fn choices(squeezed: &str, small: &str) -> Option<Self> {
        // The longest first: `select_one_from_file` begins like `select_one`.
        let begins: &[(&str, How, bool)] = &[
            ("select_one_from_file ", How::One, true),
            ("select_multiple_from_file ", How::Several, true),
            ("select one from file ", How::One, true),
            ("select multiple from file ", How::Several, true),
            ("add select one prompt using ", How::One, false),
            ("add select multiple prompt using ", How::Several, false),
            ("select all that apply from ", How::Several, false),
            ("select one from ", How::One, false),
            ("select_one from ", How::One, false),
            ("select multiple from ", How::Several, false),
            ("select_multiple from ", How::Several, false),
            ("select all that apply ", How::Several, false),
            ("select_one_external ", How::One, false),
            ("select one external ", How::One, false),
            ("select_multiple ", How::Several, false),
            ("select multiple ", How::Several, false),
            ("select_one ", How::One, false),
            ("select one ", How::One, false),
            ("select1 ", How::One, false),
            ("rank ", How::Ranked, false),
        ];
        let (begin, how, is_file) = begins.iter().find(|(begin, ..)| small.starts_with(begin))?;
        let rest = squeezed.get(begin.len()..)?.trim();
        let rest_small = rest.to_lowercase();
        let others = [" or_other", " or specify other", " or other"];
        let other = others.iter().find(|other| rest_small.ends_with(*other));
        let list = match other {
            Some(other) => rest.get(..rest.len() - other.len())?.trim(),
            None => rest,
        };
        let repeat = list
            .strip_prefix("${")
            .and_then(|name| name.strip_suffix('}'));
        let from = match repeat {
            Some(name) => From::Repeat(name.trim().to_owned()),
            None if *is_file => From::File(list.to_owned()),
            None => From::List(list.to_owned()),
        };
        Some(Self::Question(Asks::Choices {
            how: *how,
            from,
            or_other: other.is_some(),
        }))
    }
}
