//! An XML document as a small tree.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Most elements that lie in each other.
const MAX_DEPTH: usize = 64;
/// Most elements of a document.
const MAX_ELEMENTS: usize = 400_000;

/// An element of a document.
#[derive(Debug, Default, Clone)]
pub(crate) struct Element {
    /// Its name with its prefix.
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    /// All text that lies in it directly.
    pub text: String,
}

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// It is not well-formed.
    #[error("the XML is broken at byte {at}: {why}")]
    Broken {
        /// Where, from 0.
        at: u64,
        /// What is wrong there.
        why: String,
    },
    /// It has elements in each other deeper than is taken.
    #[error("elements lie in each other deeper than {MAX_DEPTH}")]
    TooDeep,
    /// It has more elements than are taken.
    #[error("there are more than {MAX_ELEMENTS} elements")]
    TooMany,
    /// It ends before its first element.
    #[error("there is no element")]
    Empty,
    /// It defines entities of its own.
    #[error("a document type is not read: write its entities out")]
    DocType,
}

impl Element {
    /// Its name without the prefix.
    pub(crate) fn local(&self) -> &str {
        local(&self.name)
    }

    /// An attribute by its name without prefix.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let mut all = self.attributes.iter();
        all.find(|(known, _)| local(known) == name)
            .map(|(_, value)| value.as_str())
    }

    /// Those that lie in it, by name without prefix.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children
            .iter()
            .filter(move |child| child.local() == name)
    }

    /// The first that lies in it, by name without prefix.
    pub(crate) fn first(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.local() == name)
    }

    /// All text in it, also in what lies in it.
    pub(crate) fn whole_text(&self) -> String {
        let mut out = self.text.clone();
        for child in &self.children {
            out.push_str(&child.whole_text());
        }
        out
    }
}

/// A name without its prefix.
pub(crate) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Reads a document.
pub(crate) fn read(text: &str) -> Result<Element, XmlError> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut count = 0;
    loop {
        let broken = |reader: &Reader<&[u8]>, why: String| XmlError::Broken {
            at: reader.error_position(),
            why,
        };
        let event = reader.read_event();
        let event = event.map_err(|error| broken(&reader, error.to_string()))?;
        match event {
            Event::Start(tag) => {
                count += 1;
                if open.len() >= MAX_DEPTH {
                    return Err(XmlError::TooDeep);
                }
                open.push(begin(&tag).map_err(|why| broken(&reader, why))?);
            }
            Event::Empty(tag) => {
                count += 1;
                let element = begin(&tag).map_err(|why| broken(&reader, why))?;
                match open.last_mut() {
                    Some(around) => around.children.push(element),
                    None => return Ok(element),
                }
            }
            Event::End(_) => {
                let Some(element) = open.pop() else {
                    continue;
                };
                match open.last_mut() {
                    Some(around) => around.children.push(element),
                    None => return Ok(element),
                }
            }
            Event::Text(text) => add(&mut open, &text.xml10_content()),
            Event::CData(text) => add(&mut open, &text.xml10_content()),
            Event::GeneralRef(name) => {
                let character = name.resolve_char_ref();
                let character = character.map_err(|error| broken(&reader, error.to_string()))?;
                match character {
                    Some(character) => add(&mut open, character.encode_utf8(&mut [0; 4])),
                    None => {
                        let known = quick_xml::escape::resolve_predefined_entity(&name);
                        let known =
                            known.ok_or_else(|| broken(&reader, format!("&{};", &*name)))?;
                        add(&mut open, known);
                    }
                }
            }
            Event::DocType(_) => return Err(XmlError::DocType),
            Event::Eof => {
                return match open.is_empty() {
                    true => Err(XmlError::Empty),
                    false => Err(broken(&reader, "an element does not end".to_owned())),
                };
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        if count > MAX_ELEMENTS {
            return Err(XmlError::TooMany);
        }
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn begin(tag: &BytesStart<'_>) -> Result<Element, String> {
    let mut attributes = Vec::new();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|error| error.to_string())?.into_owned();
        attributes.push((attribute.key.as_ref().to_owned(), value));
    }
    Ok(Element {
        name: tag.name().as_ref().to_owned(),
        attributes,
        children: Vec::new(),
        text: String::new(),
    })
}
