//! What merging promises, case by case: each both ways round, folded and read from the engine.

use crate::merge_world::{
    Replica, choose, chosen, count, counter, form, item_add, item_remove, item_set, item_unset,
    items, merged, read, set, splice, text, transition, unchoose, unset, values,
};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::Entry;
use gridfold_sync_core::merge::{MergeError, fold, state_at};
use gridfold_sync_core::view::{Cell, PartState, set_text};

/// A record that two phones know, and what each then does without the other.
struct Fork {
    base: Replica,
    a: Replica,
    b: Replica,
    entries: Vec<Entry>,
}

fn fork(base_ops: Vec<Op>) -> Fork {
    let mut base = Replica::new(0);
    let first = base.edit(100, base_ops);
    let (mut a, mut b) = (Replica::new(1), Replica::new(2));
    a.receive(&first);
    b.receive(&first);
    let entries = vec![first];
    Fork {
        base,
        a,
        b,
        entries,
    }
}

impl Fork {
    fn a(mut self, ops: Vec<Op>) -> Self {
        self.entries.push(self.a.edit(200, ops));
        self
    }
    fn b(mut self, ops: Vec<Op>) -> Self {
        self.entries.push(self.b.edit(50, ops));
        self
    }
    /// The row after both know all; equal in both orders, on both phones and read from the engine.
    fn merge(mut self) -> (PartState, Replica) {
        for entry in &self.entries {
            self.a.receive(entry);
            self.base.receive(entry);
        }
        for entry in self.entries.iter().rev() {
            self.b.receive(entry);
        }
        let row = read(&merged(&self.entries).unwrap()).unwrap();
        self.entries.reverse();
        assert_eq!(fold(&form(), &self.entries).unwrap(), row);
        assert_eq!(self.a.state, row);
        assert_eq!(self.b.state, row);
        assert_eq!(self.base.state, row);
        (row, self.a)
    }
}

fn conflicts(row: &PartState) -> Vec<String> {
    row.conflicts().map(|(path, _)| path.to_string()).collect()
}

#[test]
fn a_conflict_lists_all_values_with_who_set_them_and_choosing_settles_it() {
    let f = fork(vec![set("phone", text("0"))])
        .a(vec![set("phone", text("1"))])
        .b(vec![set("phone", text("2"))]);
    let (mine, theirs) = (f.entries[1].id(), f.entries[2].id());
    let (row, mut phone) = f.merge();
    let (path, candidates) = row.conflicts().next().unwrap();
    assert_eq!((path.to_string().as_str(), candidates.len()), ("phone", 2));
    for (value, by) in [("1", mine), ("2", theirs)] {
        let found = candidates.iter().find(|c| c.value == text(value)).unwrap();
        assert_eq!(found.by, by);
    }
    assert_eq!(row.value("phone"), Some(&candidates[0].value));
    // Choosing the value that is not shown, and the one that is, both settle it.
    for chosen in candidates {
        let mut phone = phone.clone();
        let entry = phone.edit(300, vec![set("phone", chosen.value.clone())]);
        assert_eq!(
            values(&phone.state, "phone"),
            std::slice::from_ref(&chosen.value)
        );
        assert_eq!(conflicts(&phone.state), [""; 0]);
        let all = read(&merged(&phone.held).unwrap()).unwrap();
        assert_eq!(all, phone.state);
        assert_eq!(all.heads, [entry.id()]);
    }
    phone.edit(300, vec![unset("phone")]);
    assert_eq!(values(&phone.state, "phone"), []);
}

#[test]
fn three_sides_of_a_conflict_stay() {
    let mut f = fork(vec![]).a(vec![set("phone", text("1"))]);
    f = f.b(vec![set("phone", text("2"))]);
    let third = f.base.edit(7, vec![set("phone", text("3"))]);
    f.entries.push(third);
    let (row, _) = f.merge();
    let mut all = values(&row, "phone");
    all.sort_by_key(|v| format!("{v:?}"));
    assert_eq!(all, [text("1"), text("2"), text("3")]);
    assert_eq!((row.forks, row.heads.len()), (2, 3));
}

#[test]
fn equal_concurrent_values_are_no_conflict_to_show() {
    let (row, _) = fork(vec![])
        .a(vec![set("phone", text("1"))])
        .b(vec![set("phone", text("1"))])
        .merge();
    assert_eq!(values(&row, "phone"), [text("1"), text("1")]);
    assert_eq!(conflicts(&row), [""; 0]);
}

#[test]
fn of_a_concurrent_unset_and_set_the_set_wins() {
    let (row, _) = fork(vec![set("phone", text("0"))])
        .a(vec![unset("phone")])
        .b(vec![set("phone", text("2"))])
        .merge();
    assert_eq!(values(&row, "phone"), [text("2")]);
}

#[test]
fn what_is_written_beside_a_deletion_keeps_the_record_until_a_person_chooses() {
    let f = fork(vec![set("phone", text("0"))])
        .a(vec![Op::Delete])
        .b(vec![set("phone", text("2"))]);
    let (deleted_by, written_by) = (f.entries[1].id(), f.entries[2].id());
    let (row, phone) = f.merge();
    assert!(!row.is_deleted());
    assert_eq!(row.beside, [written_by]);
    assert_eq!(values(&row, "phone"), [text("2")]);
    let sides: Vec<_> = row
        .deletion()
        .iter()
        .map(|c| (c.value.clone(), c.by))
        .collect();
    let (kept, gone) = (Value::Boolean(false), Value::Boolean(true));
    assert_eq!(sides, [(kept, written_by), (gone, deleted_by)]);
    for (op, is_deleted) in [(Op::Delete, true), (Op::Restore, false)] {
        let mut phone = phone.clone();
        phone.edit(9, vec![op]);
        assert_eq!(phone.state.is_deleted(), is_deleted);
        assert_eq!(phone.state.beside, []);
        assert_eq!(read(&merged(&phone.held).unwrap()).unwrap(), phone.state);
    }
    // What somebody writes who has seen both settles nothing.
    let mut phone = phone;
    phone.edit(9, vec![set("head", text("x"))]);
    assert_eq!(phone.state.beside, [written_by]);
    assert_eq!(read(&merged(&phone.held).unwrap()).unwrap(), phone.state);
}

#[test]
fn what_is_written_to_a_deleted_record_on_purpose_does_not_bring_it_back() {
    let (row, _) = fork(vec![Op::Delete])
        .a(vec![set("phone", text("1"))])
        .b(vec![set("head", text("2"))])
        .merge();
    assert!(row.is_deleted());
    assert_eq!(row.beside, []);
    // Nor does what whoever deleted it last knew of.
    let (row, mut phone) = fork(vec![])
        .a(vec![set("phone", text("1")), Op::Delete])
        .b(vec![Op::Delete])
        .merge();
    assert_eq!(row.beside.len(), 1);
    phone.edit(9, vec![Op::Delete]);
    assert!(phone.state.is_deleted());
}

#[test]
fn what_is_written_beside_a_step_is_known_until_the_next() {
    let f = fork(vec![transition("accept", "")])
        .a(vec![transition("close", "")])
        .b(vec![set("phone", text("2"))]);
    let written_by = f.entries[2].id();
    let (row, mut phone) = f.merge();
    assert_eq!(row.beside, [written_by]);
    phone.edit(9, vec![transition("reopen", "")]);
    assert_eq!(phone.state.beside, []);
    assert_eq!(read(&merged(&phone.held).unwrap()).unwrap(), phone.state);
}

fn sides(row: &PartState, field: &str) -> Vec<String> {
    let found = row.conflicts().find(|(path, _)| path.to_string() == field);
    let sides = found.map_or(&[] as &[_], |(_, sides)| sides);
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    sides.iter().map(|side| text(&side.value)).collect()
}

#[test]
fn a_text_set_whole_beside_another_such_setting_is_a_conflict() {
    let f = fork(vec![splice("notes", 0, 0, "灯不亮")])
        .a(vec![splice("notes", 0, 3, "电梯停了")])
        .b(vec![splice("notes", 0, 3, "水管漏水")]);
    let (row, phone) = f.merge();
    let mut both = sides(&row, "notes");
    assert_eq!(row.shown_text("notes"), both[0]);
    both.sort();
    assert_eq!(both, ["水管漏水", "电梯停了"]);
    // Choosing is setting it whole, with both in sight.
    for chosen in both {
        let mut phone = phone.clone();
        let held = phone
            .state
            .fields
            .iter()
            .find(|(key, _)| key.as_str() == "notes");
        let (key, cell) = held.unwrap();
        let op = set_text(key.clone(), Some(cell), &chosen).unwrap();
        phone.edit(300, vec![op]);
        assert_eq!(phone.state.shown_text("notes"), chosen);
        assert_eq!(conflicts(&phone.state), [""; 0]);
        assert_eq!(read(&merged(&phone.held).unwrap()).unwrap(), phone.state);
    }
}

#[test]
fn a_text_set_whole_beside_a_change_of_a_part_is_a_conflict_too() {
    let (row, _) = fork(vec![splice("notes", 0, 0, "灯不亮")])
        .a(vec![splice("notes", 0, 3, "电梯停了")])
        .b(vec![splice("notes", 0, 0, "三楼")])
        .merge();
    let mut both = sides(&row, "notes");
    both.sort();
    assert_eq!(both, ["三楼灯不亮", "电梯停了"]);
}

#[test]
fn parts_changed_on_one_side_merge_in_it() {
    let mut f =
        fork(vec![splice("notes", 0, 0, "灯不亮")]).a(vec![splice("notes", 0, 3, "电梯停了")]);
    let mut c = Replica::new(3);
    for entry in &f.entries {
        c.receive(entry);
    }
    f.entries
        .push(c.edit(210, vec![splice("notes", 0, 0, "三楼")]));
    f = f
        .a(vec![splice("notes", 4, 0, "。")])
        .b(vec![splice("notes", 0, 3, "水管漏水")]);
    let (row, _) = f.merge();
    let mut both = sides(&row, "notes");
    both.sort();
    assert_eq!(both, ["三楼电梯停了。", "水管漏水"]);
}

#[test]
fn equal_texts_set_whole_are_of_one_mind() {
    let (row, _) = fork(vec![splice("notes", 0, 0, "灯不亮")])
        .a(vec![splice("notes", 0, 3, "已修好")])
        .b(vec![splice("notes", 0, 3, "已修好")])
        .merge();
    assert_eq!(conflicts(&row), [""; 0]);
    assert_eq!(row.shown_text("notes"), "已修好");
}

#[test]
fn a_deletion_and_a_concurrent_restoration_are_a_conflict() {
    let (row, mut phone) = fork(vec![Op::Delete])
        .a(vec![Op::Restore])
        .b(vec![Op::Restore, Op::Delete])
        .merge();
    assert_eq!(row.deleted.len(), 2);
    phone.edit(1, vec![Op::Restore]);
    assert!(!phone.state.is_deleted());
    assert_eq!(phone.state.deleted.len(), 1);
}

#[test]
fn a_choice_chosen_again_survives_its_concurrent_removal() {
    let (row, _) = fork(vec![choose("needs", "a"), choose("needs", "b")])
        .a(vec![choose("needs", "a")])
        .b(vec![unchoose("needs", "a"), unchoose("needs", "b")])
        .merge();
    assert_eq!(chosen(&row, "needs"), ["a"]);
}

#[test]
fn choices_of_both_stay_also_when_the_field_is_first_written_concurrently() {
    let (row, _) = fork(vec![])
        .a(vec![choose("needs", "a")])
        .b(vec![choose("needs", "b"), choose("needs", "c")])
        .merge();
    assert_eq!(chosen(&row, "needs"), ["a", "b", "c"]);
}

#[test]
fn a_removed_item_that_was_edited_concurrently_comes_back_whole() {
    let base = vec![
        item_set("members", "i1", "name", text("老王")),
        item_set("members", "i1", "relation", text("father")),
    ];
    let (row, _) = fork(base)
        .a(vec![item_remove("members", "i1")])
        .b(vec![item_set("members", "i1", "relation", text("uncle"))])
        .merge();
    let item = &items(&row, "members")["i1"];
    assert_eq!(item["name"][0].value, text("老王"));
    assert_eq!(item["relation"][0].value, text("uncle"));
    assert_eq!(item["relation"].len(), 1);
}

#[test]
fn a_removed_item_stays_away_and_comes_back_with_its_members() {
    let mut phone = Replica::new(0);
    phone.edit(1, vec![item_set("members", "i1", "name", text("x"))]);
    phone.edit(2, vec![item_remove("members", "i1")]);
    assert!(items(&phone.state, "members").is_empty());
    phone.edit(3, vec![item_add("members", "i1")]);
    assert_eq!(
        items(&phone.state, "members")["i1"]["name"][0].value,
        text("x")
    );
    phone.edit(4, vec![item_unset("members", "i1", "name")]);
    assert!(items(&phone.state, "members")["i1"].is_empty());
    assert_eq!(read(&merged(&phone.held).unwrap()).unwrap(), phone.state);
}

#[test]
fn concurrent_additions_to_a_group_all_stay() {
    let (row, _) = fork(vec![])
        .a(vec![item_set("members", "i1", "name", text("a"))])
        .b(vec![
            item_add("members", "i2"),
            item_set("members", "i3", "name", text("b")),
        ])
        .merge();
    let keys: Vec<String> = items(&row, "members").into_keys().collect();
    assert_eq!(keys, ["i1", "i2", "i3"]);
}

#[test]
fn a_member_set_twice_concurrently_is_a_conflict_of_that_member_alone() {
    let (row, _) = fork(vec![item_add("members", "i1")])
        .a(vec![item_set("members", "i1", "name", text("a"))])
        .b(vec![
            item_set("members", "i1", "name", text("b")),
            set("phone", text("1")),
        ])
        .merge();
    assert_eq!(conflicts(&row), ["members/i1/name"]);
}

#[test]
fn counters_add_up_also_when_first_moved_concurrently() {
    let (row, _) = fork(vec![])
        .a(vec![count("visits", 2), count("visits", 3)])
        .b(vec![count("visits", -10)])
        .merge();
    assert_eq!(counter(&row, "visits"), -5);
    let Some(Cell::Counter { by, .. }) = row.fields.get("visits") else {
        panic!("no counter");
    };
    assert_eq!(by, &row.heads);
}

#[test]
fn two_first_texts_are_two_sides_and_neither_is_hidden() {
    let (row, _) = fork(vec![])
        .a(vec![splice("notes", 0, 0, "阀门漏水")])
        .b(vec![splice("notes", 0, 0, "🏠👩‍👧")])
        .merge();
    let mut both = sides(&row, "notes");
    both.sort();
    assert_eq!(both, ["阀门漏水", "🏠👩‍👧"]);
    let merged = row.text("notes");
    assert!(
        merged == "阀门漏水🏠👩‍👧" || merged == "🏠👩‍👧阀门漏水",
        "positions count in what both make together: {merged}"
    );
}

#[test]
fn texts_of_both_authors_are_kept_at_their_places() {
    let (row, _) = fork(vec![splice("notes", 0, 0, "一二三四")])
        .a(vec![splice("notes", 1, 1, "A")])
        .b(vec![splice("notes", 4, 0, "🙂"), splice("notes", 2, 1, "")])
        .merge();
    assert_eq!(row.text("notes"), "一A四🙂");
}

#[test]
fn two_phones_that_begin_the_same_record_make_one() {
    let (mut a, mut b) = (Replica::new(1), Replica::new(2));
    let of_a = a.edit(1, vec![set("head", text("x")), splice("notes", 0, 0, "a")]);
    let of_b = b.edit(1, vec![set("phone", text("y")), splice("notes", 0, 0, "b")]);
    a.receive(&of_b);
    b.receive(&of_a);
    assert_eq!(a.state, b.state);
    assert_eq!(a.state.forks, 1);
    assert_eq!(a.state.text("notes").len(), 2);
    assert_eq!(a.state.value("head"), Some(&text("x")));
    assert_eq!(a.state.value("phone"), Some(&text("y")));
}

#[test]
fn a_transition_knows_the_newest_it_was_made_after() {
    let f = fork(vec![transition("accept", "收到")])
        .a(vec![transition("dispatch", ""), transition("handle", "")])
        .b(vec![set("phone", text("1")), transition("escalate", "")]);
    let ids: Vec<_> = f.entries.iter().map(Entry::id).collect();
    let (row, mut phone) = f.merge();
    let after = |row: &PartState, action: &str| {
        let made = row.transitions.iter().find(|t| t.action.as_str() == action);
        made.unwrap().after.clone()
    };
    assert_eq!(after(&row, "accept"), []);
    assert_eq!(after(&row, "dispatch"), [(ids[0], 0)]);
    assert_eq!(after(&row, "handle"), [(ids[1], 0)]);
    assert_eq!(after(&row, "escalate"), [(ids[0], 0)]);
    phone.edit(9, vec![transition("close", "")]);
    assert_eq!(after(&phone.state, "close"), [(ids[1], 1), (ids[2], 1)]);
    assert_eq!(read(&merged(&phone.held).unwrap()).unwrap(), phone.state);
}

#[test]
fn an_edit_that_changes_nothing_still_stands_in_the_row() {
    let mut phone = Replica::new(0);
    phone.edit(1, vec![set("phone", text("1"))]);
    let first = phone.held[0].id();
    let second = phone.edit(2, vec![set("phone", text("1"))]);
    phone.edit(3, vec![]);
    assert_eq!((phone.state.entries, phone.state.ops), (3, 2));
    let merger = merged(&phone.held).unwrap();
    assert!(merger.change_hash(&second.id()).is_some());
    let Some(Cell::Register(candidates)) = phone.state.fields.get("phone") else {
        panic!("no register");
    };
    assert_eq!(
        candidates[0].by, first,
        "an equal value keeps its provenance"
    );
    assert_eq!(read(&merger).unwrap(), phone.state);
}

/// Only a broken or hostile device forgets an entry of its own: the record must not stop on it.
#[test]
fn a_device_that_forgets_its_own_entries_stops_no_record() {
    let f = fork(vec![set("phone", text("0"))]);
    let (mut good, mut bad) = (f.a, f.b);
    let mut all = f.entries;
    let mut forgetful = bad.clone();
    for i in 0..4 {
        let mut again = forgetful.clone();
        again.seq = 100 + 10 * i;
        all.push(again.edit(0, vec![set("phone", text(&format!("b{i}")))]));
        all.push(again.edit(3, vec![count("visits", 1)]));
        if i == 1 {
            forgetful = again;
        }
    }
    // A second beginning of the record by the same incarnation, too.
    let mut beginning = Replica::new(2);
    beginning.seq = 500;
    all.push(beginning.edit(0, vec![splice("notes", 0, 0, "x")]));
    let row = fold(&form(), &all).unwrap();
    assert_eq!(counter(&row, "visits"), 4);
    assert_eq!(values(&row, "phone").len(), 3, "{row:?}");
    for entry in &all {
        good.receive(entry);
    }
    assert_eq!(good.state, row);
    for turn in 0..all.len() {
        all.rotate_left(1);
        if turn % 2 == 0 {
            all.reverse();
        }
        assert_eq!(fold(&form(), &all).unwrap(), row, "in another order");
    }
    // And the good phone goes on.
    let settled = good.edit(9, vec![set("phone", text("ok"))]);
    all.push(settled);
    assert_eq!(fold(&form(), &all).unwrap(), good.state);
    assert_eq!(values(&good.state, "phone"), [text("ok")]);
    bad.receive(&all[0]);
}

#[test]
fn operations_that_do_not_fit_change_nothing_in_either_way() {
    let mut phone = Replica::new(0);
    phone.edit(i64::MIN, vec![splice("notes", 0, 0, "一二")]);
    phone.edit(
        i64::MAX,
        vec![
            splice("notes", 3, 0, "x"),
            splice("notes", 1, 2, "x"),
            splice("notes", u32::MAX, u32::MAX, "x"),
            splice("minutes", 0, 1, "x"),
            item_remove("members", "i9"),
            item_unset("members", "i9", "name"),
            unchoose("needs", "z"),
            unset("nothing"),
        ],
    );
    assert_eq!(phone.state.text("notes"), "一二");
    assert_eq!(phone.state.text("minutes"), "");
    assert_eq!(read(&merged(&phone.held).unwrap()).unwrap(), phone.state);
}

#[test]
fn erased_payloads_leave_the_rest_to_fold() {
    let f = fork(vec![
        splice("notes", 0, 0, "secret"),
        set("phone", text("1")),
    ])
    .a(vec![splice("notes", 6, 0, "!"), set("head", text("x"))])
    .b(vec![choose("needs", "a")]);
    let mut all = f.entries;
    all[0].ops = None;
    let row = fold(&form(), &all).unwrap();
    assert_eq!(row.value("head"), Some(&text("x")));
    assert_eq!(
        row.text("notes"),
        "",
        "a splice into an erased text fits nothing"
    );
    assert_eq!((row.entries, chosen(&row, "needs").len()), (3, 1));
    all.reverse();
    assert_eq!(fold(&form(), &all).unwrap(), row);
}

#[test]
fn an_unknown_head_is_told_and_not_guessed() {
    let f = fork(vec![]).a(vec![set("phone", text("1"))]);
    assert_eq!(
        fold(&form(), &f.entries[1..]),
        Err(MergeError::MissingHeads)
    );
    let unknown = [f.b.clone().edit(1, vec![]).id()];
    assert_eq!(
        state_at(&form(), &f.entries, &unknown),
        Err(MergeError::MissingHeads)
    );
    assert!(merged(&f.entries[1..]).is_err());
    let empty = fold(&form(), &[]).unwrap();
    assert_eq!(empty, PartState::new(form()));
}

#[test]
fn the_shown_value_is_the_same_whoever_merges_and_whatever_the_clocks_say() {
    for clocks in [(0, 0), (5, -5), (i64::MAX, i64::MIN)] {
        let mut f = fork(vec![]);
        f.entries
            .push(f.a.edit(clocks.0, vec![set("phone", Value::Integer(1))]));
        f.entries
            .push(f.b.edit(clocks.1, vec![set("phone", Value::Integer(2))]));
        let winner = f.a.incarnation.max(f.b.incarnation);
        let (row, _) = f.merge();
        let Some(Cell::Register(candidates)) = row.fields.get("phone") else {
            panic!("no register");
        };
        assert_eq!(candidates[0].by.incarnation, winner);
    }
}
