//! A history in words: what an edit found is what its author saw.

use std::collections::BTreeMap;

use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{
    EntryRef, FieldKey, IncarnationId, ItemKey, RecordId, SensitivityClass,
};
use gridfold_sync_core::notice::{Edit, Locale, Teller, named_in};

const CLASS: SensitivityClass = SensitivityClass::General;

fn id(device: u8, seq: u64) -> EntryRef {
    EntryRef {
        incarnation: IncarnationId::from_bytes([device; 16]),
        seq,
    }
}

fn set(value: &str) -> Op {
    Op::Set {
        field: FieldKey::new("title").unwrap(),
        value: Value::Text(value.to_owned()),
    }
}

fn unset() -> Op {
    Op::Unset {
        field: FieldKey::new("title").unwrap(),
    }
}

struct Story(Teller<'static>, Vec<Vec<Value>>);

impl Story {
    fn new() -> Self {
        Self(Teller::new(None, Locale::En), Vec::new())
    }

    fn tell(&mut self, id: EntryRef, deps: &[EntryRef], op: Op) -> String {
        self.told(id, deps, &[op], true).remove(0)
    }

    fn told(&mut self, id: EntryRef, deps: &[EntryRef], ops: &[Op], admitted: bool) -> Vec<String> {
        let told = self.0.tell(&Edit {
            class: CLASS,
            id,
            deps,
            ops,
            admitted,
        });
        self.1 = told.iter().map(|told| told.found.clone()).collect();
        told.into_iter().map(|told| told.words).collect()
    }

    /// What the author of the last edit found.
    fn found(&self) -> Vec<String> {
        let values = self.1.iter().flatten();
        values.map(|v| v.to_json().to_string()).collect()
    }
}

#[test]
fn what_stood_before_is_what_the_author_saw_and_not_what_arrived_earlier() {
    let mut story = Story::new();
    let (first, hers, his, later) = (id(1, 1), id(1, 2), id(2, 1), id(1, 3));
    assert_eq!(story.tell(first, &[], set("a")), "title: a");
    assert_eq!(
        story.tell(hers, &[first], set("b")),
        "title: from “a” to “b”"
    );
    // He had seen the first only, though hers arrived before his.
    assert_eq!(
        story.tell(his, &[first], set("c")),
        "title: from “a” to “c”"
    );
    assert_eq!(
        story.tell(later, &[hers], set("d")),
        "title: from “b” to “d”"
    );
}

#[test]
fn who_settles_names_what_stood_side_by_side() {
    let mut story = Story::new();
    let (first, hers, his) = (id(1, 1), id(1, 2), id(2, 1));
    story.tell(first, &[], set("a"));
    story.tell(hers, &[first], set("b"));
    story.tell(his, &[first], set("c"));
    assert_eq!(
        story.tell(id(3, 1), &[hers, his], set("b")),
        "title: “b” chosen, not “c”"
    );
    assert_eq!(
        story.tell(id(4, 1), &[hers, his], set("d")),
        "title: “d” in place of “b”, “c”, which stood side by side"
    );
}

#[test]
fn who_saw_a_settled_conflict_found_one_value() {
    let mut story = Story::new();
    let (first, hers, his, settled) = (id(1, 1), id(1, 2), id(2, 1), id(3, 1));
    story.tell(first, &[], set("a"));
    story.tell(hers, &[first], set("b"));
    story.tell(his, &[first], set("c"));
    story.tell(settled, &[hers, his], set("b"));
    // Made at the settled one and, needlessly, at one that it had settled.
    assert_eq!(
        story.tell(id(2, 2), &[his, settled], set("e")),
        "title: from “b” to “e”"
    );
}

#[test]
fn what_was_refused_or_emptied_is_not_there_before() {
    let mut story = Story::new();
    let (first, refused, emptied) = (id(1, 1), id(1, 2), id(1, 3));
    story.tell(first, &[], set("a"));
    let told = story.told(refused, &[first], &[set("b")], false);
    assert_eq!(told, ["title: from “a” to “b”"]);
    // The chain of a device log goes on over what was refused.
    assert_eq!(story.tell(emptied, &[refused], unset()), "title emptied");
    assert_eq!(story.tell(id(1, 4), &[emptied], set("c")), "title: c");
}

#[test]
fn several_operations_of_one_edit_follow_each_other() {
    let mut story = Story::new();
    let told = story.told(id(1, 1), &[], &[set("a"), set("b")], true);
    assert_eq!(told, ["title: a", "title: from “a” to “b”"]);
}

#[test]
fn what_somebody_typed_is_told_as_it_is_also_where_it_reads_like_a_place_of_the_text() {
    let mut story = Story::new();
    let (first, second) = (id(1, 1), id(1, 2));
    story.tell(first, &[], set("{value}"));
    assert_eq!(
        story.tell(second, &[first], set("b")),
        "title: from “{value}” to “b”"
    );
}

#[test]
fn an_edit_by_itself_says_nothing_of_what_was_there() {
    assert_eq!(
        Teller::new(None, Locale::En).alone(&[set("a")]),
        ["title: a"]
    );
}

#[test]
fn the_values_that_an_author_found_are_told_beside_the_words() {
    let mut story = Story::new();
    let (first, hers, his) = (id(1, 1), id(1, 2), id(2, 1));
    story.tell(first, &[], set("a"));
    assert!(story.found().is_empty());
    story.tell(hers, &[first], set("b"));
    assert_eq!(story.found(), ["\"a\""]);
    story.tell(his, &[first], set("c"));
    assert_eq!(story.found(), ["\"a\""]);
    story.tell(id(3, 1), &[hers, his], set("b"));
    assert_eq!(story.found(), ["\"b\"", "\"c\""]);
}

#[test]
fn edits_are_told_by_cause_in_whatever_order_they_are_given() {
    let (first, hers, his) = (id(1, 1), id(1, 2), id(2, 1));
    let (a, b, c) = ([set("a")], [set("b")], [set("c")]);
    let edit = |id, deps, ops| Edit {
        class: CLASS,
        id,
        deps,
        ops,
        admitted: true,
    };
    let (begin, both) = ([first], [hers, his]);
    let mut edits = vec![
        edit(id(3, 1), &both[..], &a[..]),
        edit(his, &begin[..], &c[..]),
        edit(hers, &begin[..], &b[..]),
        edit(first, &[][..], &a[..]),
    ];
    let words = |edits: &[Edit<'_>]| -> Vec<String> {
        let told = Teller::new(None, Locale::En).tell_all(edits);
        told.into_iter().map(|told| told[0].words.clone()).collect()
    };
    let backwards = words(&edits);
    assert_eq!(backwards[1], "title: from “a” to “c”");
    assert_eq!(backwards[3], "title: a");
    edits.reverse();
    let mut forwards = words(&edits);
    forwards.reverse();
    assert_eq!(backwards, forwards);
}

#[test]
fn a_reference_is_told_by_what_the_record_is_called_and_never_by_its_id() {
    let (one, other) = (RecordId::from_bytes([1; 16]), RecordId::from_bytes([2; 16]));
    let refers = |to: RecordId| Op::Set {
        field: FieldKey::new("household").unwrap(),
        value: Value::Reference(to),
    };
    let member = Op::ItemSet {
        field: FieldKey::new("members").unwrap(),
        item: ItemKey::new("m1").unwrap(),
        member: FieldKey::new("of").unwrap(),
        value: Value::Reference(one),
    };
    let ops = [refers(one), refers(other), member];
    assert_eq!(named_in(&ops).collect::<Vec<_>>(), [one, other, one]);
    let titles = BTreeMap::from([(one, "幸福里8号楼".to_owned())]);
    let teller = Teller::new(None, Locale::Zh).calling(titles);
    assert_eq!(
        teller.alone(&ops),
        [
            "household：幸福里8号楼",
            "household：另一条记录",
            "members，of：幸福里8号楼"
        ]
    );
}
