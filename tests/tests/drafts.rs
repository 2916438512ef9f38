//! Drafts while colleagues write: two real phones and a real server.

use crate::town::{Town, area, note};
use gridfold_client::{Client, Draft, DraftId, RecordDetail};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{ChoiceKey, FieldKey, FormCode, RecordId};
use gridfold_sync_core::schema::Role;

fn form() -> FormCode {
    FormCode::new("visit").unwrap()
}

fn minutes(n: i64) -> Op {
    Op::Set {
        field: FieldKey::new("minutes").unwrap(),
        value: Value::Integer(n),
    }
}

/// The notes as a whole, as an app gives what stands in its field.
fn notes(text: &str) -> Vec<Op> {
    vec![Op::Set {
        field: FieldKey::new("notes").unwrap(),
        value: Value::Text(text.to_owned()),
    }]
}

fn choose(need: &str) -> Op {
    Op::Choose {
        field: FieldKey::new("needs").unwrap(),
        choice: ChoiceKey::new(need).unwrap(),
    }
}

fn begin(phone: &Client, record: RecordId, ops: Vec<Op>) -> DraftId {
    keep(phone, None, record, ops)
}

fn keep(phone: &Client, id: Option<DraftId>, record: RecordId, ops: Vec<Op>) -> DraftId {
    phone
        .save_draft(&Draft {
            id,
            form: form(),
            form_version: None,
            grid: area("g1"),
            record: Some(record),
            new_record: false,
            ops,
            app_state: String::new(),
        })
        .unwrap()
}

struct Two {
    town: Town,
    one: Client,
    other: Client,
    record: RecordId,
    _home: tempfile::TempDir,
}

impl Two {
    fn phones(&self) -> [&Client; 2] {
        [&self.one, &self.other]
    }
    /// What the other wrote comes to the one.
    fn hears(&self) {
        self.town.sync(&self.other);
        self.town.sync(&self.one);
    }
    /// What the one wrote comes to the other.
    fn both_hear(&self) {
        self.town.sync(&self.one);
        self.town.sync(&self.other);
    }
}

/// Two phones that hold a visit of 20 minutes.
fn two() -> Two {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let (a, b) = (
        town.person(1, Role::Worker, "g1"),
        town.person(2, Role::Worker, "g1"),
    );
    let one = town.phone(&home.path().join("one"), a);
    let other = town.phone(&home.path().join("other"), b);
    for phone in [&one, &other] {
        town.sync(phone);
    }
    let mut ops = note("开场。结束。");
    ops.push(minutes(20));
    let record = one.create_record(&area("g1"), &form(), ops).unwrap();
    town.sync(&one);
    town.sync(&other);
    Two {
        town,
        one,
        other,
        record,
        _home: home,
    }
}

fn sides(detail: &RecordDetail, path: &str) -> Vec<serde_json::Value> {
    let conflict = detail.conflicts.iter().find(|c| c.path == path);
    let mut sides: Vec<_> = conflict.map_or_else(Vec::new, |c| {
        c.candidates.iter().map(|c| c.json.clone()).collect()
    });
    sides.sort_by_key(ToString::to_string);
    sides
}

#[test]
fn what_a_colleague_wrote_while_a_draft_waited_stays_beside_it() {
    let two = two();
    let draft = begin(&two.one, two.record, vec![minutes(30)]);
    two.other.edit(two.record, vec![minutes(45)]).unwrap();
    two.hears();
    assert_eq!(two.one.get(two.record).unwrap().fields["minutes"], 45);
    // Typed on after their value came: it still is of what was seen when it was begun.
    keep(&two.one, Some(draft), two.record, vec![minutes(35)]);
    two.one.commit_draft(draft).unwrap();
    assert_eq!(
        sides(&two.one.get(two.record).unwrap(), "minutes"),
        [35, 45]
    );
    two.both_hear();
    for phone in two.phones() {
        assert_eq!(sides(&phone.get(two.record).unwrap(), "minutes"), [35, 45]);
    }
}

#[test]
fn a_text_typed_as_a_draft_takes_nothing_from_what_a_colleague_typed_meanwhile() {
    let two = two();
    let draft = begin(&two.one, two.record, notes("开场。结束。下次再议。"));
    two.other
        .edit(two.record, notes("开场。周一清理。结束。"))
        .unwrap();
    two.hears();
    two.one.commit_draft(draft).unwrap();
    two.both_hear();
    for phone in two.phones() {
        let detail = phone.get(two.record).unwrap();
        assert_eq!(detail.fields["notes"], "开场。周一清理。结束。下次再议。");
        assert!(detail.conflicts.is_empty());
    }
}

#[test]
fn what_this_phone_wrote_since_is_known_to_whoever_finishes_a_draft_on_it() {
    let two = two();
    let draft = begin(&two.one, two.record, vec![minutes(30)]);
    two.one.edit(two.record, vec![minutes(25)]).unwrap();
    two.other.edit(two.record, note("又。")).unwrap();
    two.hears();
    two.one.commit_draft(draft).unwrap();
    two.both_hear();
    for phone in two.phones() {
        let detail = phone.get(two.record).unwrap();
        assert_eq!(detail.fields["minutes"], 30);
        assert!(
            detail.conflicts.is_empty(),
            "nobody is in conflict with themselves"
        );
    }
}

#[test]
fn a_field_first_typed_into_after_a_colleagues_words_came_is_about_those_words() {
    let two = two();
    let draft = begin(&two.one, two.record, vec![minutes(30)]);
    let mut theirs = notes("开场。周一清理。结束。");
    theirs.extend([minutes(45), choose("repair")]);
    two.other.edit(two.record, theirs).unwrap();
    two.hears();
    // Opened again: the form shows their words, which are typed on, and what they chose, which is taken away.
    let mut typed = notes("开场。周一清理。结束。下次再议。");
    typed.push(Op::Unchoose {
        field: FieldKey::new("needs").unwrap(),
        choice: ChoiceKey::new("repair").unwrap(),
    });
    typed.push(minutes(30));
    keep(&two.one, Some(draft), two.record, typed);
    two.one.commit_draft(draft).unwrap();
    two.both_hear();
    for phone in two.phones() {
        let detail = phone.get(two.record).unwrap();
        assert_eq!(detail.fields["notes"], "开场。周一清理。结束。下次再议。");
        assert_eq!(
            detail
                .fields
                .get("needs")
                .map(|v| v.as_array().map_or(0, Vec::len))
                .unwrap_or(0),
            0
        );
        assert_eq!(sides(&detail, "minutes"), [30, 45]);
        assert_eq!(detail.conflicts.len(), 1);
    }
}

#[test]
fn what_was_typed_before_anybody_had_written_there_stays_beside_what_a_colleague_wrote_first() {
    let two = two();
    let household = FormCode::new("household").unwrap();
    let words = |field: &str, text: &str| {
        vec![Op::Set {
            field: FieldKey::new(field).unwrap(),
            value: Value::Text(text.to_owned()),
        }]
    };
    let home = two
        .one
        .create_record(&area("g1"), &household, words("address", "幸福里3号楼"))
        .unwrap();
    two.both_hear();
    let draft = two
        .one
        .save_draft(&Draft {
            id: None,
            form: household,
            form_version: None,
            grid: area("g1"),
            record: Some(home),
            new_record: false,
            ops: words("care_notes", "行动不便"),
            app_state: String::new(),
        })
        .unwrap();
    two.other
        .edit(home, words("care_notes", "听力不好"))
        .unwrap();
    two.hears();
    two.one.commit_draft(draft).unwrap();
    two.both_hear();
    for phone in two.phones() {
        let detail = phone.get(home).unwrap();
        let shown = detail.fields["care_notes"].to_string();
        let all = format!("{shown}{:?}", detail.conflicts);
        assert!(
            all.contains("行动不便") && all.contains("听力不好"),
            "{all}"
        );
    }
}
