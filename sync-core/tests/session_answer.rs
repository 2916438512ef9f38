//! What a server answers: by its log, its directory and its damage, whatever it runs on.

use std::cell::Cell;
use std::rc::Rc;

use crate::common::world::{NOW, area};
use crate::common::{GRID, MemoryServed, OTHER_GRID, Phone, World, set, stream, text};
use gridfold_sync_core::admission::{Decision, Facts};
use gridfold_sync_core::directory::{Area, DirectoryChange, Erasure, GRID_LEVEL};
use gridfold_sync_core::entry::{Entry, RefusalCode, SignKey, Verdict};
use gridfold_sync_core::ids::{EntryRef, Hash, RecordId, StreamId};
use gridfold_sync_core::limits::MAX_ITEMS_PER_PULL;
use gridfold_sync_core::session::server::{answer, stands_elsewhere};
use gridfold_sync_core::session::{Position, verify_pages};
use gridfold_sync_core::wire::{
    Cursor, Directive, ErasureNews, Lacking, PhoneReport, StreamReset, SyncRequest, SyncResponse,
};

const EPOCH: u64 = 3;

fn key() -> SignKey {
    SignKey::from_seed(&[4; 32])
}

/// A worker's phone and a colleague's, who wrote so many records in a grid.
fn town(records: usize) -> World {
    let mut world = World::new(1);
    for _ in 0..records {
        world.started(|w| &mut w.colleague, GRID);
    }
    world
}

fn cursor(world: &World, stream: &StreamId, seq: u64) -> Cursor {
    let prefix = world.facts.prefix(stream, seq).unwrap();
    Cursor {
        stream: stream.clone(),
        seq,
        prefix: prefix.0[..8].try_into().unwrap(),
    }
}

fn asking(cursors: Vec<Cursor>) -> SyncRequest {
    SyncRequest {
        epoch: EPOCH,
        cursors,
        ..SyncRequest::default()
    }
}

/// The answer of a server with these faults.
fn ask(
    world: &World,
    by: &Phone,
    request: &SyncRequest,
    faults: impl FnOnce(&mut MemoryServed<'_>),
) -> SyncResponse {
    let key = key();
    let mut served = MemoryServed::new(&world.facts, EPOCH, NOW, &key);
    faults(&mut served);
    answer(&served, by.author, request, Vec::new()).unwrap()
}

/// Where the answer leaves a phone that stood at these cursors, once it was proved.
fn proved(world: &World, request: &SyncRequest, told: &SyncResponse) -> Vec<(StreamId, u64)> {
    let position = |stream: &StreamId| {
        let at = request.cursors.iter().find(|c| c.stream == *stream);
        let seq = at.map_or(0, |c| c.seq);
        let prefix = world.facts.prefix(stream, seq).unwrap();
        Position { seq, prefix }
    };
    let (pages, _) = verify_pages(told, &key().public(), position, |_, _| None).unwrap();
    pages.into_iter().map(|p| (p.stream, p.end.seq)).collect()
}

fn erase(stream: &StreamId) -> Vec<Directive> {
    vec![Directive::Erase(stream.clone())]
}

#[test]
fn a_cursor_off_the_log_gets_a_reset_and_the_others_their_pages() {
    let mut world = town(3);
    world.started(|w| &mut w.colleague, OTHER_GRID);
    let (here, there) = (stream(GRID), stream(OTHER_GRID));
    let mut off = cursor(&world, &here, 2);
    off.prefix[0] ^= 1;
    let mut past = cursor(&world, &here, 3);
    past.seq = 4;
    for off in [off, past] {
        let request = asking(vec![off, cursor(&world, &there, 0)]);
        let told = ask(&world, &world.worker, &request, |_| {});
        let reset = StreamReset {
            stream: here.clone(),
            seq: 3,
            prefix: world.facts.prefix(&here, 3).unwrap(),
        };
        assert_eq!(told.resets, [reset]);
        assert_eq!(proved(&world, &request, &told), [(there.clone(), 1)]);
        assert_eq!(told.directives, []);
    }
    // On it, there is nothing to tell.
    let request = asking(vec![cursor(&world, &here, 3), cursor(&world, &there, 1)]);
    let told = ask(&world, &world.worker, &request, |_| {});
    assert_eq!(
        (told.resets, told.pages, told.receipt),
        (vec![], vec![], None)
    );
}

#[test]
fn a_restored_server_tells_where_its_streams_end_and_nothing_else_of_them() {
    let world = town(3);
    let here = stream(GRID);
    let mut request = asking(vec![cursor(&world, &here, 2)]);
    request.epoch = EPOCH - 1;
    request.seen = Some(5);
    request.report = Some(PhoneReport::default());
    assert!(stands_elsewhere(&request, EPOCH));
    let faults = |s: &mut MemoryServed<'_>| {
        s.damaged.insert((stream(GRID), 3));
        s.seen = Some(5);
    };
    let told = ask(&world, &world.worker, &request, faults);
    let ends = |seq: u64| StreamReset {
        stream: here.clone(),
        seq,
        prefix: world.facts.prefix(&here, seq).unwrap(),
    };
    assert_eq!((told.epoch, &told.resets), (EPOCH, &vec![ends(3)]));
    assert_eq!((&told.pages, told.receipt), (&vec![], None));
    assert_eq!((&told.lacks, &told.directives), (&vec![], &vec![]));
    // Revisions of another epoch say nothing here.
    assert_eq!(told.seen.map(|s| s.revision), Some(5));
    assert!(told.erasures.is_some());
    // A phone that never synced stands nowhere else.
    request.epoch = 0;
    assert!(!stands_elsewhere(&request, EPOCH));
    assert_eq!(ask(&world, &world.worker, &request, |_| {}).pages.len(), 1);
    // Whose reading the restored server does not know: as of an empty stream, so that what can be
    // proved is given back before it is erased.
    let mut off = cursor(&world, &here, 2);
    off.prefix[0] ^= 1;
    for epoch in [EPOCH - 1, EPOCH] {
        request.epoch = epoch;
        request.cursors = vec![off.clone()];
        let told = ask(&world, &world.stranger, &request, |_| {});
        assert_eq!((&told.resets, &told.pages), (&vec![ends(0)], &vec![]));
        assert_eq!(told.directives, erase(&here));
    }
}

/// Somebody whose grant ended has written two entries among those of a colleague.
fn left() -> (World, Phone) {
    let mut world = town(2);
    let here = stream(GRID);
    let record = world.record();
    let first = world
        .ended
        .start(&here, record, vec![set("name", text("a"))]);
    let second = world
        .ended
        .edit(&here, &[first.id()], vec![set("name", text("b"))]);
    let log = world.ended.push(&here, vec![first, second]);
    let by = world.ended.clone();
    world.admit(&by, &log).unwrap();
    world.started(|w| &mut w.colleague, GRID);
    (world, by)
}

#[test]
fn who_leaves_reads_others_by_hash_alone_and_erases_after_the_last_page() {
    let (world, by) = left();
    let here = stream(GRID);
    let mut at = 0;
    for end in [2, 4, 5] {
        let request = asking(vec![cursor(&world, &here, at)]);
        let told = ask(&world, &by, &request, |s| s.page_items = 2);
        assert_eq!(proved(&world, &request, &told), [(here.clone(), end)]);
        for item in &told.pages[0].items {
            let is_own = item.author == by.author;
            assert_eq!(item.entry.is_some(), is_own, "{item:?}");
            assert_eq!(item.verdict.is_admitted(), !is_own);
        }
        let is_last = end == 5;
        assert_eq!(told.pages[0].more, !is_last);
        assert_eq!(told.directives, if is_last { erase(&here) } else { vec![] });
        at = end;
    }
    // All was read before.
    let request = asking(vec![cursor(&world, &here, 5)]);
    let told = ask(&world, &by, &request, |_| {});
    assert_eq!((told.pages, told.directives), (vec![], erase(&here)));
    // On another chain it first gives back what it holds.
    for seq in [3, 5] {
        let mut request = asking(vec![cursor(&world, &here, seq)]);
        request.cursors[0].prefix[0] ^= 1;
        let told = ask(&world, &by, &request, |_| {});
        assert_eq!((told.resets.len(), told.directives), (1, vec![]));
    }
    // A stream it does not name is none of its business.
    let told = ask(&world, &by, &asking(vec![]), |_| {});
    assert_eq!((told.pages, told.directives), (vec![], vec![]));
}

#[test]
fn who_never_had_a_grant_reads_on_only_from_what_it_proves_to_have_read() {
    let world = town(2);
    let here = stream(GRID);
    let from = |seq| asking(vec![cursor(&world, &here, seq)]);
    let told = ask(&world, &world.stranger, &from(0), |_| {});
    assert_eq!((told.pages, told.directives), (vec![], erase(&here)));
    // Its area was moved away, which leaves no grant behind.
    let told = ask(&world, &world.stranger, &from(1), |_| {});
    assert_eq!(proved(&world, &from(1), &told), [(here.clone(), 2)]);
    assert_eq!(told.pages[0].items[0].entry, None);
    assert_eq!(told.directives, erase(&here));
}

#[test]
fn content_that_was_refused_goes_to_its_author_alone() {
    let (world, by) = left();
    let told = ask(&world, &world.worker, &asking(vec![]), |_| {});
    assert_eq!(told.pages[0].items.len(), 5);
    for item in &told.pages[0].items {
        assert_eq!(item.entry.is_some(), item.author != by.author);
    }
}

/// Items that nobody opens, as many as it takes.
fn fill(world: &mut World, stream: &StreamId, n: u64) {
    let author = world.colleague.author;
    for seq in 1..=n {
        let id = EntryRef {
            incarnation: world.colleague.incarnation,
            seq,
        };
        let decision = Decision {
            entry: Entry::hollow(id),
            hash: Hash([7; 32]),
            link: Hash::default(),
            author,
            received: NOW,
            verdict: Verdict::Refused(RefusalCode::Empty),
            record: None,
            form: None,
            state: None,
            signature: None,
        };
        world.facts.decided(stream, &decision).unwrap();
    }
}

#[test]
fn an_answer_holds_no_more_than_a_page_and_says_that_there_is_more() {
    let mut world = World::new(1);
    let most = MAX_ITEMS_PER_PULL as u64;
    let (here, there) = (stream(GRID), stream(OTHER_GRID));
    fill(&mut world, &here, most + 4);
    fill(&mut world, &there, 2);
    let request = asking(vec![]);
    let told = ask(&world, &world.worker, &request, |_| {});
    let ends = proved(&world, &request, &told);
    assert_eq!(ends, [(here.clone(), most), (there.clone(), 0)]);
    assert!(told.pages[0].more && told.pages[1].more);
    let request = asking(vec![cursor(&world, &here, most)]);
    let told = ask(&world, &world.worker, &request, |_| {});
    let ends = proved(&world, &request, &told);
    assert_eq!(ends, [(here, most + 4), (there, 2)]);
    assert!(!told.pages[0].more && !told.pages[1].more);
}

#[test]
fn an_answer_stays_under_the_bytes_that_were_asked_for() {
    let mut world = town(40);
    world.started(|w| &mut w.colleague, OTHER_GRID);
    let (here, there) = (stream(GRID), stream(OTHER_GRID));
    let (mut at, mut asked) = (0, 0);
    while at < 40 {
        let mut request = asking(vec![cursor(&world, &here, at)]);
        request.budget_kib = 1;
        let told = ask(&world, &world.worker, &request, |_| {});
        let ends = proved(&world, &request, &told);
        assert!((1..=8).contains(&(ends[0].1 - at)), "{ends:?}");
        assert_eq!(told.pages[0].more, ends[0].1 < 40);
        assert_eq!(ends[1].0, there);
        at = ends[0].1;
        asked += 1;
    }
    assert!(asked >= 5, "{asked}");
}

#[test]
fn who_reads_a_city_is_told_of_the_streams_that_hold_anything() {
    let mut world = town(1);
    let grids = (0..700).map(|n| Area {
        code: area(&format!("g-9{n:03}")),
        parent: Some(area("street")),
        name: "g".to_owned(),
        level: GRID_LEVEL.to_owned(),
    });
    let areas = grids.collect();
    world
        .facts
        .directory
        .apply(DirectoryChange::Areas { areas });
    let empty = stream("g-9001");
    let mut lost = cursor(&world, &empty, 0);
    lost.seq = 7;
    let request = asking(vec![lost]);
    let asked = Rc::new(Cell::new(0));
    let told = ask(&world, &world.worker, &request, |s| {
        s.heads_asked = Rc::clone(&asked);
    });
    assert_eq!(proved(&world, &request, &told), [(stream(GRID), 1)]);
    assert_eq!(told.resets[0].stream, empty);
    assert_eq!(asked.get(), 2, "not each of all that are read");
}

#[test]
fn what_is_damaged_is_named_and_never_served() {
    let (world, by) = left();
    let here = stream(GRID);
    let places: [u64; 3] = [2, 3, 5];
    let damaged = |s: &mut MemoryServed<'_>| {
        s.damaged = places.map(|seq| (stream(GRID), seq)).into();
    };
    let lack = |after| Lacking {
        stream: here.clone(),
        after,
    };
    let from = |seq| asking(vec![cursor(&world, &here, seq)]);
    // The page ends before the first of them, and each run of them is told once.
    for who in [&world.worker, &by] {
        let told = ask(&world, who, &from(0), damaged);
        assert_eq!(proved(&world, &from(0), &told), [(here.clone(), 1)]);
        assert!(told.pages[0].more);
        assert_eq!(told.lacks, [lack(1), lack(4)]);
        assert_eq!(told.directives, [], "not all was read");
    }
    // There the stream waits, also for who leaves.
    for who in [&world.worker, &by] {
        let told = ask(&world, who, &from(1), damaged);
        assert_eq!((&told.pages, told.receipt), (&vec![], None));
        assert_eq!((told.lacks.len(), told.directives), (2, vec![]));
    }
    // Who read it while it was whole stands on the log, though nothing tells its prefix.
    let told = ask(&world, &world.worker, &from(3), damaged);
    assert_eq!(told.resets, []);
    assert_eq!(proved(&world, &from(3), &told), [(here.clone(), 4)]);
    // Of what somebody else reads nobody is told.
    let told = ask(&world, &world.stranger, &asking(vec![]), damaged);
    assert_eq!(told.lacks, []);
}

#[test]
fn without_room_a_damaged_cursor_holds_up_no_other_stream() {
    let mut world = World::new(1);
    let (here, there) = (stream(GRID), stream(OTHER_GRID));
    fill(&mut world, &here, MAX_ITEMS_PER_PULL as u64);
    fill(&mut world, &there, 3);
    let request = asking(vec![cursor(&world, &there, 1)]);
    let told = ask(&world, &world.worker, &request, |s| {
        s.damaged.insert((stream(OTHER_GRID), 1));
    });
    let ends = proved(&world, &request, &told);
    assert_eq!(ends, [(here, MAX_ITEMS_PER_PULL as u64)]);
    assert_eq!(told.resets, []);
}

#[test]
fn an_item_whose_key_is_lost_is_waited_for_and_not_told_as_erased() {
    let mut world = town(2);
    let record = world.record();
    let here = stream(GRID);
    let entry = world
        .colleague
        .start(&here, record, vec![set("name", text("x"))]);
    let log = world.colleague.push(&here, vec![entry]);
    let by = world.colleague.clone();
    world.admit(&by, &log).unwrap();
    let lost = |s: &mut MemoryServed<'_>| {
        s.keyless.insert(record);
    };
    let from = |seq| asking(vec![cursor(&world, &here, seq)]);
    let told = ask(&world, &world.worker, &from(0), lost);
    assert_eq!(proved(&world, &from(0), &told), [(here.clone(), 2)]);
    assert!(told.pages[0].more && told.lacks.is_empty());
    let told = ask(&world, &world.worker, &from(2), lost);
    assert_eq!((&told.pages, told.receipt), (&vec![], None));
    let lack = Lacking {
        stream: here,
        after: 2,
    };
    assert_eq!(told.lacks, [lack]);
}

#[test]
fn an_erasure_is_told_once_its_key_is_gone_to_who_reads_the_grid() {
    let mut world = town(1);
    let (theirs, anyones): (RecordId, RecordId) = (world.record(), world.record());
    let erased = |record, erasure| DirectoryChange::RecordErased { record, erasure };
    let of_grid = Erasure {
        grid: area(GRID),
        by: world.colleague.author.user,
        at: NOW,
        reason: String::new(),
        again: None,
    };
    for change in [erased(theirs, Some(of_grid)), erased(anyones, None)] {
        world.facts.directory.apply(change);
    }
    let mut request = asking(vec![]);
    request.report = Some(PhoneReport::default());
    let news = |revision, records: &[RecordId]| {
        Some(ErasureNews {
            revision,
            more: false,
            records: records.into(),
        })
    };
    let told = |request: &SyncRequest, by: &Phone, gone: bool| {
        ask(&world, by, request, |s| s.keys_are_gone = gone).erasures
    };
    let both = news(2, &[theirs, anyones]);
    assert_eq!(told(&request, &world.worker, true), both);
    assert_eq!(told(&request, &world.stranger, true), news(2, &[anyones]));
    assert_eq!(told(&request, &world.worker, false), None);
    let knows = |revision| {
        Some(PhoneReport {
            erasures: revision,
            ..PhoneReport::default()
        })
    };
    request.report = knows(1);
    assert_eq!(told(&request, &world.worker, true), news(2, &[anyones]));
    request.report = knows(2);
    assert_eq!(told(&request, &world.worker, true), None);
    // Of another epoch, it is told all; of none, nothing that was erased is held there.
    request.epoch = EPOCH + 1;
    assert_eq!(told(&request, &world.worker, true), both);
    request.epoch = 0;
    request.report = knows(0);
    assert_eq!(told(&request, &world.worker, true), news(2, &[]));
}
