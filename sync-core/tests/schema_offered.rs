//! Ready-made forms that an installation takes into use if it wants them.

use std::collections::BTreeSet;

use gridfold_sync_core::ids::SensitivityClass;
use gridfold_sync_core::schema::{Field, Form, FormSet, builtin_forms, offered_forms};

fn founded() -> FormSet {
    let mut set = FormSet::default();
    for form in builtin_forms().unwrap() {
        set.publish(form).unwrap();
    }
    set
}
fn codes(forms: &[Form]) -> Vec<&str> {
    forms.iter().map(|f| f.code.as_str()).collect()
}

#[test]
fn what_is_offered_is_what_an_installation_has_not() {
    let mut set = founded();
    let all = offered_forms(&set).unwrap();
    assert_eq!(
        codes(&all),
        ["resident", "volunteer", "volunteering", "resource"]
    );
    // One of its own under such a name is left alone.
    let mut own = all[1].clone();
    own.label.en = "Helper".to_owned();
    set.publish(own).unwrap();
    assert_eq!(
        codes(&offered_forms(&set).unwrap()),
        ["resident", "volunteering", "resource"]
    );
}

#[test]
fn each_can_be_published_in_the_order_offered_and_refers_to_what_is_there() {
    let mut set = founded();
    for form in offered_forms(&set).unwrap() {
        assert_eq!(Form::from_json(&form.to_json()).unwrap(), form);
        assert!(form.unknown.is_empty(), "{}", form.code);
        for field in &form.fields {
            assert!(field.unknown.is_empty(), "{}: {}", form.code, field.key);
        }
        set.publish(form.clone()).unwrap();
        let json: serde_json::Value = serde_json::from_str(&form.to_json()).unwrap();
        for field in json["fields"].as_array().unwrap() {
            if let Some(other) = field["form"].as_str() {
                let known = set.iter().any(|f| f.code.as_str() == other);
                assert!(known, "{}: {}", form.code, field["key"]);
            }
        }
    }
    assert!(offered_forms(&set).unwrap().is_empty());
}

#[test]
fn names_and_telephones_of_people_are_personal_and_what_ails_them_is_restricted() {
    let set = founded();
    let all = offered_forms(&set).unwrap();
    let class = |form: &str, key: &str| {
        let form = all.iter().find(|f| f.code.as_str() == form).unwrap();
        let field: &Field = form.field(key).unwrap();
        form.class_of(field)
    };
    for (form, key) in [
        ("resident", "name"),
        ("resident", "phone"),
        ("volunteer", "name"),
        ("volunteer", "phone"),
        ("volunteering", "household"),
        ("resource", "keeper"),
    ] {
        assert_eq!(class(form, key), SensitivityClass::Personal, "{form} {key}");
    }
    assert_eq!(class("resident", "care"), SensitivityClass::Restricted);
    assert_eq!(class("resource", "kind"), SensitivityClass::General);
}

#[test]
fn every_status_of_theirs_can_be_reached_and_every_label_is_in_both_languages() {
    for form in offered_forms(&founded()).unwrap() {
        let json: serde_json::Value = serde_json::from_str(&form.to_json()).unwrap();
        let mut waiting = vec![&json];
        while let Some(at) = waiting.pop() {
            match at {
                serde_json::Value::Object(map) => {
                    if let Some(label) = map.get("label") {
                        let (zh, en) =
                            (label["zh"].as_str().unwrap(), label["en"].as_str().unwrap());
                        assert!(
                            en.is_ascii() && !en.trim().is_empty(),
                            "{}: {en}",
                            form.code
                        );
                        let chinese = zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
                        assert!(chinese, "{}: {zh}", form.code);
                    }
                    waiting.extend(map.values());
                }
                serde_json::Value::Array(all) => waiting.extend(all),
                _ => {}
            }
        }
        let Some(lifecycle) = &form.lifecycle else {
            continue;
        };
        let mut reached = BTreeSet::from([&lifecycle.initial]);
        for _ in &lifecycle.statuses {
            for step in &lifecycle.transitions {
                if step.from.iter().any(|s| reached.contains(s)) {
                    reached.extend(&step.to);
                }
            }
        }
        let all: BTreeSet<_> = lifecycle.statuses.iter().map(|s| &s.key).collect();
        assert_eq!(reached, all, "{}", form.code);
    }
}
