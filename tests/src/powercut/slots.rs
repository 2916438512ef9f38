//! Files as a browser's worker has them open, in memory, that can be cut off at any call: what a kill of
//! the browser or a loss of power then leaves is another set of them.
//!
//! What a browser permits: a flush of a file keeps what was done to that file before it, and nothing else
//! is kept for sure. A kill leaves what was done, and of the call it interrupted any beginning; all that was
//! not flushed stays so, and can still be lost to a loss of power later. A loss of power leaves of that any
//! set of calls, some torn at any 512 bytes, each file by itself. That the files themselves are found again
//! is the browser's own affair.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gridfold_client::{POOL_SLOTS, Slots};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::disk::{Change, Loss, apply, lose};

#[derive(Debug, Clone, Default)]
struct SlotFile {
    /// Kept for sure.
    durable: Vec<u8>,
    /// As it is read.
    now: Vec<u8>,
    /// What was done since, in order.
    pending: Vec<Change>,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<SlotFile>,
    calls: u64,
    /// The call to be cut off at, and what is lost.
    cut_at: Option<(u64, Loss)>,
    left: Option<SimSlots>,
    without_flush: bool,
}

/// A browser's open files. A clone is the same files.
#[derive(Debug, Clone, Default)]
pub struct SimSlots(Arc<Mutex<State>>);

impl SimSlots {
    /// Empty ones.
    #[must_use]
    pub fn new() -> Self {
        Self::of(vec![SlotFile::default(); POOL_SLOTS as usize])
    }

    fn of(files: Vec<SlotFile>) -> Self {
        Self(Arc::new(Mutex::new(State {
            files,
            ..State::default()
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on a flush keeps nothing, as in a program that leaves it out.
    pub fn leave_out_flushes(&self) {
        self.state().without_flush = true;
    }

    /// How often something was done to the files.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// Cuts off at the call that comes so many after the next one.
    pub fn cut_after(&self, calls: u64, loss: Loss) {
        let mut state = self.state();
        state.cut_at = Some((state.calls + calls, loss));
        state.left = None;
    }

    /// What was left when it was cut off; none when it did not come to that, and it will not any more.
    #[must_use]
    pub fn left(&self) -> Option<Self> {
        let mut state = self.state();
        state.cut_at = None;
        state.left.take()
    }

    /// Whether it came to the call to be cut off at.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.state().left.is_some()
    }

    /// What a cut between two calls leaves.
    #[must_use]
    pub fn cut_now(&self, loss: Loss) -> Self {
        cut(&self.state().files, None, loss)
    }

    /// The bytes of each file, as they are read.
    #[must_use]
    pub fn contents(&self) -> Vec<Vec<u8>> {
        self.state().files.iter().map(|f| f.now.clone()).collect()
    }

    /// One call: it is cut off, or it is done.
    fn change(&self, slot: u32, change: Option<&Change>) {
        let slot = slot as usize;
        let mut state = self.state();
        if let Some((at, loss)) = state.cut_at
            && state.calls >= at
        {
            state.left = Some(cut(&state.files, change.map(|c| (slot, c)), loss));
            state.cut_at = None;
        }
        state.calls += 1;
        let without_flush = state.without_flush;
        let file = &mut state.files[slot];
        match change {
            Some(change) => {
                apply(&mut file.now, change, |_| true);
                file.pending.push(change.clone());
            }
            None if without_flush => {}
            None => {
                for change in std::mem::take(&mut file.pending) {
                    apply(&mut file.durable, &change, |_| true);
                }
            }
        }
    }
}

/// What is left of files, one of them in the middle of a change.
fn cut(files: &[SlotFile], during: Option<(usize, &Change)>, loss: Loss) -> SimSlots {
    let mut files = files.to_vec();
    let seed = match loss {
        Loss::Random(seed) => seed,
        Loss::All | Loss::Nothing => files.iter().map(|f| f.pending.len() as u64).sum(),
    };
    let mut rng = StdRng::seed_from_u64(seed);
    if let Some((slot, change)) = during {
        let begun = beginning(change, &mut rng);
        let file = &mut files[slot];
        if let Some(begun) = begun {
            apply(&mut file.now, &begun, |_| true);
            file.pending.push(begun);
        }
    }
    if loss != Loss::Nothing {
        for file in &mut files {
            for change in std::mem::take(&mut file.pending) {
                lose(&mut file.durable, &change, loss, &mut rng);
            }
            file.now.clone_from(&file.durable);
        }
    }
    SimSlots::of(files)
}

/// What of a change is done when it is interrupted.
fn beginning(change: &Change, rng: &mut StdRng) -> Option<Change> {
    match change {
        Change::Write(at, bytes) => {
            let some = rng.random_range(0..=bytes.len());
            (some > 0).then(|| Change::Write(*at, bytes[..some].to_vec()))
        }
        Change::Truncate(_) => rng.random::<bool>().then(|| change.clone()),
    }
}

impl Slots for SimSlots {
    fn read_at(&self, slot: u32, at: u64, out: &mut [u8]) -> io::Result<usize> {
        let state = self.state();
        let bytes = &state.files[slot as usize].now;
        let from = bytes.len().min(usize::try_from(at).unwrap_or(usize::MAX));
        let n = out.len().min(bytes.len() - from);
        out[..n].copy_from_slice(&bytes[from..from + n]);
        Ok(n)
    }
    fn write_at(&self, slot: u32, at: u64, bytes: &[u8]) -> io::Result<usize> {
        self.change(slot, Some(&Change::Write(at, bytes.to_vec())));
        Ok(bytes.len())
    }
    fn set_len(&self, slot: u32, len: u64) -> io::Result<()> {
        self.change(slot, Some(&Change::Truncate(len)));
        Ok(())
    }
    fn flush(&self, slot: u32) -> io::Result<()> {
        self.change(slot, None);
        Ok(())
    }
    fn len(&self, slot: u32) -> io::Result<u64> {
        Ok(self.state().files[slot as usize].now.len() as u64)
    }
}
