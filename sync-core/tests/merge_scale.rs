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
    let (mut a, mut b) = (Replica::new(0), Replica::new(1));
    let mut n = 0;
    // 256 times: b edits at what was known some edits ago.
    for i in 0..1744 {
        let e = a.edit(i, vec![set("head", text(&format!("a{i}")))]);
        if i % 7 == 0 && n < 256 {
            n += 1;
            if i % 14 == 0 {
                b = a.clone();
                b.incarnation = Replica::new(1).incarnation;
                b.seq = 10_000 * (i as u64 + 1);
            }
            let _ = e;
        }
        if i % 7 == 3 && n <= 256 {
            let e = b.edit(i, vec![set("phone", text(&format!("b{i}")))]);
            a.receive(&e);
        }
    }
    let all = a.held.clone();
    println!("{} entries, {} forks", all.len(), a.state.forks);
    let row = timed("many forks", || fold(&form(), &all).unwrap());
    assert_eq!(row, a.state);
}
