//! The line before the writer: whose work is next, and whose is enough for now.
//!
//! What enters: work, whose it is, what it is expected to cost, and the time that it took the writer.
//! What leaves: what costs little before what costs much, and of these the work of whoever took
//! least lately. What never happens here: anybody waiting behind all that others cost, however many
//! they are, or a device that takes the writer's time without end.
//!
//! The time that somebody took is a debt that runs out as time goes by. What waits counts by what it
//! is expected to cost until it is known what it took. Both decide who is next, and past a limit more
//! is answered with how long to wait.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use gridfold_sync_core::entry::Author;
use gridfold_sync_core::time::Timestamp;
use parking_lot::{Condvar, Mutex};

use crate::admit::WriteError;
use crate::writer::cost::Cost;
use crate::writer::room::Room;

/// Requests waiting for the writer; past that one is answered "unavailable".
const MAX_WAITING: usize = 1_024;
/// Requests of one author waiting for the writer.
const MAX_WAITING_OF_ONE: usize = 64;
/// Of the time that goes by, the part that a debt runs out by: one in so many.
const SHARE: u64 = 10;
/// Debts remembered before those that have run out are forgotten.
const MAX_DEBTS: usize = 8_192;
/// Work that waits.
#[derive(Debug)]
struct Waiting<W> {
    /// The number it came under.
    came: u64,
    cost: Cost,
    work: W,
}

/// What somebody took of the writer, as of a moment.
#[derive(Debug, Clone, Copy)]
struct Debt {
    micros: u64,
    at: Timestamp,
}

impl Debt {
    fn left(self, now: Timestamp) -> u64 {
        let gone_ms = now.millis().saturating_sub(self.at.millis()).max(0);
        let paid = gone_ms.unsigned_abs().saturating_mul(1_000) / SHARE;
        self.micros.saturating_sub(paid)
    }
}

#[derive(Debug)]
struct State<W> {
    is_open: bool,
    /// Work of each.
    waiting: BTreeMap<Author, VecDeque<Waiting<W>>>,
    count: usize,
    came: u64,
    /// What goes before all that anybody waits for.
    first: VecDeque<W>,
    debts: HashMap<Author, Debt>,
}

impl<W> State<W> {
    fn debt(&self, of: &Author, now: Timestamp) -> u64 {
        self.debts.get(of).map_or(0, |debt| debt.left(now))
    }

    /// What somebody took lately, and what is expected of all that they wait for.
    fn owed(&self, by: &Author, now: Timestamp) -> u64 {
        let waiting = self.waiting.get(by).into_iter().flatten();
        waiting.fold(self.debt(by, now), |sum, one| {
            sum.saturating_add(micros(one.cost.all))
        })
    }

    fn next(&mut self, now: Timestamp, room: &mut Room, turn: Duration) -> Option<W> {
        if let Some(work) = self.first.pop_front() {
            return Some(work);
        }
        let (.., who) = self
            .waiting
            .iter()
            .filter_map(|(who, line)| {
                let front = line.front()?;
                let owed = self.debt(who, now).saturating_add(micros(front.cost.all));
                Some((front.cost.is_costly(), owed, front.came, *who))
            })
            .min()?;
        let line = self.waiting.get_mut(&who)?;
        line.front().filter(|front| room.has(front.cost))?;
        let next = line.pop_front()?;
        room.take(next.cost, turn);
        if line.is_empty() {
            self.waiting.remove(&who);
        }
        self.count -= 1;
        Some(next.work)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// The line.
#[derive(Debug)]
pub(super) struct Line<W> {
    state: Mutex<State<W>>,
    came: Condvar,
    /// How long one piece of work is worked on while others wait.
    turn: Duration,
    /// The largest debt with which somebody may still ask for more.
    most: Duration,
}

impl<W> Line<W> {
    pub(super) fn new(turn: Duration, most: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                is_open: true,
                waiting: BTreeMap::new(),
                count: 0,
                came: 0,
                first: VecDeque::new(),
                debts: HashMap::new(),
            }),
            came: Condvar::new(),
            turn,
            most,
        }
    }

    /// Puts work in the line.
    ///
    /// # Errors
    /// [`WriteError::Busy`] when too much waits, [`WriteError::Stopped`].
    pub(super) fn join(&self, whose: Author, cost: Cost, work: W) -> Result<(), WriteError> {
        let mut state = self.state.lock();
        if !state.is_open {
            return Err(WriteError::Stopped);
        }
        let own = state.waiting.get(&whose).map_or(0, VecDeque::len);
        if state.count >= MAX_WAITING || own >= MAX_WAITING_OF_ONE {
            return Err(WriteError::Busy);
        }
        state.came += 1;
        state.count += 1;
        let came = state.came;
        state
            .waiting
            .entry(whose)
            .or_default()
            .push_back(Waiting { came, cost, work });
        self.came.notify_one();
        Ok(())
    }

    /// Puts work before all other.
    ///
    /// # Errors
    /// As [`Self::join`].
    pub(super) fn join_first(&self, work: W) -> Result<(), WriteError> {
        let mut state = self.state.lock();
        if !state.is_open {
            return Err(WriteError::Stopped);
        }
        if state.first.len() >= MAX_WAITING {
            return Err(WriteError::Busy);
        }
        state.first.push_back(work);
        self.came.notify_one();
        Ok(())
    }

    /// Puts work back of which a part is done, or none: it is its author's next.
    pub(super) fn go_on(&self, whose: Author, cost: Cost, work: W) {
        let mut state = self.state.lock();
        state.came += 1;
        state.count += 1;
        let came = state.came;
        state
            .waiting
            .entry(whose)
            .or_default()
            .push_front(Waiting { came, cost, work });
    }

    /// The next work of a batch, as soon as there is some; none when none comes in time.
    ///
    /// # Errors
    /// [`WriteError::Stopped`] once the line is closed and nothing waits any more.
    pub(super) fn next(
        &self,
        pause: Duration,
        now: Timestamp,
        room: &mut Room,
    ) -> Result<Option<W>, WriteError> {
        let until = Instant::now() + pause;
        let mut state = self.state.lock();
        loop {
            if let Some(work) = state.next(now, room, self.turn) {
                return Ok(Some(work));
            }
            if !state.is_open {
                return Err(WriteError::Stopped);
            }
            if self.came.wait_until(&mut state, until).timed_out() {
                return Ok(state.next(now, room, self.turn));
            }
        }
    }

    /// The next work of a batch, if there is some that it has room for.
    pub(super) fn try_next(&self, now: Timestamp, room: &mut Room) -> Option<W> {
        self.state.lock().next(now, room, self.turn)
    }

    /// How much work waits.
    pub(super) fn len(&self) -> usize {
        let state = self.state.lock();
        state.count + state.first.len()
    }

    /// Whether work of anybody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Notes what somebody's work took.
    pub(super) fn took(&self, whose: Author, time: Duration, now: Timestamp) {
        let mut state = self.state.lock();
        let micros = state.debt(&whose, now).saturating_add(micros(time));
        if state.debts.len() >= MAX_DEBTS {
            state.debts.retain(|_, debt| debt.left(now) > 0);
        }
        state.debts.insert(whose, Debt { micros, at: now });
    }

    /// Whether somebody may have more of the writer now, by what they took and what they wait for.
    ///
    /// # Errors
    /// [`WriteError::TooMuch`] with the time after which they may.
    pub(super) fn may_have_more(&self, whose: Author, now: Timestamp) -> Result<(), WriteError> {
        let owed = self.state.lock().owed(&whose, now);
        self.is_within(owed)
    }

    /// The same by what they took alone, for work that was begun.
    ///
    /// # Errors
    /// As [`Self::may_have_more`].
    pub(super) fn may_go_on(&self, whose: Author, now: Timestamp) -> Result<(), WriteError> {
        let debt = self.state.lock().debt(&whose, now);
        self.is_within(debt)
    }

    fn is_within(&self, owed: u64) -> Result<(), WriteError> {
        let over = owed.saturating_sub(micros(self.most));
        if over == 0 {
            return Ok(());
        }
        let seconds = over.saturating_mul(SHARE).div_ceil(1_000_000);
        Err(WriteError::TooMuch { seconds })
    }

    /// Lets nobody join any more.
    pub(super) fn close(&self) {
        self.state.lock().is_open = false;
        self.came.notify_all();
    }

    /// Drops what still waits, so that whoever waits for it is told.
    pub(super) fn clear(&self) {
        let mut state = self.state.lock();
        state.is_open = false;
        state.count = 0;
        state.waiting.clear();
        state.first.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridfold_sync_core::ids::{DeviceId, UserId};

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn who(n: u8) -> Author {
        Author {
            device: DeviceId::from_bytes([n; 16]),
            user: UserId::from_bytes([n; 16]),
        }
    }

    const TURN: Duration = Duration::from_millis(10);

    fn line() -> Line<&'static str> {
        Line::new(TURN, Duration::from_secs(2))
    }

    fn millis(n: u64) -> Cost {
        let time = Duration::from_millis(n);
        Cost {
            all: time,
            step: time,
        }
    }

    /// The next work of a batch that has just begun.
    fn next(line: &Line<&'static str>) -> Option<&'static str> {
        line.try_next(NOW, &mut Room::default())
    }

    #[test]
    fn what_is_expected_to_cost_little_goes_before_all_that_is_costly_and_new() {
        let line = line();
        for n in 1..=200 {
            line.join(who(n), millis(900), "costly").unwrap();
        }
        // Also of somebody who took something lately, as the costly did not yet.
        line.took(who(201), Duration::from_millis(1_500), NOW);
        line.join(who(201), millis(1), "honest").unwrap();
        assert_eq!(next(&line), Some("honest"));
        assert_eq!(next(&line), Some("costly"));
    }

    #[test]
    fn all_costly_work_together_holds_a_share_of_a_batch_and_one_of_it_always_goes_on() {
        let line = line();
        for n in 1..=100 {
            line.join(who(n), millis(60), "costly").unwrap();
        }
        let batch = || {
            let mut room = Room::default();
            std::iter::from_fn(|| line.try_next(NOW, &mut room)).collect::<Vec<_>>()
        };
        assert_eq!(batch(), ["costly"; 2]);
        line.join(who(101), millis(1), "honest").unwrap();
        line.join(who(102), millis(5_000), "costlier").unwrap();
        assert_eq!(batch(), ["honest", "costly", "costly"]);
        // Beside anything else it has every other batch.
        line.join(who(101), millis(1), "honest").unwrap();
        let mut room = Room::default();
        room.take(millis(60), TURN);
        room = room.after();
        assert_eq!(line.try_next(NOW, &mut room), Some("honest"));
        assert_eq!(line.try_next(NOW, &mut room), None);
        room = room.after();
        assert_eq!(line.try_next(NOW, &mut room), Some("costly"));
        assert_eq!(line.try_next(NOW, &mut room.after()), Some("costly"));
        while batch() == ["costly"; 2] {}
        assert!(line.is_empty(), "the costliest had its turn too");
        // What can be parted holds no more than its turn.
        let parted = Cost {
            all: Duration::from_secs(1),
            step: Duration::from_millis(1),
        };
        for n in 1..=100 {
            line.join(who(n), parted, "parted").unwrap();
        }
        assert_eq!(batch().len(), 10);
    }

    #[test]
    fn what_waits_counts_before_it_is_worked_on() {
        let line = line();
        line.may_have_more(who(1), NOW).unwrap();
        line.join(who(1), millis(1_500), "a").unwrap();
        line.may_have_more(who(1), NOW).unwrap();
        line.join(who(1), millis(1_500), "b").unwrap();
        let over = line.may_have_more(who(1), NOW);
        assert!(matches!(over, Err(WriteError::TooMuch { seconds: 10 })));
        // It took less than was expected.
        while next(&line).is_some() {
            line.took(who(1), Duration::from_millis(10), NOW);
        }
        line.may_have_more(who(1), NOW).unwrap();
    }

    #[test]
    fn whoever_took_least_is_next_however_many_took_more_and_came_before() {
        let line = line();
        for n in 1..=200 {
            line.took(who(n), Duration::from_millis(10), NOW);
            line.join(who(n), millis(1), "costly").unwrap();
            line.join(who(n), millis(1), "costly again").unwrap();
        }
        line.join(who(201), millis(1), "honest").unwrap();
        assert_eq!(next(&line), Some("honest"));
        assert_eq!(next(&line), Some("costly"));
    }

    #[test]
    fn work_of_equals_goes_as_it_came_and_each_one_s_own_in_order() {
        let line = line();
        line.join(who(2), millis(1), "a").unwrap();
        line.join(who(1), millis(1), "b").unwrap();
        line.join(who(2), millis(1), "c").unwrap();
        line.join_first("first").unwrap();
        assert_eq!(next(&line), Some("first"));
        assert_eq!(next(&line), Some("a"));
        line.go_on(who(2), millis(1), "rest of a");
        let rest: Vec<_> = std::iter::from_fn(|| next(&line)).collect();
        assert_eq!(rest, ["b", "rest of a", "c"]);
        assert!(line.is_empty());
    }

    #[test]
    fn a_debt_runs_out_and_past_the_most_it_is_told_how_long_to_wait() {
        let line = line();
        line.took(who(1), Duration::from_millis(2_500), NOW);
        let over = line.may_have_more(who(1), NOW);
        assert!(matches!(over, Err(WriteError::TooMuch { seconds: 5 })));
        line.may_have_more(who(2), NOW).unwrap();
        line.may_have_more(who(1), NOW.plus_millis(5_000)).unwrap();
        // A clock that goes back forgives nothing and adds nothing.
        let back = line.may_have_more(who(1), NOW.plus_millis(-60_000));
        assert!(matches!(back, Err(WriteError::TooMuch { seconds: 5 })));
    }

    #[test]
    fn one_author_cannot_fill_the_line_and_a_closed_one_takes_nothing() {
        let line = line();
        for _ in 0..MAX_WAITING_OF_ONE {
            line.join(who(1), millis(1), "x").unwrap();
        }
        assert!(matches!(
            line.join(who(1), millis(1), "x"),
            Err(WriteError::Busy)
        ));
        line.join(who(2), millis(1), "y").unwrap();
        line.close();
        assert!(matches!(
            line.join(who(3), millis(1), "z"),
            Err(WriteError::Stopped)
        ));
        assert!(
            line.next(Duration::ZERO, NOW, &mut Room::default())
                .unwrap()
                .is_some()
        );
        line.clear();
        assert!(matches!(
            line.next(Duration::ZERO, NOW, &mut Room::default()),
            Err(WriteError::Stopped)
        ));
    }
}
