//! Long and wide histories, near the limits of one record. The time each fold took is printed
//! (`--nocapture`); what fails is a wrong row, or a cost that grew past any use.

use crate::merge_world;
use crate::merge_world::{Dice, Replica, form, set, splice, text, transition};
use gridfold_sync_core::entry::Entry;
use gridfold_sync_core::limits::{MAX_RECORD_ENTRIES, MAX_RECORD_FORKS};
use gridfold_sync_core::merge::fold;
use gridfold_sync_core::view::PartState;

fn folded(entries: &[Entry]) -> PartState {
    fold(&form(), entries).unwrap()
}

#[test]
fn two_long_branches_keep_both_texts() {
    let (mut a, mut b) = (Replica::new(0), Replica::new(1));
    let first = a.edit(0, vec![set("head", text("x"))]);
    b.receive(&first);
    let each = MAX_RECORD_ENTRIES as i64 / 2 - 1;
    for i in 0..each {
        a.edit(
            i,
            vec![
                set("head", text(&format!("a{i}"))),
                splice("notes", 0, 0, "a"),
            ],
        );
        b.edit(
            i,
            vec![
                set("phone", text(&format!("b{i}"))),
                splice("notes", 0, 0, "b"),
            ],
        );
    }
    let mut all = a.held.clone();
    all.extend(b.held.iter().skip(1).cloned());
    let row = folded(&all);
    for side in ['a', 'b'] {
        let of = row.text("notes").chars().filter(|c| *c == side).count();
        assert_eq!(of as i64, each);
    }
    assert_eq!((row.forks, row.heads.len()), (1, 2));
}

#[test]
fn transitions_by_alternating_devices_beside_a_fork() {
    let (mut a, mut b) = (Replica::new(0), Replica::new(1));
    for i in 0..256 {
        let entry = a.edit(i, vec![transition("accept", ""), transition("handle", "")]);
        b.receive(&entry);
        let entry = b.edit(i, vec![transition("close", "")]);
        a.receive(&entry);
    }
    let mut other = Replica::new(2);
    other.receive(&a.held[0]);
    let mut all = a.held.clone();
    all.push(other.edit(3, vec![transition("escalate", "")]));
    let row = folded(&all);
    assert_eq!(row.transitions.len(), 256 * 3 + 1);
    assert_eq!(row.transition_tips().len(), 2);
}

#[test]
fn as_many_forks_as_a_record_may_have_fold_alike_in_any_order() {
    let mut main = Replica::new(0);
    let mut others = Vec::new();
    let count = MAX_RECORD_FORKS as i64 - 1;
    for i in 0..count * 6 {
        main.edit(i, vec![set("head", text(&format!("a{i}")))]);
        if i % 6 == 0 {
            let mut other = main.clone();
            other.incarnation = Replica::new((i / 6 + 1) as u8).incarnation;
            other.held.clear();
            others.push(other);
        }
    }
    let mut all = main.held.clone();
    for (i, other) in others.iter_mut().enumerate() {
        all.push(other.edit(i as i64, vec![set("phone", text(&format!("b{i}")))]));
    }
    let row = folded(&all);
    assert_eq!(i64::from(row.forks), count);
    assert_eq!(merge_world::values(&row, "phone").len() as i64, count);
    Dice(1).shuffle(&mut all);
    assert_eq!(folded(&all), row);
}
