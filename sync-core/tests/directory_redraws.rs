//! Redrawings in the directory: what of one is still to be done, whatever it was cut off at.

use gridfold_sync_core::directory::{
    Directory, DirectoryChange, RedrawAct, RedrawLine, RedrawOutcome, RedrawPart, RedrawStep,
};
use gridfold_sync_core::ids::{AreaCode, DeviceId, RecordId, RedrawId, UserId};
use gridfold_sync_core::time::Timestamp;

const NOW: Timestamp = Timestamp(1_781_330_000_000);

fn id() -> RedrawId {
    RedrawId::from_bytes([7; 16])
}

fn say(directory: &mut Directory, step: RedrawStep) {
    // As it is written and read.
    let change = DirectoryChange::Redraw {
        id: id(),
        step: Box::new(step),
    };
    let json = serde_json::to_vec(&change).unwrap();
    directory.apply(serde_json::from_slice(&json).unwrap());
}

fn line(from: &str, to: Option<&str>) -> RedrawLine {
    RedrawLine {
        act: to.map_or(RedrawAct::Hand, |_| RedrawAct::Split),
        from: AreaCode::new(from).unwrap(),
        to: to.map(|code| AreaCode::new(code).unwrap()),
        part: RedrawPart::Named,
        records: Vec::new(),
        from_user: None,
        to_user: None,
        given: Vec::new(),
        ended: Vec::new(),
    }
}

fn planned(lines: u32) -> Directory {
    let mut directory = Directory::default();
    say(
        &mut directory,
        RedrawStep::Planned {
            by: UserId::from_bytes([1; 16]),
            device: DeviceId::from_bytes([2; 16]),
            at: NOW,
            from: NOW.plus_millis(5),
            lines,
        },
    );
    directory
}

#[test]
fn a_plan_goes_on_only_whole_and_until_it_is_done() {
    let mut directory = planned(2);
    let record = |n: u8| RecordId::from_bytes([n; 16]);
    let goes_on = |directory: &Directory| directory.redraw(&id()).unwrap().goes_on();
    say(
        &mut directory,
        RedrawStep::Line {
            line: line("g-1", Some("g-2")),
        },
    );
    for n in [1, 2] {
        say(
            &mut directory,
            RedrawStep::Named {
                records: vec![record(n)],
            },
        );
    }
    assert!(!goes_on(&directory), "a line is missing");
    say(
        &mut directory,
        RedrawStep::Line {
            line: line("g-2", None),
        },
    );
    assert!(goes_on(&directory));
    let redraw = directory.redraw(&id()).unwrap();
    assert_eq!(redraw.lines[0].records, [record(1), record(2)]);
    assert_eq!(redraw.lines[1].target().as_str(), "g-2");
    for _ in 0..3 {
        let outcome = RedrawOutcome::default();
        say(&mut directory, RedrawStep::Done { outcome });
    }
    assert_eq!(
        directory.redraw(&id()).unwrap().done.len(),
        2,
        "no more than there are lines"
    );
    say(&mut directory, RedrawStep::Ended { at: NOW });
    assert!(!goes_on(&directory));
    let by = UserId::from_bytes([1; 16]);
    say(&mut directory, RedrawStep::Stopped { by, at: NOW });
    assert_eq!(
        directory.redraw(&id()).unwrap().stopped,
        None,
        "it was done before"
    );
}

#[test]
fn one_that_was_stopped_stays_so_and_no_phone_is_sent_of_it() {
    let mut directory = planned(1);
    say(
        &mut directory,
        RedrawStep::Line {
            line: line("g-1", None),
        },
    );
    let by = UserId::from_bytes([1; 16]);
    say(&mut directory, RedrawStep::Stopped { by, at: NOW });
    say(&mut directory, RedrawStep::Ended { at: NOW });
    let redraw = directory.redraw(&id()).unwrap();
    assert!(!redraw.goes_on() && redraw.ended.is_none());
    assert_eq!(directory.shown(), 0);
    // A word on one that nobody planned changes nothing.
    let mut none = Directory::default();
    say(&mut none, RedrawStep::Ended { at: NOW });
    assert_eq!(none.redraws().count(), 0);
}
