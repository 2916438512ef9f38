//! Forms as data: what is refused, what survives a round trip, and versions side by side.

use std::collections::BTreeSet;

use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{Entry, Target};
use gridfold_sync_core::ids::{
    ActionKey, FieldKey, FormCode, IncarnationId, RecordId, SensitivityClass,
};
use gridfold_sync_core::schema::{
    Field, FieldType, Form, FormError, FormSet, Label, Role, builtin_forms, check_op,
    newer_builtin_forms,
};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{PartState, RecordView};
use serde_json::{Value as Json, json};

fn label() -> Json {
    json!({ "zh": "字段", "en": "Field" })
}
fn field(key: &str, kind: Json) -> Json {
    let mut field = json!({ "key": key, "label": label() });
    for (name, value) in kind.as_object().unwrap() {
        field[name] = value.clone();
    }
    field
}
fn text(key: &str) -> Json {
    field(key, json!({ "type": "text" }))
}
fn raw(version: u32, fields: Vec<Json>) -> Json {
    json!({ "code": "probe", "version": version, "label": label(), "class": "general", "fields": fields })
}
fn read(form: &Json) -> Result<Form, FormError> {
    Form::from_json(&form.to_string())
}
fn form(version: u32, fields: Vec<Json>) -> Form {
    read(&raw(version, fields)).unwrap()
}
fn key(name: &str) -> FieldKey {
    FieldKey::new(name).unwrap()
}

#[test]
fn a_round_trip_keeps_every_key_also_unknown_ones() {
    let mut source = raw(
        3,
        vec![
            field(
                "a",
                json!({ "type": "text", "max_chars": 7, "pattern": "x*", "hint": { "zh": "提示" }, "required": true }),
            ),
            field(
                "b",
                json!({ "type": "boolean", "visible_if": { "equals": ["a", "x"] }, "later": [1, 2] }),
            ),
            field(
                "g",
                json!({ "type": "group", "max_items": 3, "members": [
            field("m", json!({ "type": "decimal", "min": "1", "scale": 2, "unit": "℃" })),
        ] }),
            ),
        ],
    );
    let row = json!({ "action": "age", "label": label(), "from": ["new"], "to": "new", "roles": ["worker"], "asks": "photo" });
    source["lifecycle"] = json!({
        "initial": "new", "deadline": 3,
        "statuses": [{ "key": "new", "label": label(), "rank": 1, "colour": "red" }],
        "transitions": [row],
    });
    let one = json!([{ "key": "x", "label": label(), "icon": "sun" }]);
    let fields = source["fields"].as_array_mut().unwrap();
    fields.push(field("c", json!({ "type": "choose_many", "choices": one })));
    source["icon"] = json!("house");
    source["title"] = json!("a");
    let form = read(&source).unwrap();
    let again: Json = serde_json::from_str(&form.to_json()).unwrap();
    assert_eq!(again, source);
    assert_eq!(Form::from_json(&form.to_json()).unwrap(), form);
    assert_eq!(form.unknown.keys().collect::<Vec<_>>(), ["icon"]);
    assert_eq!(form.fields[0].unknown.keys().collect::<Vec<_>>(), ["hint"]);
    assert_eq!(form.fields[1].unknown.keys().collect::<Vec<_>>(), ["later"]);
}

#[test]
fn builtin_forms_round_trip_without_unknown_keys() {
    for form in builtin_forms().unwrap() {
        assert!(form.unknown.is_empty());
        for field in &form.fields {
            assert!(
                field.unknown.is_empty(),
                "{}: {:?}",
                field.key,
                field.unknown
            );
        }
        assert_eq!(Form::from_json(&form.to_json()).unwrap(), form);
    }
}

#[test]
fn forms_that_cannot_be_meant_are_refused() {
    let twice = |k: &str| Err(FormError::TwiceTheField(key(k)));
    let impossible = Err(FormError::ImpossibleRule(key("a")));
    let lacks = Err(FormError::NoSuchField(key("z")));
    let group = |members: Vec<Json>| field("g", json!({ "type": "group", "members": members }));
    let choices = |keys: &[&str]| -> Json {
        keys.iter()
            .map(|k| json!({ "key": k, "label": label() }))
            .collect()
    };
    let a = |kind: Json| vec![field("a", kind)];
    for (fields, expected) in [
        (vec![text("a"), text("b"), text("a")], twice("a")),
        (vec![group(vec![text("m"), text("m")])], twice("m")),
        (
            a(json!({ "type": "integer", "min": 2, "max": 1 })),
            impossible.clone(),
        ),
        (
            a(json!({ "type": "decimal", "min": "2", "max": "1.99" })),
            impossible.clone(),
        ),
        (
            a(json!({ "type": "decimal", "min": "two" })),
            impossible.clone(),
        ),
        (
            a(json!({ "type": "decimal", "scale": 19 })),
            impossible.clone(),
        ),
        (
            a(json!({ "type": "date", "min": "2026-01-02", "max": "2026-01-01" })),
            impossible.clone(),
        ),
        (
            a(json!({ "type": "date", "max": "2026-02-29" })),
            impossible.clone(),
        ),
        (
            a(json!({ "type": "choose_one", "choices": [] })),
            impossible.clone(),
        ),
        (
            a(json!({ "type": "choose_many", "choices": choices(&["x", "x"]) })),
            impossible.clone(),
        ),
        (
            a(json!({ "type": "counter", "max_step": 0 })),
            impossible.clone(),
        ),
        (
            a(json!({ "type": "text", "max_chars": 0 })),
            impossible.clone(),
        ),
        (
            a(json!({ "type": "group", "members": [], "max_items": 0 })),
            impossible.clone(),
        ),
        // A member held more closely than its group would be written where others read it.
        (
            vec![group(vec![field(
                "a",
                json!({ "type": "text", "class": "restricted" }),
            )])],
            impossible.clone(),
        ),
        (
            vec![group(vec![field(
                "a",
                json!({ "type": "integer", "min": 2, "max": 1 }),
            )])],
            impossible.clone(),
        ),
        (
            a(json!({ "type": "text", "visible_if": { "present": "z" } })),
            lacks.clone(),
        ),
        (
            a(
                json!({ "type": "text", "visible_if": { "not": { "any": [{ "equals": ["z", 1] }] } } }),
            ),
            lacks.clone(),
        ),
    ] {
        let source = raw(1, fields);
        assert_eq!(read(&source).map(|_| ()), expected, "{source}");
    }
    for nested in ["long_text", "counter", "choose_many", "group"] {
        let kind = json!({ "type": nested, "choices": choices(&["x"]), "members": [] });
        let refused = read(&raw(1, vec![group(vec![field("m", kind)])]));
        assert_eq!(
            refused.unwrap_err(),
            FormError::NotInAGroup(key("m")),
            "{nested}"
        );
    }
    let mut untitled = raw(1, vec![text("a")]);
    untitled["title"] = json!("z");
    assert_eq!(read(&untitled).map(|_| ()), lacks);
    for wrong in [
        json!({}),
        json!([]),
        raw(1, a(json!({ "type": "telepathy" }))),
        raw(1, a(json!({ "type": "text", "pattern": "(" }))),
        raw(1, vec![text("bad key")]),
    ] {
        assert!(
            matches!(read(&wrong), Err(FormError::NotAForm(_))),
            "{wrong}"
        );
    }
}

#[test]
fn lifecycles_that_cannot_be_folded_are_refused() {
    let row = |action: &str, from: &str, to: &str| json!({ "action": action, "label": label(), "from": [from], "to": to, "roles": ["worker"] });
    let with = |initial: &str, rows: Vec<Json>| {
        let mut source = raw(
            1,
            vec![
                text("a"),
                field("p", json!({ "type": "text", "class": "personal" })),
            ],
        );
        let statuses = ["new", "old"].map(|k| json!({ "key": k, "label": label(), "rank": 1 }));
        source["lifecycle"] =
            json!({ "initial": initial, "statuses": statuses, "transitions": rows });
        read(&source).map(|_| ())
    };
    let bad = |what: &str| Err(FormError::BadLifecycle(what.to_owned()));
    assert_eq!(with("new", vec![row("age", "new", "old")]), Ok(()));
    assert_eq!(with("none", vec![]), bad("none"));
    assert_eq!(with("new", vec![row("age", "x", "old")]), bad("x"));
    assert_eq!(with("new", vec![row("age", "new", "y")]), bad("y"));
    assert_eq!(
        with(
            "new",
            vec![row("age", "new", "old"), row("age", "new", "new")]
        ),
        bad("age")
    );
    assert_eq!(
        with(
            "new",
            vec![row("age", "new", "old"), row("age", "old", "new")]
        ),
        Ok(())
    );
    let mut needing = row("age", "new", "old");
    for (needs, expected) in [
        ("a", Ok(())),
        ("z", Err(FormError::NoSuchField(key("z")))),
        // It would be looked for in a class that the transition's stream does not hold.
        ("p", Err(FormError::ImpossibleRule(key("p")))),
    ] {
        needing["needs"] = json!([needs]);
        assert_eq!(with("new", vec![needing.clone()]), expected);
    }
}

#[test]
fn a_version_is_published_once_and_follows_all_others() {
    let code = FormCode::new("probe").unwrap();
    let group = |kind: &str| {
        field(
            "g",
            json!({ "type": "group", "members": [field("m", json!({ "type": kind }))] }),
        )
    };
    let mut set = FormSet::default();
    assert!(!set.has(&code) && set.latest(&code).is_none());
    set.publish(form(1, vec![text("a"), text("b"), group("text")]))
        .unwrap();
    set.publish(form(1, vec![text("a"), text("b"), group("text")]))
        .unwrap();
    let changed = |k: &str| Err(FormError::ChangedType(key(k), 1));
    assert_eq!(
        set.publish(form(1, vec![text("a")])),
        Err(FormError::Published(1))
    );
    set.publish(form(2, vec![text("a")])).unwrap();
    // `b` left in version 2: records of version 1 still hold a text there.
    let integer = |k: &str| field(k, json!({ "type": "integer" }));
    assert_eq!(
        set.publish(form(3, vec![text("a"), integer("b")])),
        changed("b")
    );
    assert_eq!(set.publish(form(3, vec![group("integer")])), changed("m"));
    let held = field("b", json!({ "type": "text", "class": "restricted" }));
    assert_eq!(set.publish(form(3, vec![held])), changed("b"));
    let mut closer = raw(
        3,
        vec![field("a", json!({ "type": "text", "class": "general" }))],
    );
    closer["class"] = json!("personal");
    assert_eq!(
        set.publish(read(&closer).unwrap()),
        Err(FormError::ChangedClass(1))
    );
    set.publish(form(
        4,
        vec![
            field(
                "a",
                json!({ "type": "text", "max_chars": 9, "required": true }),
            ),
            text("b"),
        ],
    ))
    .unwrap();
    set.publish(form(3, vec![text("c")])).unwrap();
    assert_eq!(set.latest(&code).unwrap().version, 4);
    assert_eq!(set.get(&code, 2).unwrap().fields.len(), 1);
    assert_eq!(
        set.iter().map(|f| f.version).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    let mut broken = form(5, vec![text("a")]);
    broken.fields.push(broken.fields[0].clone());
    assert_eq!(set.publish(broken), Err(FormError::TwiceTheField(key("a"))));
}

#[test]
fn a_record_edited_under_the_next_version_and_back_keeps_its_fields() {
    let v1 = form(1, vec![text("a"), text("old")]);
    let v2 = form(2, vec![text("a"), text("new")]);
    let who = IncarnationId::from_bytes([1; 16]);
    let record = RecordId::from_bytes([2; 16]);
    let mut state = PartState::new(v1.code.clone());
    for (seq, form, name) in [(1, &v1, "old"), (2, &v2, "new"), (3, &v1, "a")] {
        let target = match state.heads.as_slice() {
            [] => Target::New {
                record,
                form: v1.code.clone(),
            },
            heads => Target::At(heads.to_vec()),
        };
        let op = Op::Set {
            field: key(name),
            value: Value::Text(format!("{seq}")),
        };
        check_op(
            form,
            SensitivityClass::General,
            &[Role::Worker],
            &state,
            &op,
        )
        .unwrap();
        state.apply(&Entry::new(
            who,
            seq,
            target,
            form.version,
            Timestamp(0),
            vec![op],
        ));
    }
    for form in [&v1, &v2] {
        let parts = vec![(SensitivityClass::General, &state)];
        let view = RecordView {
            record,
            form,
            parts,
        };
        assert_eq!(
            Json::Object(view.fields()),
            json!({ "a": "3", "new": "2", "old": "1" })
        );
    }
    assert_eq!(state.form_version, 2);
    let gone = Op::Set {
        field: key("old"),
        value: Value::Text(String::new()),
    };
    assert!(
        check_op(
            &v2,
            SensitivityClass::General,
            &[Role::Worker],
            &state,
            &gone
        )
        .is_err()
    );
}

fn every_label(form: &Form) -> Vec<(String, &Label)> {
    fn of_fields<'a>(fields: &'a [Field], out: &mut Vec<(String, &'a Label)>) {
        for f in fields {
            out.push((f.key.to_string(), &f.label));
            match &f.kind {
                FieldType::Group { members, .. } => of_fields(members, out),
                FieldType::ChooseOne { choices } | FieldType::ChooseMany { choices } => {
                    out.extend(
                        choices
                            .iter()
                            .map(|c| (format!("{}={}", f.key, c.key), &c.label)),
                    );
                }
                _ => {}
            }
        }
    }
    let mut out = vec![(form.code.to_string(), &form.label)];
    of_fields(&form.fields, &mut out);
    if let Some(lifecycle) = &form.lifecycle {
        out.extend(
            lifecycle
                .statuses
                .iter()
                .map(|s| (s.key.to_string(), &s.label)),
        );
        out.extend(
            lifecycle
                .transitions
                .iter()
                .map(|t| (t.action.to_string(), &t.label)),
        );
    }
    out
}

#[test]
fn builtin_forms_speak_both_languages_everywhere() {
    let forms = builtin_forms().unwrap();
    let codes: Vec<&str> = forms.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "household",
            "visit",
            "matter",
            "task",
            "meeting",
            "matter",
            "task",
            "matter",
            "task",
            "matter",
            "matter",
            "meeting",
            "task"
        ]
    );
    let versions: Vec<u32> = forms.iter().map(|f| f.version).collect();
    assert_eq!(versions, [1, 1, 1, 1, 1, 2, 2, 3, 3, 4, 5, 2, 4]);
    for form in &forms {
        for (at, label) in every_label(form) {
            let name = format!("{}: {at}: {label:?}", form.code);
            assert!(!label.en.trim().is_empty() && label.en.is_ascii(), "{name}");
            let chinese = label
                .zh
                .chars()
                .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(chinese, "{name}");
        }
        assert!(
            form.title
                .as_ref()
                .is_some_and(|t| form.field(t.as_str()).is_some())
        );
    }
}

#[test]
fn every_status_of_a_builtin_lifecycle_is_unique_and_can_be_reached() {
    for form in builtin_forms().unwrap() {
        let Some(lifecycle) = &form.lifecycle else {
            continue;
        };
        let keys: BTreeSet<&ActionKey> = lifecycle.statuses.iter().map(|s| &s.key).collect();
        let ranks: BTreeSet<u32> = lifecycle.statuses.iter().map(|s| s.rank).collect();
        assert_eq!(
            (keys.len(), ranks.len()),
            (lifecycle.statuses.len(), lifecycle.statuses.len())
        );
        let mut reached = BTreeSet::from([&lifecycle.initial]);
        loop {
            let before = reached.len();
            for t in &lifecycle.transitions {
                if t.from.iter().any(|s| reached.contains(s)) && !t.roles.is_empty() {
                    reached.extend(&t.to);
                }
            }
            if reached.len() == before {
                break;
            }
        }
        assert_eq!(reached, keys, "{}", form.code);
        assert!(lifecycle.statuses.iter().any(|s| s.closed), "{}", form.code);
    }
}

#[test]
fn newer_builtin_forms_follow_older_ones_and_nobody_elses() {
    let all = builtin_forms().unwrap();
    let mut older = FormSet::default();
    for form in all.iter().filter(|f| f.version == 1) {
        older.publish(form.clone()).unwrap();
    }
    let newer = newer_builtin_forms(&older).unwrap();
    let named = |forms: &[Form]| -> Vec<(String, u32)> {
        forms
            .iter()
            .map(|f| (f.code.to_string(), f.version))
            .collect()
    };
    assert_eq!(
        named(&newer),
        [
            ("matter", 2),
            ("task", 2),
            ("matter", 3),
            ("task", 3),
            ("matter", 4),
            ("matter", 5),
            ("meeting", 2),
            ("task", 4)
        ]
        .map(|(code, version)| (code.to_owned(), version))
    );
    let mut own = newer[0].clone();
    own.label.en = "Our matter".to_owned();
    let mut customised = older.clone();
    customised.publish(own).unwrap();
    assert_eq!(
        named(&newer_builtin_forms(&customised).unwrap()),
        [("task", 2), ("task", 3), ("meeting", 2), ("task", 4)]
            .map(|(code, version)| (code.to_owned(), version))
    );
    for form in newer {
        // What was made with version 1 stays valid: every field of it is still there, and takes what
        // it took.
        let was = older.get(&form.code, 1).unwrap();
        assert!(
            was.fields
                .iter()
                .all(|f| form.field(f.key.as_str()).is_some())
        );
        older.publish(form).unwrap();
    }
    assert!(newer_builtin_forms(&older).unwrap().is_empty());
    assert!(newer_builtin_forms(&FormSet::default()).unwrap().is_empty());
}
