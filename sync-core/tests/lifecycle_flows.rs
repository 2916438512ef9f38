//! What a matter goes through, by two forms: the built-in one, and one of another town with other statuses, an approval
//! and other roles, which is a file. Every story is told of both.

use std::collections::BTreeMap;

use gridfold_sync_core::admission::check_edit;
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{Entry, RefusalCode, Target};
use gridfold_sync_core::ids::{
    ActionKey, EntryRef, FieldKey, FormCode, IncarnationId, RecordId, UserId,
};
use gridfold_sync_core::lifecycle::{Actor, Lifecycle};
use gridfold_sync_core::merge::{fold, state_at};
use gridfold_sync_core::schema::{Form, FormError, Role, builtin_forms};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::{PartState, RecordView, Work};
use serde_json::{Value as Json, json};

const HOUR: i64 = 3_600_000;

/// Who plays in a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Worker,
    Colleague,
    Office,
    Chief,
}
use Who::{Chief, Colleague, Office, Worker};

/// What a town calls the steps and statuses of the stories.
struct Town {
    form: Form,
    office: Role,
    /// Steps from the first status to being in the hands of a worker, with who takes each.
    begin: &'static [(Who, &'static str)],
    in_hand: &'static str,
    /// The step before that, and where it had led.
    last_of_begin: &'static str,
    before_in_hand: &'static str,
    /// The step by which the work is done, and a check by another person.
    doing: &'static str,
    done: &'static str,
    check: &'static str,
    checked: &'static str,
    close: &'static str,
    closed: &'static str,
    reopen: &'static str,
    reopened: &'static str,
    suspend: (Who, &'static str),
    suspended: &'static str,
    resume: &'static str,
    recall: &'static str,
    urge: (Who, &'static str),
    follow: &'static str,
    unfollow: &'static str,
    ask: &'static str,
    grant: &'static str,
    refuse: &'static str,
    due: &'static str,
    asked: &'static str,
}

fn towns() -> [Town; 2] {
    let forms = builtin_forms().unwrap();
    let is_newest = |f: &&Form| f.code.as_str() == "matter" && f.version == 5;
    let ours = Town {
        form: forms.iter().find(is_newest).unwrap().clone(),
        office: Role::Supervisor,
        begin: &[(Office, "accept"), (Office, "dispatch")],
        in_hand: "dispatched",
        last_of_begin: "dispatch",
        before_in_hand: "accepted",
        doing: "handle",
        done: "handled",
        check: "inspect",
        checked: "inspected",
        close: "close",
        closed: "closed",
        reopen: "reopen",
        reopened: "reopened",
        suspend: (Office, "suspend"),
        suspended: "suspended",
        resume: "resume",
        recall: "recall",
        urge: (Office, "urge"),
        follow: "follow",
        unfollow: "unfollow",
        ask: "ask_extension",
        grant: "grant_extension",
        refuse: "refuse_extension",
        due: "due_at",
        asked: "asked_due",
    };
    let theirs = Town {
        form: Form::from_json(include_str!("towns/wish.json")).unwrap(),
        office: Role::Admin,
        begin: &[(Worker, "put"), (Office, "approve"), (Worker, "take_on")],
        in_hand: "in_hand",
        last_of_begin: "take_on",
        before_in_hand: "approved",
        doing: "fulfil",
        done: "fulfilled",
        check: "examine",
        checked: "examined",
        close: "end",
        closed: "over",
        reopen: "once_more",
        reopened: "again",
        suspend: (Worker, "wait"),
        suspended: "waiting",
        resume: "go_on",
        recall: "undo",
        urge: (Office, "hurry"),
        follow: "watch",
        unfollow: "look_away",
        ask: "more_time",
        grant: "give_time",
        refuse: "no_time",
        due: "till",
        asked: "till_asked",
    };
    [ours, theirs]
}

fn action(key: &str) -> ActionKey {
    ActionKey::new(key).unwrap()
}
fn field(key: &str) -> FieldKey {
    FieldKey::new(key).unwrap()
}
fn user(who: Who) -> UserId {
    UserId::from_bytes([who as u8 + 1; 16])
}

/// One record of a town and everything that was written to it, each entry by a device of its own.
struct Story<'a> {
    town: &'a Town,
    entries: Vec<Entry>,
    by: BTreeMap<EntryRef, Who>,
}

impl<'a> Story<'a> {
    fn new(town: &'a Town) -> Self {
        Self {
            town,
            entries: Vec::new(),
            by: BTreeMap::new(),
        }
    }

    fn begun(town: &'a Town) -> (Self, usize) {
        let mut story = Self::new(town);
        let mut last = story.write(Worker, &[], 0, vec![]);
        for (who, step) in town.begin {
            last = story.take(*who, &[last], 0, step);
        }
        assert_eq!(story.status(), town.in_hand);
        (story, last)
    }

    fn lifecycle(&self) -> &Lifecycle {
        self.town.form.lifecycle.as_ref().unwrap()
    }

    fn code(&self) -> FormCode {
        self.town.form.code.clone()
    }

    fn heads(&self, at: &[usize]) -> Vec<EntryRef> {
        let mut heads: Vec<EntryRef> = at.iter().map(|&i| self.entries[i].id()).collect();
        heads.sort_unstable();
        heads
    }

    fn roles(&self, who: Who) -> Vec<Role> {
        match who {
            Worker | Colleague => vec![Role::Worker],
            Office => vec![self.town.office],
            Chief => vec![Role::Supervisor, Role::Admin],
        }
    }

    /// An entry at these places, unless a rule is against it.
    fn tried(&self, who: Who, at: &[usize], hour: i64, ops: Vec<Op>) -> Result<Entry, RefusalCode> {
        let n = self.entries.len() as u64;
        let (target, state) = if at.is_empty() {
            let record = RecordId::from_bytes([1; 16]);
            let form = self.code();
            (Target::New { record, form }, PartState::new(self.code()))
        } else {
            let heads = self.heads(at);
            let state = state_at(&self.code(), &self.entries, &heads).unwrap();
            (Target::At(heads), state)
        };
        let ops = self.town.form.with_what_steps_write(Some(&state), ops);
        let incarnation = IncarnationId::from_bytes([(n as u8).wrapping_mul(151); 16]);
        let claimed = Timestamp(hour * HOUR);
        let version = self.town.form.version;
        let entry = Entry::new(incarnation, n + 1, target, version, claimed, ops);
        let made = |by: &EntryRef| self.by.get(by).map(|who| user(*who));
        let roles = self.roles(who);
        let actor = Actor {
            roles: &roles,
            user: Some(user(who)),
            made: &made,
        };
        let form = &self.town.form;
        if !entry.ops().is_empty() {
            check_edit(form, form.class, actor, state, &entry)?;
        }
        Ok(entry)
    }

    fn write(&mut self, who: Who, at: &[usize], hour: i64, ops: Vec<Op>) -> usize {
        let what = format!("{who:?} {ops:?} at {}", self.status());
        let entry = self.tried(who, at, hour, ops);
        let entry = entry.unwrap_or_else(|code| panic!("{what}: {code:?}"));
        self.by.insert(entry.id(), who);
        self.entries.push(entry);
        self.entries.len() - 1
    }

    fn step(step: &str) -> Op {
        Op::Transition {
            action: action(step),
            note: "因为".to_owned(),
        }
    }

    fn take(&mut self, who: Who, at: &[usize], hour: i64, step: &str) -> usize {
        self.write(who, at, hour, vec![Self::step(step)])
    }

    fn refused(&self, who: Who, at: &[usize], step: &str) -> RefusalCode {
        let tried = self.tried(who, at, 0, vec![Self::step(step)]);
        tried.expect_err(&format!("{who:?} may {step}"))
    }

    fn set(&mut self, who: Who, at: usize, hour: i64, key: &str, to: i64) -> usize {
        let value = Value::DateTime(Timestamp(to * HOUR));
        let field = field(key);
        self.write(who, &[at], hour, vec![Op::Set { field, value }])
    }

    fn row(&self) -> PartState {
        fold(&self.code(), &self.entries).unwrap()
    }

    fn status(&self) -> String {
        self.lifecycle().fold(&self.row()).status.to_string()
    }

    fn with_view<T>(&self, of: impl FnOnce(&RecordView<'_>) -> T) -> T {
        let (row, form) = (self.row(), &self.town.form);
        of(&RecordView {
            record: RecordId::from_bytes([1; 16]),
            form,
            parts: vec![(form.class, &row)],
        })
    }

    #[allow(
        clippy::redundant_closure_for_method_calls,
        reason = "the method is of one lifetime"
    )]
    fn conflicts(&self) -> usize {
        self.with_view(|view| view.conflict_count())
    }

    fn work(&self) -> Work {
        let when = |id: &EntryRef| {
            let entry = self.entries.iter().find(|e| e.id() == *id);
            entry.map(|e| e.header.claimed)
        };
        self.with_view(|view| view.work(when))
    }

    fn due(&self) -> Option<i64> {
        self.work().due.map(|due| due.millis() / HOUR)
    }

    fn standing(&self) -> Vec<(String, Who)> {
        let row = self.row();
        let made = |by: &EntryRef| self.by.get(by).map(|who| user(*who));
        let standing = self.lifecycle().standing(&row, made);
        let named = |action: &ActionKey, by: &EntryRef| (action.to_string(), self.by[by]);
        let mut all: Vec<_> = standing.iter().map(|t| named(&t.action, &t.by)).collect();
        all.sort();
        all
    }

    fn offered(&self, who: Who) -> Vec<String> {
        let made = |by: &EntryRef| self.by.get(by).map(|who| user(*who));
        let roles = self.roles(who);
        let actor = Actor {
            roles: &roles,
            user: Some(user(who)),
            made: &made,
        };
        let next = self.lifecycle().next(&self.row(), actor);
        next.iter().map(|t| t.action.to_string()).collect()
    }

    /// The same in every order in which the entries can come.
    fn ends_in_one_state(&self) {
        let row = self.row();
        let view = self.lifecycle().fold(&row);
        let n = self.entries.len();
        for turn in 0..200_usize {
            let mut order: Vec<usize> = (0..n).collect();
            for i in (1..n).rev() {
                order.swap(i, (turn * 7919 + i * (turn + 13)) % (i + 1));
            }
            let shuffled: Vec<Entry> = order.iter().map(|&i| self.entries[i].clone()).collect();
            let other = fold(&self.code(), &shuffled).unwrap();
            assert_eq!(other, row, "{order:?}");
            assert_eq!(self.lifecycle().fold(&other), view);
            assert_eq!(
                self.lifecycle().pauses(&other),
                self.lifecycle().pauses(&row)
            );
        }
    }
}

#[test]
fn a_matter_is_begun_done_checked_by_another_and_closed() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let done = story.take(Worker, &[begun], 1, town.doing);
        assert_eq!(story.status(), town.done);
        assert_eq!(
            story.refused(Worker, &[done], town.check),
            RefusalCode::TransitionNotAllowed
        );
        assert!(!story.offered(Worker).contains(&town.check.to_owned()));
        assert!(story.offered(Colleague).contains(&town.check.to_owned()));
        let checked = story.take(Colleague, &[done], 2, town.check);
        assert_eq!(story.status(), town.checked);
        story.take(Office, &[checked], 3, town.close);
        assert_eq!(
            (story.status().as_str(), story.conflicts()),
            (town.closed, 0)
        );
    }
}

#[test]
fn what_stands_beside_the_status_is_no_conflict_and_leads_nowhere() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let done = story.take(Worker, &[begun], 1, town.doing);
        let urged = story.take(town.urge.0, &[begun], 1, town.urge.1);
        assert_eq!((story.status().as_str(), story.conflicts()), (town.done, 0));
        // Whoever does the work after both has one status before, not two.
        let checked = story.take(Colleague, &[done, urged], 2, town.check);
        assert_eq!(
            (story.status().as_str(), story.conflicts()),
            (town.checked, 0)
        );
        // One who saw the urging alone goes on from where that stood.
        story.take(Office, &[checked], 3, town.close);
        assert_eq!(story.status(), town.closed);
        story.ends_in_one_state();
    }
}

/// A step of before, seen through an aside, must not count beside one that was made after it.
#[test]
fn a_step_is_not_shown_again_through_an_aside_that_was_made_after_it() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let done = story.take(Worker, &[begun], 1, town.doing);
        let watched = story.take(Chief, &[done], 2, town.follow);
        let recalled = story.take(Worker, &[done], 2, town.recall);
        assert_eq!(
            (story.status().as_str(), story.conflicts()),
            (town.in_hand, 0)
        );
        let again = story.take(Worker, &[watched, recalled], 3, town.doing);
        assert_eq!((story.status().as_str(), story.conflicts()), (town.done, 0));
        let _ = again;
        story.ends_in_one_state();
    }
}

#[test]
fn two_close_and_one_opens_again_and_all_see_the_same() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let done = story.take(Worker, &[begun], 1, town.doing);
        let checked = story.take(Colleague, &[done], 2, town.check);
        let first = story.take(Office, &[checked], 3, town.close);
        story.take(Chief, &[checked], 3, town.close);
        assert_eq!(
            (story.status().as_str(), story.conflicts()),
            (town.closed, 1)
        );
        let again = story.take(Chief, &[first], 4, town.reopen);
        assert_eq!(
            (story.status().as_str(), story.conflicts()),
            (town.closed, 1)
        );
        let view = story.lifecycle().fold(&story.row()).tips.len();
        assert_eq!(view, 2, "both are seen");
        story.ends_in_one_state();
        // Whoever knows of both settles it.
        story.take(Chief, &[again, again - 1], 5, town.reopen);
        assert_eq!(
            (story.status().as_str(), story.conflicts()),
            (town.reopened, 0)
        );
        story.ends_in_one_state();
    }
}

#[test]
fn one_takes_back_ones_own_newest_step_until_somebody_acted_on_it() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let (last, taker) = (town.last_of_begin, town.begin.last().unwrap().0);
        let other = if taker == Worker { Colleague } else { Chief };
        assert_eq!(
            story.refused(other, &[begun], town.recall),
            RefusalCode::TransitionNotAllowed
        );
        assert!(!story.offered(other).contains(&town.recall.to_owned()));
        assert!(story.offered(taker).contains(&town.recall.to_owned()));
        // An urging is nobody's acting on it.
        let urged = story.take(town.urge.0, &[begun], 1, town.urge.1);
        let back = story.take(taker, &[urged], 1, town.recall);
        assert_eq!(story.status(), town.before_in_hand);
        // What was taken back is not taken back again.
        assert_eq!(
            story.refused(taker, &[back], town.recall),
            RefusalCode::TransitionNotAllowed
        );
        let again = story.take(taker, &[back], 2, last);
        let done = story.take(Worker, &[again], 3, town.doing);
        if taker != Worker {
            assert_eq!(
                story.refused(taker, &[done], town.recall),
                RefusalCode::TransitionNotAllowed
            );
        }
        story.ends_in_one_state();
    }
}

#[test]
fn a_recall_that_meets_an_acceptance_stays_visible_and_ends_in_one_state() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let taker = town.begin.last().unwrap().0;
        let back = story.take(taker, &[begun], 1, town.recall);
        let done = story.take(Worker, &[begun], 1, town.doing);
        assert_eq!((story.status().as_str(), story.conflicts()), (town.done, 1));
        let row = story.row();
        let view = story.lifecycle().fold(&row);
        let statuses: Vec<&str> = view.tips.iter().map(|t| t.status.as_str()).collect();
        assert_eq!(statuses, [town.done, town.before_in_hand]);
        story.ends_in_one_state();
        story.take(Colleague, &[back, done], 2, town.check);
        assert_eq!(
            (story.status().as_str(), story.conflicts()),
            (town.checked, 0)
        );
        story.ends_in_one_state();
    }
}

#[test]
fn no_time_passes_while_it_stands_suspended() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let due = story.set(Office, begun, 1, town.due, 20);
        assert_eq!(story.due(), Some(20));
        let paused = story.take(town.suspend.0, &[due], 5, town.suspend.1);
        assert_eq!(story.status(), town.suspended);
        let work = story.work();
        assert_eq!(work.suspended, Some(Timestamp(5 * HOUR)));
        assert!(work.is_to_do() && !work.is_overdue(Timestamp(99 * HOUR)));
        assert!(!work.is_due_soon(Timestamp(19 * HOUR)));
        let goes_on = story.take(Worker, &[paused], 15, town.resume);
        let work = story.work();
        assert_eq!((story.due(), work.suspended), (Some(30), None));
        assert_eq!(work.paused_ms, 10 * HOUR);
        assert!(!work.is_overdue(Timestamp(29 * HOUR)) && work.is_overdue(Timestamp(31 * HOUR)));
        // A new due time was written with the pause in view.
        story.set(Office, goes_on, 16, town.due, 40);
        assert_eq!((story.due(), story.work().paused_ms), (Some(40), 10 * HOUR));
        story.ends_in_one_state();
    }
}

#[test]
fn what_was_late_before_it_was_suspended_stays_late() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let due = story.set(Office, begun, 1, town.due, 4);
        story.take(town.suspend.0, &[due], 5, town.suspend.1);
        assert!(story.work().is_overdue(Timestamp(6 * HOUR)));
    }
}

/// Suspended by one, done by another who did not know: what is shown stopped no clock.
#[test]
fn a_suspension_that_is_not_shown_stops_no_clock() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let due = story.set(Office, begun, 1, town.due, 20);
        let paused = story.take(town.suspend.0, &[due], 5, town.suspend.1);
        let done = story.take(Worker, &[due], 6, town.doing);
        assert_eq!((story.status().as_str(), story.conflicts()), (town.done, 1));
        assert_eq!((story.due(), story.work().suspended), (Some(20), None));
        story.take(Colleague, &[paused, done], 9, town.check);
        assert_eq!((story.due(), story.work().paused_ms), (Some(20), 0));
        story.ends_in_one_state();
    }
}

/// Wherever it was suspended from, and however often, it goes on there.
#[test]
fn what_was_suspended_goes_on_where_it_stood() {
    for town in &towns() {
        let mut story = Story::new(town);
        let mut last = story.write(Worker, &[], 0, vec![]);
        for (who, step) in &town.begin[..town.begin.len() - 1] {
            last = story.take(*who, &[last], 0, step);
        }
        assert_eq!(story.status(), town.before_in_hand);
        last = story.take(town.suspend.0, &[last], 1, town.suspend.1);
        let row = story.row();
        let resume = story.lifecycle().steps();
        let resume = resume.into_iter().find(|t| t.action == action(town.resume));
        let to = story.lifecycle().leads_to(&row, resume.unwrap()).unwrap();
        assert_eq!(to.as_str(), town.before_in_hand);
        last = story.take(Worker, &[last], 2, town.resume);
        assert_eq!(story.status(), town.before_in_hand);
        let (taker, step) = *town.begin.last().unwrap();
        last = story.take(taker, &[last], 3, step);
        last = story.take(town.suspend.0, &[last], 4, town.suspend.1);
        story.take(Worker, &[last], 5, town.resume);
        assert_eq!(story.status(), town.in_hand);
        story.ends_in_one_state();
    }
}

/// A resumption that is taken back leaves it suspended, and another one still leads where it stood.
#[test]
fn what_was_resumed_by_mistake_goes_on_where_it_stood() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let paused = story.take(town.suspend.0, &[begun], 1, town.suspend.1);
        let resumed = story.take(Worker, &[paused], 2, town.resume);
        let back = story.take(Worker, &[resumed], 3, town.recall);
        assert_eq!(story.status(), town.suspended);
        story.take(Worker, &[back], 4, town.resume);
        assert_eq!(
            (story.status().as_str(), story.conflicts()),
            (town.in_hand, 0)
        );
        story.ends_in_one_state();
    }
}

/// The one who wrote a report does not verify it; who corrects it vouches for it.
#[test]
fn a_report_is_verified_by_another_than_who_wrote_it() {
    let town = &towns()[0];
    let mut story = Story::new(town);
    let made = story.write(
        Worker,
        &[],
        0,
        vec![Op::Set {
            field: field("reported_at"),
            value: Value::DateTime(Timestamp(0)),
        }],
    );
    assert_eq!(
        story.refused(Worker, &[made], "verify"),
        RefusalCode::TransitionNotAllowed
    );
    assert!(!story.offered(Worker).contains(&"verify".to_owned()));
    assert!(story.offered(Colleague).contains(&"verify".to_owned()));
    let verified = story.take(Colleague, &[made], 1, "verify");
    story.take(Office, &[verified], 2, "accept");
    assert_eq!(story.status(), "accepted");
}

/// Done on the spot counts as resolved in the grid until somebody finds that it is not done.
#[test]
fn what_is_done_on_the_spot_counts_as_resolved_in_the_grid() {
    let town = &towns()[0];
    let by = |story: &Story<'_>| {
        let row = story.row();
        let by = story.lifecycle().resolved(&row).map(|t| t.by);
        by.map(|by| story.by[&by])
    };
    let mut story = Story::new(town);
    let made = story.write(Worker, &[], 0, vec![]);
    assert_eq!(by(&story), None);
    let resolved = story.take(Worker, &[made], 1, "resolve");
    assert_eq!(by(&story), Some(Worker));
    let closed = story.take(Office, &[resolved], 2, "close");
    assert_eq!(by(&story), Some(Worker));
    let again = story.take(Office, &[closed], 3, "reopen");
    assert_eq!(by(&story), None);
    let accepted = story.take(Office, &[again], 4, "accept");
    let handled = story.take(Worker, &[accepted], 5, "handle");
    story.take(Office, &[handled], 6, "close");
    assert_eq!((story.status().as_str(), by(&story)), ("closed", None));
    story.ends_in_one_state();
}

/// A clock that ran ahead must not make work due earlier.
#[test]
fn a_pause_that_ends_before_it_begins_is_none() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let due = story.set(Office, begun, 1, town.due, 20);
        let paused = story.take(town.suspend.0, &[due], 15, town.suspend.1);
        story.take(Worker, &[paused], 5, town.resume);
        assert_eq!((story.due(), story.work().paused_ms), (Some(20), 0));
    }
}

#[test]
fn more_time_is_asked_for_by_one_and_granted_by_another() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let due = story.set(Office, begun, 1, town.due, 20);
        assert_eq!(
            story.refused(Worker, &[due], town.ask),
            RefusalCode::TransitionNotAllowed,
            "until when is not said"
        );
        let until = story.set(Worker, due, 2, town.asked, 48);
        let asked = story.take(Worker, &[until], 2, town.ask);
        assert_eq!(story.standing(), [(town.ask.to_owned(), Worker)]);
        assert_eq!(
            story.refused(Worker, &[asked], town.grant),
            RefusalCode::NotWritable
        );
        let refused = story.take(Office, &[asked], 3, town.refuse);
        assert_eq!((story.due(), story.standing().len()), (Some(20), 1));
        let asked = story.take(Worker, &[refused], 4, town.ask);
        let granted = story.take(Office, &[asked], 5, town.grant);
        assert_eq!(story.due(), Some(48));
        assert!(!story.standing().iter().any(|(step, _)| step == town.ask));
        assert_eq!(
            (story.status().as_str(), story.conflicts()),
            (town.in_hand, 0)
        );
        // Without the time being written it is not granted.
        let bare = story.entries[granted].ops().to_vec();
        assert_eq!(bare.len(), 2);
        assert_eq!(
            story.entries[granted].ops()[0].field(),
            Some(&field(town.due))
        );
        story.ends_in_one_state();
    }
}

#[test]
fn whoever_asked_for_time_does_not_grant_it_and_a_bare_grant_is_refused() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let due = story.set(Office, begun, 1, town.due, 20);
        let until = story.set(Worker, due, 2, town.asked, 48);
        let asked = story.take(Worker, &[until], 2, town.ask);
        let state = state_at(&story.code(), &story.entries, &story.heads(&[asked])).unwrap();
        let entry = Entry::new(
            IncarnationId::from_bytes([9; 16]),
            1,
            Target::At(state.heads.clone()),
            town.form.version,
            Timestamp(0),
            vec![Story::step(town.grant)],
        );
        let roles = story.roles(Office);
        let bare = check_edit(&town.form, town.form.class, &roles, state.clone(), &entry);
        assert_eq!(bare.unwrap_err(), RefusalCode::TransitionNotAllowed);
        // Somebody with both roles who asked is told apart by who they are.
        let both = [Role::Worker, Role::Supervisor, Role::Admin];
        let made = |_: &EntryRef| Some(user(Worker));
        let mut actor = Actor {
            roles: &both,
            user: Some(user(Worker)),
            made: &made,
        };
        let allowed = |actor| {
            let lifecycle = town.form.lifecycle.as_ref().unwrap();
            lifecycle.check_transition(&state, &action(town.grant), actor)
        };
        assert_eq!(allowed(actor), Err(RefusalCode::TransitionNotAllowed));
        actor.user = Some(user(Chief));
        assert_eq!(allowed(actor), Ok(()));
    }
}

#[test]
fn who_urged_and_who_follows_is_known_until_it_is_answered() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let (urger, urge) = town.urge;
        let urged = story.take(urger, &[begun], 1, urge);
        let first = story.take(Chief, &[urged], 1, town.follow);
        let second = story.take(Chief, &[first], 2, town.follow);
        let mut stands = vec![
            (town.follow.to_owned(), Chief),
            (town.follow.to_owned(), Chief),
            (urge.to_owned(), urger),
        ];
        stands.sort();
        assert_eq!(story.standing(), stands);
        let offers = |who: Who, step: &str| story.offered(who).contains(&step.to_owned());
        assert!(offers(Chief, town.unfollow) && !offers(Chief, town.follow));
        assert!(!offers(Office, town.unfollow) && !offers(Office, town.grant));
        // One who did not know of the following answers the urging alone.
        let done = story.take(Worker, &[urged], 3, town.doing);
        assert_eq!(story.standing().len(), 2);
        story.take(Chief, &[second, done], 4, town.unfollow);
        assert_eq!(story.standing(), [], "taking back is nothing that stands");
        story.ends_in_one_state();
    }
}

#[test]
fn nobody_takes_back_what_another_stands_by() {
    let town = &towns()[0];
    let (mut story, begun) = Story::begun(town);
    let followed = story.take(Office, &[begun], 1, town.follow);
    story.take(Chief, &[followed], 2, town.unfollow);
    let standing = story.standing();
    assert!(standing.contains(&(town.follow.to_owned(), Office)));
}

#[test]
fn a_step_that_needs_words_is_refused_without() {
    for town in &towns() {
        let (story, begun) = Story::begun(town);
        let silent = |step: &str| {
            let op = Op::Transition {
                action: action(step),
                note: " ".to_owned(),
            };
            story.tried(town.suspend.0, &[begun], 1, vec![op])
        };
        let refused = silent(town.suspend.1).unwrap_err();
        assert_eq!(refused, RefusalCode::TransitionNotAllowed);
    }
}

/// A build from before there were asides reads such a form and folds what it knows.
#[test]
fn a_form_without_its_asides_reads_the_same_history() {
    for town in &towns() {
        let (mut story, begun) = Story::begun(town);
        let urged = story.take(town.urge.0, &[begun], 1, town.urge.1);
        story.take(Worker, &[urged], 2, town.doing);
        let mut older = story.lifecycle().clone();
        older.asides.clear();
        let row = story.row();
        let seen = older.fold(&row);
        assert_eq!((seen.status.as_str(), seen.tips.len()), (town.done, 1));
        let json = serde_json::to_value(&town.form).unwrap();
        let transitions = json["lifecycle"]["transitions"].as_array().unwrap();
        assert!(transitions.iter().all(|t| t["to"].is_string()));
    }
}

#[test]
fn a_table_that_cannot_be_meant_is_refused_with_the_step() {
    let form = serde_json::to_value(&towns()[1].form).unwrap();
    let with = |change: &dyn Fn(&mut Json)| {
        let mut form = form.clone();
        change(&mut form);
        Form::from_json(&form.to_string())
    };
    let bad = |step: &str| Err(FormError::BadStep(action(step)));
    let transition = |json: &mut Json, at: usize| json["lifecycle"]["transitions"][at].take();
    assert!(with(&|_| {}).is_ok());
    let moved = with(&|f: &mut Json| {
        let mut step = transition(f, 0);
        f["lifecycle"]["transitions"]
            .as_array_mut()
            .unwrap()
            .remove(0);
        step["action"] = json!("put2");
        f["lifecycle"]["asides"].as_array_mut().unwrap().push(step);
    });
    assert_eq!(moved, bad("put2"), "an aside with `to`");
    let lacks = with(&|f: &mut Json| {
        f["lifecycle"]["transitions"][0]
            .as_object_mut()
            .unwrap()
            .remove("to");
    });
    assert_eq!(lacks, bad("put"));
    let both = with(&|f: &mut Json| f["lifecycle"]["asides"][1]["action"] = json!("put"));
    assert_eq!(both, bad("put"));
    let recall = with(&|f: &mut Json| f["lifecycle"]["transitions"][0]["means"] = json!("recall"));
    assert_eq!(recall, bad("put"));
    let unknown = with(&|f: &mut Json| {
        f["lifecycle"]["transitions"][0]["other_than"] = json!(["nothing"]);
    });
    assert_eq!(unknown, bad("put"));
    let answers = with(&|f: &mut Json| f["lifecycle"]["asides"][1]["answers"] = json!(["put"]));
    assert_eq!(answers, bad("hurry"));
    let extend = with(&|f: &mut Json| f["fields"][2]["means"] = json!("happened"));
    assert_eq!(extend, Err(FormError::CannotExtend(action("give_time"))));
    for (at, name) in [(0, "written"), (9, "over")] {
        let suspended = with(&|f: &mut Json| {
            f["lifecycle"]["statuses"][at]["suspended"] = json!(true);
        });
        assert_eq!(suspended, Err(FormError::CannotSuspend(action(name))));
    }
}
