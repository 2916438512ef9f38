//! An XForm as a questionnaire.

use std::collections::BTreeMap;

use gridfold_sync_core::questionnaire::{AnswerType, PartKind, Preload, Written, WrittenPart};

use crate::body::{self, Body};
use crate::element::{self, Element, XmlError};
use crate::itext::Texts;

/// Why a document is no XForm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XFormError {
    /// It is no XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// Something that a form has is not in it.
    #[error("there is no {0} in the document")]
    Missing(&'static str),
}

/// Reads an XForm.
///
/// # Errors
/// When it is no XML, or has no model, instance or body.
pub fn read(text: &str) -> Result<Written, XFormError> {
    let document = element::read(text)?;
    let head = document.first("head").ok_or(XFormError::Missing("head"))?;
    let model = head.first("model").ok_or(XFormError::Missing("model"))?;
    let mut instances = model.all("instance");
    let first = instances.next().ok_or(XFormError::Missing("instance"))?;
    let form = first
        .children
        .first()
        .ok_or(XFormError::Missing("instance"))?;
    let texts = Texts::of(model);
    let body = document.first("body").ok_or(XFormError::Missing("body"))?;
    let mut body = Body::of(body, &texts);
    let mut lists: Vec<_> = instances
        .filter_map(|each| body::list(each, &texts))
        .collect();
    lists.append(&mut body.lists);
    let binds = model.all("bind").filter_map(|bind| {
        let path = bind.attribute("nodeset")?.trim().to_owned();
        Some((path, bind))
    });
    let reading = Reading {
        binds: binds.collect(),
        body,
    };
    let mut root = reading.part(&[form], &format!("/{}", form.name));
    root.actions.extend(body::actions(model));
    let version = form.attribute("version").unwrap_or_default().to_owned();
    Ok(Written {
        root,
        lists,
        texts: texts.into_map(),
        version,
    })
}

struct Reading<'a> {
    binds: BTreeMap<String, &'a Element>,
    body: Body,
}

impl Reading<'_> {
    /// A part of all the elements that stand for it: of a repeat one for each turn, and one that turns
    /// are made of.
    fn part(&self, there: &[&Element], path: &str) -> WrittenPart {
        let is_template = |element: &&&Element| element.attribute("template").is_some();
        let made_of = there.iter().find(is_template).or(there.first());
        let count = self.body.repeats.get(path);
        let name = made_of.map_or_else(String::new, |element| element.name.clone());
        let children = made_of.map_or(&[][..], |element| &element.children);
        let mut parts = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for child in children {
            let child_path = format!("{path}/{}", child.name);
            let is_repeat = self.body.repeats.contains_key(&child_path);
            if seen.contains(&child.name.as_str()) && is_repeat {
                continue;
            }
            seen.push(&child.name);
            let turns: Vec<&Element> = match is_repeat {
                true => children.iter().filter(|c| c.name == child.name).collect(),
                false => vec![child],
            };
            parts.push(self.part(&turns, &child_path));
        }
        let mut part = WrittenPart {
            name,
            parts,
            ..WrittenPart::default()
        };
        if let Some(count) = count {
            part.kind = PartKind::Repeat {
                count: count.clone(),
                turns: there.iter().filter(|each| !is_template(each)).count(),
            };
        } else if children.is_empty() {
            let text = made_of.map(|element| element.text.clone());
            part.default = text.unwrap_or_default();
            part.kind = PartKind::Question(AnswerType::Text);
        }
        if let Some(bind) = self.binds.get(path) {
            bound(&mut part, bind);
        }
        if let Some((answer, choices)) = self.body.choices.get(path) {
            part.kind = PartKind::Question(*answer);
            part.choices = Some(choices.clone());
        }
        part.actions = self.body.actions.get(path).cloned().unwrap_or_default();
        part
    }
}

/// What is bound to a part: its type and its rules.
fn bound(part: &mut WrittenPart, bind: &Element) {
    let rule = |name: &str| bind.attribute(name).unwrap_or_default().to_owned();
    part.relevant = rule("relevant");
    part.calculation = rule("calculate");
    part.constraint = rule("constraint");
    part.required = rule("required");
    part.readonly = rule("readonly");
    let of_type = match element::local(bind.attribute("type").unwrap_or_default()) {
        "int" | "integer" => AnswerType::Whole,
        "decimal" => AnswerType::Decimal,
        "date" => AnswerType::Date,
        "dateTime" => AnswerType::Moment,
        "time" => AnswerType::Time,
        _ => AnswerType::Text,
    };
    if let PartKind::Question(answer) = &mut part.kind {
        *answer = of_type;
    }
    let asks = bind.attribute("preloadParams").unwrap_or_default();
    part.preload = match (bind.attribute("preload"), asks) {
        (Some("uid"), _) => Some(Preload::InstanceId),
        (Some("timestamp"), "start") => Some(Preload::Start),
        (Some("timestamp"), "end") => Some(Preload::End),
        (Some("date"), "today") => Some(Preload::Today),
        (Some("property"), name) => Some(Preload::Property(name.to_owned())),
        _ => None,
    };
}
