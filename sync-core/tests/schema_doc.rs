//! `docs/forms-json.md` names every key of a form, and its example is one.

use std::collections::BTreeSet;

use gridfold_sync_core::ids::SensitivityClass;
use gridfold_sync_core::schema::{FieldMeaning, Form, FormMeaning, Role, builtin_forms};
use serde_json::Value;

const DOC: &str = include_str!("../../docs/forms-json.md");

fn example() -> &'static str {
    let (_, rest) = DOC.split_once("```json\n").unwrap();
    rest.split_once("```").unwrap().0
}

/// Everything in backticks before the example.
fn named() -> BTreeSet<String> {
    let (text, _) = DOC.split_once("```json\n").unwrap();
    let quoted = text.split('`').skip(1).step_by(2);
    let words = |code: &str| {
        let all = code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        all.map(str::to_owned).collect::<Vec<_>>()
    };
    quoted.flat_map(words).collect()
}

/// The keys of all objects in it, but for those of labels.
fn keys(json: &Value, out: &mut BTreeSet<String>) {
    match json {
        Value::Object(map) => {
            for (key, value) in map {
                out.insert(key.clone());
                if key != "label" {
                    keys(value, out);
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|value| keys(value, out)),
        _ => {}
    }
}

fn types(form: &Form) -> BTreeSet<String> {
    let json = serde_json::to_value(form).unwrap();
    let fields = json["fields"].as_array().unwrap();
    let types = fields
        .iter()
        .map(|f| f["type"].as_str().unwrap().to_owned());
    types.collect()
}

#[test]
fn the_example_is_a_form_that_has_every_key_and_type() {
    let form = Form::from_json(example()).unwrap();
    let mut of_example = BTreeSet::new();
    keys(&serde_json::from_str(example()).unwrap(), &mut of_example);
    // Nothing of it is a key that this build does not know.
    let mut written = BTreeSet::new();
    keys(&serde_json::to_value(&form).unwrap(), &mut written);
    assert_eq!(of_example.difference(&written).next(), None);
    assert!(form.unknown.is_empty());
    assert!(form.fields.iter().all(|f| f.unknown.is_empty()));
    assert_eq!(types(&form).len(), 14, "one field of each type");
    for builtin in builtin_forms().unwrap() {
        let mut theirs = BTreeSet::new();
        keys(&serde_json::to_value(&builtin).unwrap(), &mut theirs);
        let missing: Vec<_> = theirs.difference(&of_example).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", builtin.code);
        assert!(types(&builtin).is_subset(&types(&form)));
    }
}

#[test]
fn every_key_type_and_word_of_the_rules_is_explained() {
    let named = named();
    let mut all = BTreeSet::new();
    keys(&serde_json::from_str(example()).unwrap(), &mut all);
    all.extend(types(&Form::from_json(example()).unwrap()));
    all.extend(FormMeaning::ALL.iter().map(|m| m.as_str().to_owned()));
    all.extend(FieldMeaning::ALL.iter().map(|m| m.as_str().to_owned()));
    all.extend(Role::ALL.iter().map(|r| r.as_str().to_owned()));
    for class in SensitivityClass::ALL {
        let json = serde_json::to_value(class).unwrap();
        all.insert(json.as_str().unwrap().to_owned());
    }
    let missing: Vec<_> = all.difference(&named).collect();
    assert!(missing.is_empty(), "not in docs/forms-json.md: {missing:?}");
}
