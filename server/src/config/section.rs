//! The table form of a configuration section.
//!
//! [`section!`] turns one list of keys into the struct, its defaults, the reader and the rows that documentation and printing use, so none of them can drift from the others.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// A value as it was given.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    /// From the file.
    Toml(&'a toml::Value),
    /// From the environment.
    Text(&'a str),
}

/// Why a section did not take a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It has no such key.
    Unknown,
    /// The value does not fit; what would.
    Expected(String),
}

/// One setting, ready to be printed or documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The key within its section.
    pub key: &'static str,
    /// What it means.
    pub about: &'static str,
    /// Its unit, or the form of its value.
    pub unit: &'static str,
    /// The effective value as TOML; `None` when nothing is set.
    pub value: Option<String>,
    /// The default as TOML; `None` when it is unset by default.
    pub default: Option<String>,
}

/// A concern of the configuration.
pub trait Section {
    /// Its name in the file.
    fn name(&self) -> &'static str;
    /// What it is about.
    fn about(&self) -> &'static str;
    /// Its keys.
    fn keys(&self) -> &'static [&'static str];
    /// Sets one key.
    ///
    /// # Errors
    /// When the key is unknown or the value does not fit.
    fn set(&mut self, key: &str, given: Given<'_>) -> Result<(), Refused>;
    /// All settings, in the order of the table.
    fn rows(&self) -> Vec<Row>;
}

/// A type a setting can have.
pub trait Setting: Sized {
    /// What to say when a value does not fit.
    const EXPECTED: &'static str;
    /// Reads the value from text.
    fn from_text(text: &str) -> Option<Self>;
    /// Writes it as TOML; `None` when unset.
    fn to_toml(&self) -> Option<toml::Value>;
    /// Reads it from the file or the environment.
    fn read(given: Given<'_>) -> Option<Self> {
        match given {
            Given::Text(text) => Self::from_text(text),
            Given::Toml(toml::Value::String(text)) => Self::from_text(text),
            Given::Toml(_) => None,
        }
    }
}

/// Reads a setting of several values from the file, which may have a list of texts, or the environment, which has them
/// in one with commas between: no value may have one in it.
pub(crate) fn read_list<T: Setting>(given: Given<'_>) -> Option<T> {
    match given {
        Given::Toml(toml::Value::Array(list)) => {
            let texts = list.iter().map(toml::Value::as_str);
            T::from_text(&texts.collect::<Option<Vec<_>>>()?.join(","))
        }
        Given::Text(text) => T::from_text(text),
        Given::Toml(toml::Value::String(text)) => T::from_text(text),
        Given::Toml(_) => None,
    }
}

macro_rules! integer_setting {
    ($($type:ty),*) => {$(
        impl Setting for $type {
            const EXPECTED: &'static str = "a whole number";
            fn from_text(text: &str) -> Option<Self> {
                text.trim().parse().ok()
            }
            fn to_toml(&self) -> Option<toml::Value> {
                i64::try_from(*self).ok().map(toml::Value::Integer)
            }
            fn read(given: Given<'_>) -> Option<Self> {
                match given {
                    Given::Text(text) => Self::from_text(text),
                    Given::Toml(value) => Self::try_from(value.as_integer()?).ok(),
                }
            }
        }
    )*};
}
integer_setting!(u32, u64, usize);

impl Setting for String {
    const EXPECTED: &'static str = "a text that is not empty";
    fn from_text(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| text.to_owned())
    }
    fn to_toml(&self) -> Option<toml::Value> {
        Some(toml::Value::String(self.clone()))
    }
}

impl Setting for PathBuf {
    const EXPECTED: &'static str = "a path";
    fn from_text(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::from(text))
    }
    fn to_toml(&self) -> Option<toml::Value> {
        Some(toml::Value::String(self.display().to_string()))
    }
}

impl Setting for SocketAddr {
    const EXPECTED: &'static str = "an address and port such as 127.0.0.1:8420";
    fn from_text(text: &str) -> Option<Self> {
        text.trim().parse().ok()
    }
    fn to_toml(&self) -> Option<toml::Value> {
        Some(toml::Value::String(self.to_string()))
    }
}

impl<T: Setting> Setting for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    fn from_text(text: &str) -> Option<Self> {
        T::from_text(text).map(Some)
    }
    fn to_toml(&self) -> Option<toml::Value> {
        self.as_ref().and_then(T::to_toml)
    }
    fn read(given: Given<'_>) -> Option<Self> {
        T::read(given).map(Some)
    }
}

/// Makes an enum whose names are the values of a setting.
macro_rules! choice {
    ($(#[doc = $about:expr])+ $name:ident ($expected:literal) { $($(#[doc = $vabout:expr])+ $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[doc = $vabout])+ $variant),+ }

        impl crate::config::section::Setting for $name {
            const EXPECTED: &'static str = $expected;
            fn from_text(text: &str) -> Option<Self> {
                match text.trim() { $($text => Some(Self::$variant),)+ _ => None }
            }
            fn to_toml(&self) -> Option<toml::Value> {
                Some(toml::Value::String(match self { $(Self::$variant => $text),+ }.to_owned()))
            }
        }
    };
}
pub(crate) use choice;

/// Makes a section from a table of `key: type = default, "unit" [, range];`.
macro_rules! section {
    ($(#[doc = $about:expr])+ $name:ident $section:literal {
        $($(#[doc = $kabout:expr])+ $key:ident: $type:ty = $default:expr, $unit:literal $(, $range:expr)?;)+
    }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $($(#[doc = $kabout])+ #[doc = concat!("\n\nUnit: ", $unit, ".")] pub $key: $type),+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default),+ }
            }
        }

        impl crate::config::section::Section for $name {
            fn name(&self) -> &'static str { $section }
            fn about(&self) -> &'static str { concat!($($about),+).trim_ascii() }
            fn keys(&self) -> &'static [&'static str] { &[$(stringify!($key)),+] }
            fn set(&mut self, key: &str, given: crate::config::section::Given<'_>) -> Result<(), crate::config::section::Refused> {
                match key {
                    $(stringify!($key) => {
                        let value: $type = crate::config::section::read(given)?;
                        $(crate::config::section::check_range(&value, &$range)?;)?
                        self.$key = value;
                        Ok(())
                    })+
                    _ => Err(crate::config::section::Refused::Unknown),
                }
            }
            fn rows(&self) -> Vec<crate::config::section::Row> {
                let default = Self::default();
                vec![$(crate::config::section::Row {
                    key: stringify!($key),
                    about: concat!($($kabout),+).trim_ascii(),
                    unit: $unit,
                    value: crate::config::section::Setting::to_toml(&self.$key).map(|v| v.to_string()),
                    default: crate::config::section::Setting::to_toml(&default.$key).map(|v| v.to_string()),
                }),+]
            }
        }
    };
}
pub(crate) use section;

pub(crate) fn read<T: Setting>(given: Given<'_>) -> Result<T, Refused> {
    T::read(given).ok_or_else(|| Refused::Expected(T::EXPECTED.to_owned()))
}

pub(crate) fn check_range<T: PartialOrd + Display>(
    value: &T,
    range: &RangeInclusive<T>,
) -> Result<(), Refused> {
    if range.contains(value) {
        Ok(())
    } else {
        let (low, high) = (range.start(), range.end());
        Err(Refused::Expected(format!(
            "a whole number from {low} to {high}"
        )))
    }
}
