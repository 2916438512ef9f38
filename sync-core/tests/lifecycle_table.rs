//! The status of a record: the fold of its transitions, whatever order they came in.

use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{Entry, RefusalCode, Target};
use gridfold_sync_core::ids::{ActionKey, EntryRef, FieldKey, FormCode, IncarnationId, RecordId};
use gridfold_sync_core::lifecycle::Lifecycle;
use gridfold_sync_core::merge::fold;
use gridfold_sync_core::schema::{Form, Role, builtin_forms};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{PartState, RecordView};
use proptest::prelude::*;

fn form(code: &str) -> Form {
    let forms = builtin_forms().unwrap();
    forms.into_iter().find(|f| f.code.as_str() == code).unwrap()
}
fn matter() -> Lifecycle {
    form("matter").lifecycle.unwrap()
}
fn key(name: &str) -> ActionKey {
    ActionKey::new(name).unwrap()
}

/// Entries of one record, each by a device of its own, made at chosen ones of those before.
#[derive(Default)]
struct History(Vec<Entry>);

impl History {
    fn at(&mut self, of: &[usize], ops: Vec<Op>) -> usize {
        let n = self.0.len();
        let form = FormCode::new("matter").unwrap();
        let target = if of.is_empty() {
            let record = RecordId::from_bytes([1; 16]);
            Target::New { record, form }
        } else {
            let mut heads: Vec<EntryRef> = of.iter().map(|&i| self.0[i].id()).collect();
            heads.sort_unstable();
            heads.dedup();
            Target::At(heads)
        };
        let who = IncarnationId::from_bytes([(n as u8).wrapping_mul(37); 16]);
        self.0
            .push(Entry::new(who, n as u64 + 1, target, 1, Timestamp(0), ops));
        n
    }
    fn act(&mut self, of: &[usize], actions: &[&str]) -> usize {
        let ops = actions.iter().map(|a| Op::Transition {
            action: key(a),
            note: String::new(),
        });
        self.at(of, ops.collect())
    }
    fn row(&self) -> PartState {
        fold(&FormCode::new("matter").unwrap(), &self.0).unwrap()
    }
    fn status(&self) -> String {
        matter().fold(&self.row()).status.to_string()
    }
    fn tips(&self) -> Vec<String> {
        let (row, lifecycle) = (self.row(), matter());
        lifecycle
            .fold(&row)
            .tips
            .iter()
            .map(|t| t.status.to_string())
            .collect()
    }
}

#[test]
fn a_matter_walks_its_way() {
    let mut h = History::default();
    assert_eq!((h.status().as_str(), h.tips().len()), ("reported", 0));
    let mut last = h.at(&[], vec![]);
    assert_eq!(h.status(), "reported");
    for (action, status) in [
        ("accept", "accepted"),
        ("dispatch", "dispatched"),
        ("return", "returned"),
        ("escalate", "escalated"),
        ("handle", "handled"),
        ("reply", "replied"),
        ("close", "closed"),
        ("evaluate", "evaluated"),
        ("reopen", "reopened"),
    ] {
        last = h.act(&[last], &[action]);
        assert_eq!(h.tips(), [status]);
    }
}

#[test]
fn several_transitions_of_one_edit_follow_each_other() {
    let mut h = History::default();
    h.act(&[], &["accept", "dispatch", "handle"]);
    assert_eq!(h.tips(), ["handled"]);
}

#[test]
fn concurrent_transitions_all_stay_and_the_higher_rank_is_shown() {
    let mut h = History::default();
    let first = h.act(&[], &["accept"]);
    let ours = h.act(&[first], &["dispatch"]);
    let theirs = h.act(&[first], &["handle"]);
    let third = h.act(&[first], &["return"]);
    assert_eq!(h.tips(), ["handled", "returned", "dispatched"]);
    assert_eq!(h.status(), "handled");
    let (row, form) = (h.row(), form("matter"));
    let view = RecordView {
        record: RecordId::from_bytes([1; 16]),
        form: &form,
        parts: vec![(form.class, &row)],
    };
    assert_eq!(
        (view.conflict_count(), view.status().as_deref()),
        (1, Some("handled"))
    );
    // One that knows two of the three leaves the third to see; its own status is from the shown one.
    h.act(&[ours, theirs], &["close"]);
    assert_eq!(h.tips(), ["closed", "returned"]);
    h.act(&[3, 4], &["reopen"]);
    assert_eq!(h.tips(), ["reopened"]);
    assert_eq!(third, 3);
    assert_eq!(h.row().transitions.len(), 6);
}

#[test]
fn a_transition_that_settles_starts_from_the_shown_status_also_among_equals() {
    let mut lifecycle = matter();
    for status in &mut lifecycle.statuses {
        status.rank = 1;
    }
    for (ours, theirs) in [("accept", "escalate"), ("escalate", "accept")] {
        let mut h = History::default();
        let (a, b) = (h.act(&[], &[ours]), h.act(&[], &[theirs]));
        let row = h.row();
        let shown = lifecycle.fold(&row).status.clone();
        // An action the table lacks stays where it was: at the status that was shown.
        h.act(&[a, b], &["unheard-of"]);
        let row = h.row();
        assert_eq!(lifecycle.fold(&row).status, &shown);
        // `handle` leads on from either, so whichever was shown may be left.
        assert_eq!(
            lifecycle.check_transition(&row, &key("handle"), &[Role::Worker]),
            Ok(())
        );
    }
}

#[test]
fn an_action_of_an_older_table_leads_where_it_always_does() {
    let mut h = History::default();
    h.act(&[], &["reply"]); // not from `reported`
    assert_eq!(h.tips(), ["replied"]);
}

#[test]
fn the_table_allows_by_status_and_role() {
    let lifecycle = matter();
    let statuses = [
        ("reported", vec![]),
        ("accepted", vec!["accept"]),
        ("dispatched", vec!["accept", "dispatch"]),
        ("handled", vec!["accept", "handle"]),
        ("closed", vec!["accept", "handle", "close"]),
    ];
    for (status, way) in statuses {
        let mut h = History::default();
        h.act(&[], &way);
        let row = h.row();
        assert_eq!(lifecycle.fold(&row).status.as_str(), status);
        for role in Role::ALL {
            let next = lifecycle.next(&row, &[role]);
            for t in &lifecycle.transitions {
                let from = t.from.iter().any(|s| s.as_str() == status);
                let expected = match (from, t.roles.contains(&role)) {
                    (false, _) => Err(RefusalCode::TransitionNotAllowed),
                    (true, false) => Err(RefusalCode::NotWritable),
                    (true, true) if !t.needs.is_empty() => Err(RefusalCode::TransitionNotAllowed),
                    (true, true) => Ok(()),
                };
                let got = lifecycle.check_transition(&row, &t.action, &[role]);
                assert_eq!(got, expected, "{status} {} {role:?}", t.action);
                assert_eq!(next.contains(&t), from && t.roles.contains(&role));
            }
        }
        let nobody = lifecycle.check_transition(&row, &key("handle"), &[]);
        assert!(nobody.is_err());
    }
}

#[test]
fn what_a_transition_needs_must_have_a_value() {
    let mut h = History::default();
    let handled = h.act(&[], &["accept", "handle"]);
    let reply = |h: &History| matter().check_transition(&h.row(), &key("reply"), &[Role::Worker]);
    let field = FieldKey::new("reply").unwrap();
    assert_eq!(reply(&h), Err(RefusalCode::TransitionNotAllowed));
    let write = |at, delete, insert: &str| Op::Splice {
        field: field.clone(),
        at,
        delete,
        insert: insert.to_owned(),
    };
    let written = h.at(&[handled], vec![write(0, 0, "已修")]);
    assert_eq!(reply(&h), Ok(()));
    h.at(&[written], vec![write(0, 2, "")]);
    assert_eq!(reply(&h), Err(RefusalCode::TransitionNotAllowed));
    // The same of every other kind of field: emptied again, it has no value.
    let (needed, choice) = (
        FieldKey::new("x").unwrap(),
        "c".to_owned().try_into().unwrap(),
    );
    let item: gridfold_sync_core::ids::ItemKey = "i".to_owned().try_into().unwrap();
    let set = |t: &str| Op::Set {
        field: needed.clone(),
        value: Value::Text(t.to_owned()),
    };
    let field = || needed.clone();
    for (fill, empty) in [
        (set("x"), set("")),
        (set("x"), Op::Unset { field: field() }),
        (
            Op::Choose {
                field: field(),
                choice,
            },
            Op::Unchoose {
                field: field(),
                choice: "c".to_owned().try_into().unwrap(),
            },
        ),
        (
            Op::ItemAdd {
                field: field(),
                item: item.clone(),
            },
            Op::ItemRemove {
                field: field(),
                item: item.clone(),
            },
        ),
    ] {
        let mut lifecycle = matter();
        for t in &mut lifecycle.transitions {
            t.needs = vec![needed.clone()];
        }
        let check =
            |h: &History| lifecycle.check_transition(&h.row(), &key("accept"), &[Role::Admin]);
        let mut h = History::default();
        let first = h.at(&[], vec![fill.clone()]);
        assert_eq!(check(&h), Ok(()), "{fill:?}");
        h.at(&[first], vec![empty.clone()]);
        assert_eq!(
            check(&h),
            Err(RefusalCode::TransitionNotAllowed),
            "{empty:?}"
        );
    }
}

/// Twenty thousand transitions, which a record may have, fold at once and not in minutes.
#[test]
fn a_long_chain_of_alternating_devices_folds() {
    let mut h = History::default();
    let mut last = h.at(&[], vec![]);
    for i in 0..250 {
        let cycle = ["accept", "handle", "close", "reopen"].repeat(20);
        last = h.act(&[last], &cycle);
        assert_eq!(last, i + 1);
    }
    let row = h.row();
    assert_eq!(row.transitions.len(), 20_000);
    assert_eq!(matter().fold(&row).status.as_str(), "reopened");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_fold_does_not_depend_on_the_order(
        script in proptest::collection::vec((any::<u64>(), 0usize..12, any::<bool>()), 1..14),
        salt in any::<u64>(),
    ) {
        let lifecycle = matter();
        let mut h = History::default();
        for (i, (of, action, double)) in script.iter().enumerate() {
            let heads: Vec<usize> = (0..i).filter(|d| of >> d & 3 == 3 || of % 7 == *d as u64).collect();
            let action = lifecycle.transitions[action % lifecycle.transitions.len()].action.as_str();
            let actions = if *double { vec![action, "accept"] } else { vec![action] };
            h.act(&heads, &actions);
        }
        let row = h.row();
        let view = lifecycle.fold(&row);
        // The shown status is of the highest rank among the tips, and all tips are there.
        prop_assert_eq!(view.tips.len(), row.transition_tips().len());
        let rank = |key: &ActionKey| lifecycle.status(key).unwrap().rank;
        prop_assert_eq!(Some(rank(view.status)), view.tips.iter().map(|t| rank(t.status)).max());
        let mut shuffled = History(h.0.clone());
        for i in (1..shuffled.0.len()).rev() {
            shuffled.0.swap(i, (salt >> (i % 48)) as usize % (i + 1));
        }
        let other = shuffled.row();
        prop_assert_eq!(&other, &row);
        prop_assert_eq!(lifecycle.fold(&other), view);
    }
}
