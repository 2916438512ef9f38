//! Long and wide histories: what a record at its limits costs to fold.

mod merge_world;

use std::time::Instant;

use gridfold_sync_core::merge::fold;
use merge_world::{Replica, form, set, splice, text, transition};

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let out = run();
    println!("{what}: {:?}", start.elapsed());
    out
}

#[test]
fn two_long_branches() {
    let (mut a, mut b) = (Replica::new(0), Replica::new(1));
    let first = a.edit(0, vec![set("head", text("x"))]);
    b.receive(&first);
    for i in 0..1023 {
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
    all.extend(b.held.iter().cloned());
    let row = timed("two branches of 1,023", || fold(&form(), &all).unwrap());
    assert_eq!(row.text("notes").len(), 2046);
}

#[test]
fn alternating_transitions() {
    let (mut a, mut b) = (Replica::new(0), Replica::new(1));
    for i in 0..512 {
        let e = a.edit(i, vec![transition("accept", "")]);
        b.receive(&e);
        let e = b.edit(i, vec![transition("dispatch", "")]);
        a.receive(&e);
    }
    let mut all = a.held.clone();
    let mut c = Replica::new(2);
    c.receive(&all[0]);
    let e = c.edit(3, vec![transition("close", "")]);
    all.push(e);
    let row = timed("1,025 transitions", || fold(&form(), &all).unwrap());
    assert_eq!(row.transitions.len(), 1025);
}

#[test]
fn many_forks() {
    let mut main = Replica::new(0);
    let mut all = Vec::new();
    for i in 0..1744 {
        main.edit(i, vec![set("head", text(&format!("a{i}")))]);
        if i % 7 == 0 && i / 7 < 249 {
            let mut other = main.clone();
            other.incarnation = Replica::new((i / 7 + 1) as u8).incarnation;
            other.held.clear();
            all.push(other);
        }
    }
    let mut entries = main.held.clone();
    for (i, other) in all.iter_mut().enumerate() {
        entries.push(other.edit(i as i64, vec![set("phone", text(&format!("b{i}")))]));
    }
    let row = timed("249 forks of 1,744 entries", || {
        fold(&form(), &entries).unwrap()
    });
    assert_eq!(row.forks, 249);
}
