//! After a restore the server gets back what it lost, in whatever order everything else comes:
//! scripted worlds of the orders that once lost something.

use tests::world::Story;

/// A worker whose grant ended while the server was restored is told to erase. What was
/// acknowledged comes back first, and nothing refuses it, also weeks after the grant ended.
#[test]
fn an_ended_grant_refuses_nothing_that_was_acknowledged() {
    for (days, waits) in [(0, false), (0, true), (40, false), (40, true)] {
        let mut world = Story::new(2);
        let kept = world.create(0).unwrap();
        world.sync(0).unwrap();
        let backup = world.backup();
        let lost = world.create(0).unwrap();
        world.write(0, kept).unwrap();
        world.sync(0).unwrap();
        if waits {
            world.write(0, lost).unwrap();
        }
        world.end_grants(0);
        world.restore(backup).unwrap();
        world.days(days);
        assert_eq!(world.entries(lost), None);
        world.sync(0).unwrap();
        let late = u32::from(waits && days < 30);
        assert_eq!(world.entries(kept), Some(2), "after {days} days");
        assert_eq!(world.entries(lost), Some(1 + late), "after {days} days");
        world.end().unwrap();
    }
}

/// The same when each exchange is its own sync, cut short by what it may cost.
#[test]
fn what_is_owed_is_given_back_before_a_stream_is_erased_or_read_on() {
    for budget in [0, 300, 700, 1_500] {
        let mut world = Story::new(2);
        let first = world.create(0).unwrap();
        world.sync(0).unwrap();
        world.sync(1).unwrap();
        let backup = world.backup();
        let mut lost = Vec::new();
        for _ in 0..6 {
            lost.push(world.create(0).unwrap());
            world.write(0, first).unwrap();
            world.sync(0).unwrap();
        }
        world.restore(backup).unwrap();
        // The server goes another way before the phone comes back.
        world.create(1).unwrap();
        world.sync(1).unwrap();
        world.end_grants(0);
        world.write(1, first).unwrap();
        world.sync(1).unwrap();
        for _ in 0..40 {
            world.trip(0, budget).unwrap();
        }
        for record in lost {
            assert_eq!(world.entries(record), Some(1), "with {budget} bytes");
        }
        assert_eq!(world.entries(first), Some(8));
        world.end().unwrap();
    }
}

/// Restored from a newer backup and then from an older one, while phones stand in between.
#[test]
fn after_two_restores_everybody_shows_the_same() {
    for trips in 0..6 {
        for budget in [0, 400] {
            let mut world = Story::new(3);
            let record = world.create(0).unwrap();
            world.sync(0).unwrap();
            world.sync(1).unwrap();
            let older = world.backup();
            for at in [0, 1] {
                world.write(at, record).unwrap();
                world.sync(at).unwrap();
            }
            let newer = world.backup();
            for _ in 0..2 {
                for at in [0, 1, 2] {
                    if world.write(at, record).is_err() {
                        world.sync(at).unwrap();
                        world.write(at, record).unwrap();
                    }
                    world.sync(at).unwrap();
                }
            }
            world.restore(newer).unwrap();
            world.write(2, record).unwrap();
            for _ in 0..trips {
                world.trip(1, budget).unwrap();
            }
            world.restore(older).unwrap();
            world.sync(2).unwrap();
            for _ in 0..trips {
                world.trip(1, budget).unwrap();
            }
            world.end().unwrap();
            assert_eq!(world.entries(record), Some(10), "{trips} trips");
        }
    }
}

/// The author is lost; a colleague who had read the entries proves them for him.
#[test]
fn a_colleague_gives_back_what_a_lost_phone_wrote() {
    let mut world = Story::new(3);
    let record = world.create(1).unwrap();
    world.sync(1).unwrap();
    world.sync(0).unwrap();
    let backup = world.backup();
    let lost = world.create(1).unwrap();
    world.write(1, record).unwrap();
    world.sync(1).unwrap();
    world.sync(0).unwrap();
    world.lose(1);
    world.restore(backup).unwrap();
    // Meanwhile somebody else goes on on the older log.
    world.sync(1).unwrap();
    world.write(1, record).unwrap();
    world.sync(1).unwrap();
    assert_eq!(world.entries(record), Some(2));
    world.sync(0).unwrap();
    assert_eq!(
        (world.entries(record), world.entries(lost)),
        (Some(3), Some(1))
    );
    world.end().unwrap();
}

/// A record was erased for good, and then the server restored from before either was written: what
/// its author wrote afterwards is given back once, by whoever syncs first.
#[test]
fn what_was_written_after_an_erased_record_comes_back_once() {
    for order in [[0, 1], [1, 0]] {
        for erased_in_the_middle in [false, true] {
            let mut world = Story::new(2);
            let first = world.create(0).unwrap();
            if !erased_in_the_middle {
                world.sync(0).unwrap();
            }
            let backup = world.backup();
            let gone = world.create(0).unwrap();
            world.write(0, gone).unwrap();
            let kept = world.create(0).unwrap();
            world.write(0, kept).unwrap();
            world.sync(0).unwrap();
            world.sync(1).unwrap();
            world.write(1, kept).unwrap();
            world.sync(1).unwrap();
            world.sync(0).unwrap();
            world.erase(gone);
            for at in order {
                world.sync(at).unwrap();
            }
            world.restore(backup).unwrap();
            world.write(0, kept).unwrap();
            for at in order {
                world.sync(at).unwrap();
            }
            world.end().unwrap();
            assert_eq!(world.entries(kept), Some(4), "{order:?}");
            assert_eq!(world.entries(first), Some(1), "{order:?}");
            assert_eq!(world.entries(gone), None);
        }
    }
}

/// What the server's disk lost comes back, by itself, from the phones that hold it; one that was to
/// read it waits meanwhile.
#[test]
fn what_the_disk_lost_comes_back_from_phones() {
    for order in [[0, 1], [1, 0]] {
        let mut world = Story::new(3);
        let first = world.create(0).unwrap();
        world.sync(0).unwrap();
        world.sync(1).unwrap();
        for _ in 0..8 {
            for at in [0, 1] {
                world.create(at).unwrap();
                world.write(at, first).unwrap();
                world.sync(at).unwrap();
            }
        }
        for at in order {
            world.sync(at).unwrap();
        }
        world.wreck();
        assert!(world.damaged() > 0, "something was hit");
        world.sync(2).unwrap();
        for at in order {
            world.write(at, first).unwrap();
            // What it wrote is decided on once the views have what was lost.
            world.sync_patiently(at).unwrap();
            world.sync(at).unwrap();
        }
        assert_eq!(world.damaged(), 0, "{order:?}");
        world.end().unwrap();
        assert_eq!(world.entries(first), Some(19), "{order:?}");
    }
}

/// A phone that goes on from a backup while its grant is over reads its own later edits before the
/// records they are of, whose words it may not read. Given the grid again, it shows both.
#[test]
fn what_a_phone_wrote_after_its_backup_is_shown_once_the_grid_is_its_own_again() {
    const LATER: usize = 12;
    let trips = [(0, 0), (1, 0), (1, 1_100), (2, 1_100)];
    // In a browser no store tells itself from its copy: the server does.
    for ((trips, budget), in_browser) in trips.into_iter().flat_map(|t| [(t, false), (t, true)]) {
        let mut world = match in_browser {
            true => Story::in_browsers(2),
            false => Story::new(2),
        };
        let theirs = world.create(1).unwrap();
        world.sync(1).unwrap();
        world.create(0).unwrap();
        let copy = world.copy(0);
        world.sync(0).unwrap();
        world.write(0, theirs).unwrap();
        world.sync(0).unwrap();
        world.end_grants(0);
        world.sync(1).unwrap();
        for _ in 0..LATER {
            world.write(1, theirs).unwrap();
        }
        world.sync(1).unwrap();
        let restored = world.go_on_from(copy).unwrap();
        for _ in 0..trips {
            world.trip(restored, budget).unwrap();
        }
        world.grant(restored);
        world.sync(restored).unwrap();
        let all = 2 + LATER;
        assert_eq!(world.entries(theirs), u32::try_from(all).ok());
        let shown = world.shown(restored, theirs);
        let at = format!("after {trips} trips of {budget} bytes, in a browser: {in_browser}");
        assert_eq!(shown, Some(all), "{at}");
        world.end().unwrap();
    }
}

/// A profile of a browser and its copy wrote under the same names. One was refused, the server was
/// restored and took the other: the first shows what the other wrote, beside its own refused edit.
#[test]
fn what_a_copy_wrote_is_shown_where_the_same_name_was_refused_before_a_restore() {
    let mut world = Story::in_browsers(2);
    let backup = world.backup();
    let record = world.create(0).unwrap();
    let copy = world.copy(0);
    world.write(0, record).unwrap();
    world.end_grants(0);
    world.days(40);
    world.sync(0).unwrap();
    assert_eq!(world.entries(record), None, "all of it is refused");
    world.grant(0);
    world.restore(backup).unwrap();
    let other = world.go_on_beside(copy).unwrap();
    for _ in 0..3 {
        world.write(other, record).unwrap();
    }
    world.sync(other).unwrap();
    assert_eq!(world.entries(record), Some(4));
    world.sync(0).unwrap();
    assert_eq!(world.shown(0, record), Some(4));
    world.end().unwrap();
}
