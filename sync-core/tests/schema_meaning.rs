//! What things are for is said by the form: found by that, checked where it is published, and given
//! to forms from before it could be said.

use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{Entry, Target};
use gridfold_sync_core::ids::{ActionKey, FieldKey, FormCode, IncarnationId, RecordId};
use gridfold_sync_core::lifecycle::Stage;
use gridfold_sync_core::merge::fold;
use gridfold_sync_core::schema::{
    FieldMeaning, Form, FormError, FormMeaning, FormSet, builtin_forms, newer_builtin_forms,
};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::RecordView;
use serde_json::{Value as Json, json};

fn label() -> Json {
    json!({ "zh": "名", "en": "Name" })
}
fn key(name: &str) -> FieldKey {
    FieldKey::new(name).unwrap()
}
fn action(name: &str) -> ActionKey {
    ActionKey::new(name).unwrap()
}
fn field(key: &str, kind: &str, means: &str) -> Json {
    let mut field = json!({ "key": key, "label": label(), "type": kind });
    if !means.is_empty() {
        field["means"] = json!(means);
    }
    match kind {
        "text" => field["max_chars"] = json!(60),
        "reference" => field["form"] = json!("plot"),
        "choose_one" => field["choices"] = json!([{ "key": "x", "label": label() }]),
        _ => {}
    }
    field
}
fn step(action: &str, from: &[&str], to: &str) -> Json {
    json!({ "action": action, "label": label(), "from": from, "to": to, "roles": ["worker"] })
}
/// A repair, with names that no built-in form has.
fn repair() -> Json {
    let status = |key: &str, rank: u32| json!({ "key": key, "label": label(), "rank": rank });
    let mut statuses = ["called_in", "underway", "mended", "paid"]
        .iter()
        .zip(1..)
        .map(|(key, rank)| status(key, rank))
        .collect::<Vec<_>>();
    statuses[2]["done"] = json!(true);
    statuses[3]["closed"] = json!(true);
    json!({
        "code": "repair", "version": 1, "label": label(), "class": "general", "means": "matter", "title": "what",
        "fields": [
            field("what", "text", ""),
            field("wanted_by", "date_time", "due"),
            field("mechanic", "text", "doer"),
            field("noticed", "date_time", "happened"),
            field("spot", "geopoint", "place"),
            field("home", "reference", "household"),
            field("order", "reference", "about"),
        ],
        "lifecycle": {
            "initial": "called_in", "statuses": statuses,
            "transitions": [
                step("start", &["called_in"], "underway"),
                step("mend", &["underway"], "mended"),
                step("pay", &["mended"], "paid"),
                step("drop", &["called_in"], "paid"),
            ],
        },
    })
}
fn read(form: &Json) -> Result<Form, FormError> {
    Form::from_json(&form.to_string())
}
/// The same as it was before forms could say what things are for.
fn without_meaning(json: &mut Json) {
    match json {
        Json::Object(map) => {
            map.remove("means");
            if map.contains_key("rank") {
                map.remove("done");
            }
            map.values_mut().for_each(without_meaning);
        }
        Json::Array(all) => all.iter_mut().for_each(without_meaning),
        _ => {}
    }
}

#[test]
fn fields_are_found_by_what_they_mean_and_not_by_their_names() {
    let form = read(&repair()).unwrap();
    assert!(form.is(FormMeaning::Matter) && form.tells_of_a_time());
    for (meaning, name) in [
        (FieldMeaning::Due, "wanted_by"),
        (FieldMeaning::Doer, "mechanic"),
        (FieldMeaning::Happened, "noticed"),
        (FieldMeaning::Place, "spot"),
        (FieldMeaning::Household, "home"),
    ] {
        assert_eq!(form.field_for(meaning).unwrap().key, key(name));
    }
    assert!(form.field_for(FieldMeaning::Closed).is_none());
    let about: Vec<&str> = form.about_fields().map(|f| f.key.as_str()).collect();
    assert_eq!(about, ["order"]);
    let (home, place) = (RecordId::from_bytes([5; 16]), (311_000_000, 1_212_000_000));
    let ops = vec![
        Op::Set {
            field: key("home"),
            value: Value::Reference(home),
        },
        Op::Set {
            field: key("spot"),
            value: Value::Geopoint {
                lat_e7: place.0,
                lon_e7: place.1,
            },
        },
    ];
    let code = FormCode::new("repair").unwrap();
    let record = RecordId::from_bytes([1; 16]);
    let target = Target::New {
        record,
        form: code.clone(),
    };
    let who = IncarnationId::from_bytes([9; 16]);
    let entry = Entry::new(who, 1, target, 1, Timestamp(0), ops);
    let row = fold(&code, &[entry]).unwrap();
    let view = RecordView {
        record,
        form: &form,
        parts: vec![(form.class, &row)],
    };
    assert_eq!(view.household(), Some(home));
    assert_eq!(view.location(), Some(place));
}

#[test]
fn a_status_is_open_done_or_closed_and_the_shortest_way_closes_it() {
    let form = read(&repair()).unwrap();
    let lifecycle = form.lifecycle.as_ref().unwrap();
    let stages = ["called_in", "underway", "mended", "paid", "unknown"];
    assert_eq!(
        stages.map(|s| lifecycle.stage(&action(s))),
        [
            Stage::Open,
            Stage::Open,
            Stage::Done,
            Stage::Closed,
            Stage::Open
        ]
    );
    let way = |from: &str, without: &str| {
        let way = lifecycle.way_to_closed(&action(from), |t| t.action.as_str() != without);
        way.map(|way| way.iter().map(|t| t.action.to_string()).collect::<Vec<_>>())
    };
    assert_eq!(way("called_in", ""), Some(vec!["drop".to_owned()]));
    let long = ["start", "mend", "pay"].map(str::to_owned).to_vec();
    assert_eq!(way("called_in", "drop"), Some(long));
    assert_eq!(way("paid", ""), Some(vec![]));
    assert_eq!(way("mended", "pay"), None);
    assert_eq!(way("nowhere", ""), None);
}

#[test]
fn builtin_forms_from_before_mean_what_they_mean_today() {
    // Those of before: what came with later versions never was without meaning.
    for form in builtin_forms().unwrap() {
        assert!(form.meaning().is_some(), "{}", form.code);
        if form.version > 3 || (form.code.as_str(), form.version) == ("meeting", 2) {
            continue;
        }
        let mut before: Json = serde_json::from_str(&form.to_json()).unwrap();
        without_meaning(&mut before);
        assert_ne!(before.to_string(), form.to_json());
        let read: Form = serde_json::from_value(before.clone()).unwrap();
        assert_eq!(read, form);
        // So the logged version and today's are one, and newer ones follow.
        let mut set = FormSet::default();
        set.publish(read).unwrap();
        set.publish(form.clone()).unwrap();
        let newer = newer_builtin_forms(&set).unwrap();
        let newest = match form.code.as_str() {
            "matter" => 5,
            "task" => 4,
            "meeting" => 2,
            _ => form.version,
        };
        let later = newest - form.version;
        assert_eq!(newer.len(), later as usize, "{}", form.code);
    }
}

#[test]
fn an_own_version_of_a_builtin_form_from_before_keeps_what_its_fields_mean() {
    let matter = builtin_forms().unwrap();
    let matter = matter
        .iter()
        .rfind(|f| f.code.as_str() == "matter" && f.version == 3)
        .unwrap();
    let mut own: Json = serde_json::from_str(&matter.to_json()).unwrap();
    without_meaning(&mut own);
    own["version"] = json!(7);
    let fields = own["fields"].as_array_mut().unwrap();
    fields.retain(|f| f["key"] != "assignee");
    for field in fields.iter_mut().filter(|f| f["key"] == "due_at") {
        field["type"] = json!("text");
    }
    fields.push(field("fixer", "text", ""));
    own["lifecycle"]["initial"] = json!("handled");
    let form = read(&own).unwrap();
    assert!(form.is(FormMeaning::Matter));
    let found = |meaning| form.field_for(meaning).map(|f| f.key.to_string());
    assert_eq!(
        found(FieldMeaning::Happened).as_deref(),
        Some("reported_at")
    );
    assert_eq!(found(FieldMeaning::Due), None, "it is a text now");
    assert_eq!(found(FieldMeaning::Doer), None, "it left");
    let stage = |key: &str| form.lifecycle.as_ref().unwrap().stage(&action(key));
    assert_eq!(stage("replied"), Stage::Done);
    assert_eq!(stage("handled"), Stage::Open, "work begins there");
    // Who says anything is taken at their word, and names of another form's are names.
    own["fields"].as_array_mut().unwrap()[0]["means"] = json!("accountable");
    let form = read(&own).unwrap();
    assert!(form.meaning().is_none() && form.field_for(FieldMeaning::Happened).is_none());
    own["code"] = json!("nuisance");
    own["fields"].as_array_mut().unwrap()[0]["means"].take();
    without_meaning(&mut own);
    let form = read(&own).unwrap();
    assert!(form.meaning().is_none() && form.field_for(FieldMeaning::Happened).is_none());
    assert!(
        form.field_for(FieldMeaning::Place).is_some(),
        "a geopoint is a place"
    );
    assert_eq!(
        form.field_for(FieldMeaning::Household).unwrap().key,
        key("household")
    );
}

#[test]
fn a_meaning_that_a_newer_build_knows_is_kept_and_not_published_here() {
    let mut source = repair();
    source["fields"][0]["means"] = json!("evidence");
    source["means"] = json!({ "sort": "inspection" });
    source["lifecycle"]["transitions"][0]["means"] = json!("sign");
    let form: Form = serde_json::from_value(source.clone()).unwrap();
    assert_eq!(serde_json::to_value(&form).unwrap(), source);
    assert_eq!(form.meaning(), None);
    assert_eq!(form.fields[0].meaning(), None);
    assert!(form.field_for(FieldMeaning::Due).is_some());
    FormSet::default().publish(form).unwrap();
    let refused = |source: &Json| match read(source) {
        Err(FormError::UnknownMeaning { of, meaning, .. }) => (of, meaning),
        other => panic!("{other:?}"),
    };
    let both = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        refused(&source),
        both("repair", "{\"sort\":\"inspection\"}")
    );
    source["means"] = json!("matter");
    assert_eq!(refused(&source), both("what", "evidence"));
    source["fields"][0]["means"] = json!("accountable");
    assert_eq!(refused(&source), both("start", "sign"));
    let text = read(&source).unwrap_err().to_string();
    assert!(text.contains("dispatch"), "{text}");
}

#[test]
fn meanings_that_cannot_be_meant_are_refused() {
    let with = |change: &dyn Fn(&mut Json)| {
        let mut source = repair();
        change(&mut source);
        read(&source).map(|_| ())
    };
    let more =
        |f: Json| with(&move |s: &mut Json| s["fields"].as_array_mut().unwrap().push(f.clone()));
    assert_eq!(with(&|_| ()), Ok(()));
    assert_eq!(
        more(field("second", "date_time", "due")),
        Err(FormError::TwiceTheMeaning(key("second"), FieldMeaning::Due))
    );
    let kinds = [
        "text",
        "long_text",
        "boolean",
        "date",
        "date_time",
        "choose_one",
        "geopoint",
        "reference",
    ];
    for meaning in FieldMeaning::ALL {
        let fits: Vec<&str> = match meaning {
            FieldMeaning::Household | FieldMeaning::About | FieldMeaning::PartOf => {
                vec!["reference"]
            }
            // No group without members is a form.
            FieldMeaning::Steps => vec![],
            FieldMeaning::Plan => vec!["text"],
            FieldMeaning::Place => vec!["geopoint"],
            FieldMeaning::Happened
            | FieldMeaning::Due
            | FieldMeaning::AskedDue
            | FieldMeaning::Closed => vec!["date_time"],
            FieldMeaning::Doer
            | FieldMeaning::Issuer
            | FieldMeaning::Accountable
            | FieldMeaning::Kind => vec!["text"],
            FieldMeaning::Priority => vec!["choose_one"],
            FieldMeaning::Details | FieldMeaning::Reply => vec!["text", "long_text"],
            FieldMeaning::Receipt | FieldMeaning::Reopening => vec!["text"],
            FieldMeaning::Satisfaction => vec!["choose_one"],
        };
        for kind in kinds {
            let only =
                with(&|s: &mut Json| s["fields"] = json!([field("what", kind, meaning.as_str())]));
            match only {
                Ok(()) => assert!(fits.contains(&kind), "{meaning:?} {kind}"),
                Err(FormError::CannotMean { field, types, .. }) => {
                    assert!(!fits.contains(&kind), "{meaning:?} {kind}");
                    assert_eq!(field, key("what"));
                    assert!(fits.iter().all(|fit| types.contains(fit)), "{types}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
    let member = json!({
        "key": "parts", "label": label(), "type": "group", "members": [field("by", "text", "doer")],
    });
    assert_eq!(more(member), Err(FormError::MeaningInAGroup(key("by"))));
    let status = |at: usize, name: &'static str| {
        with(&move |s: &mut Json| s["lifecycle"]["statuses"][at][name] = json!(true))
    };
    assert_eq!(
        status(3, "done"),
        Err(FormError::DoneAndClosed(action("paid")))
    );
    assert_eq!(
        status(0, "done"),
        Err(FormError::BeginsDone(action("called_in")))
    );
    assert_eq!(
        status(0, "closed"),
        Err(FormError::BeginsDone(action("called_in")))
    );
    assert_eq!(
        with(&|s: &mut Json| s["lifecycle"]["transitions"][2]["from"] = json!(["underway"])),
        Err(FormError::StaysDone(action("mended")))
    );
    let never = Err(FormError::NeverClosed(FormMeaning::Matter));
    assert_eq!(
        with(&|s: &mut Json| {
            let statuses = s["lifecycle"]["statuses"].as_array_mut().unwrap();
            statuses[2]["done"] = json!(false);
            statuses[3]["closed"] = json!(false);
        }),
        never
    );
    assert_eq!(with(&|s: &mut Json| s["lifecycle"] = Json::Null), never);
}

#[test]
fn a_version_says_no_other_meaning_than_those_before() {
    let mut set = FormSet::default();
    let mut source = repair();
    source.as_object_mut().unwrap().remove("means");
    set.publish(read(&source).unwrap()).unwrap();
    assert!(set.that_mean(FormMeaning::Matter).is_empty());
    let code = FormCode::new("repair").unwrap();
    (source["version"], source["means"]) = (json!(2), json!("matter"));
    set.publish(read(&source).unwrap()).unwrap();
    assert!(set.that_mean(FormMeaning::Matter).contains(&code));
    (source["version"], source["means"]) = (json!(3), json!("task"));
    assert_eq!(
        set.publish(read(&source).unwrap()),
        Err(FormError::ChangedMeaning(2, FormMeaning::Matter))
    );
    source.as_object_mut().unwrap().remove("means");
    set.publish(read(&source).unwrap()).unwrap();
    assert!(set.that_mean(FormMeaning::Matter).contains(&code));
}
