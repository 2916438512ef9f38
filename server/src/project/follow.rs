//! Follow: the writer's views, and how they stay level with the log.
//!
//! What enters: what was just appended, and the log. What leaves: views that have all of it, or a
//! [`ViewsBehind`] for whoever wants to write meanwhile. What never happens here: a batch
//! that is decided on views that lack something, or a hole that is passed over in silence.
//!
//! A projection that fails loses nothing, since what it was to write stands in the log: the views
//! are then behind, and the writer catches up before it decides anything more. It tries again by
//! itself, later each time, and at once when somebody asks. Views that are damaged are made again
//! beside the old ones, which are read until the new ones take their place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::{RecordId, StreamId};

use crate::keys::RecordKeys;
use crate::log::{Log, LogError, StreamName};
use crate::notify::Notify;
use crate::project::catch_up::catch_up;
use crate::trouble::{StoreFaults, Trouble};
use crate::views::{
    Following, ProjectedEntry, VIEWS_DB_FILE_NAME, ViewsBehind, ViewsError, ViewsWriter,
    remove_views,
};

/// Wait before views that are behind are tried for the second time; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// Longest wait between two tries.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// How often the writer looks whether somebody asked while the views are behind.
const LOOK_BEHIND: Duration = Duration::from_millis(10);
/// How often the writer looks whether somebody found damage while nothing waits.
const LOOK_LEVEL: Duration = Duration::from_millis(500);
/// Name of the file in which views are made again.
const AGAIN_FILE_NAME: &str = "views.again.db";

/// What views are made from.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) log: &'a dyn Log,
    pub(crate) keys: &'a RecordKeys,
    pub(crate) directory: &'a Arc<Directory>,
}

/// That the views are behind.
#[derive(Debug)]
struct Late {
    trouble: Trouble,
    lacking: u64,
    wait: Duration,
    next: Instant,
    /// Streams that moved meanwhile, for whoever follows the views.
    moved: BTreeMap<StreamId, u64>,
}

/// The writer's views.
pub(crate) struct Follower {
    path: PathBuf,
    faults: Option<StoreFaults>,
    views: Option<ViewsWriter>,
    following: Following,
    late: Option<Late>,
    has_gaps: bool,
}

/// What opening the views did.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Opened {
    pub(crate) made_again: bool,
    pub(crate) caught_up: u64,
}

impl Follower {
    /// Opens the views of a data directory and has them catch up. Views that cannot be opened or
    /// written at the moment are behind, and are tried again later.
    ///
    /// # Errors
    /// When the log cannot be read, or a damaged file cannot be removed.
    pub(crate) fn open(
        dir: &Path,
        faults: Option<StoreFaults>,
        source: Source<'_>,
    ) -> Result<(Self, Opened), ViewsError> {
        let path = dir.join(VIEWS_DB_FILE_NAME);
        let mut follower = Self {
            path,
            faults,
            views: None,
            following: Following::default(),
            late: None,
            has_gaps: false,
        };
        let mut opened = Opened::default();
        // What a rebuild that was cut off left behind.
        let _ = remove_views(&follower.again());
        let first = follower.open_first(source, &mut opened);
        if let Err(error) = first {
            let Some(trouble) = error.trouble() else {
                return Err(error);
            };
            tracing::error!(%error, "the views are behind the log from the start");
            let lacking = follower.lacking(source);
            follower.fell_behind(trouble, lacking);
        }
        Ok((follower, opened))
    }

    fn open_first(&mut self, source: Source<'_>, opened: &mut Opened) -> Result<(), ViewsError> {
        let existed = self.path.exists();
        let fit = existed
            && match self.open_file() {
                Ok(views) => {
                    let fit = fits(&views, source.log);
                    self.views = Some(views);
                    match fit {
                        Err(error) if error.trouble() == Some(Trouble::Damaged) => false,
                        fit => fit?,
                    }
                }
                Err(error) if error.trouble() == Some(Trouble::Damaged) => false,
                Err(error) => return Err(error),
            };
        if fit {
            match self.catch_up(source, &mut || ()) {
                Ok(done) => {
                    opened.caught_up = done;
                    return Ok(());
                }
                Err(error) if is_unfit(&error) => {
                    tracing::error!(%error, "the views are made again from the log");
                }
                Err(error) => return Err(error),
            }
        }
        // Nobody reads yet: made in place.
        opened.made_again = true;
        self.views = None;
        remove_views(&self.path).map_err(|e| ViewsError::Open(e.to_string()))?;
        self.views = Some(self.open_file()?);
        opened.caught_up = self.catch_up(source, &mut || ())?;
        Ok(())
    }

    fn open_file(&self) -> Result<ViewsWriter, ViewsError> {
        ViewsWriter::open_with(&self.path, self.faults.clone())
    }

    fn again(&self) -> PathBuf {
        self.path.with_file_name(AGAIN_FILE_NAME)
    }

    fn catch_up(
        &mut self,
        source: Source<'_>,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<u64, ViewsError> {
        if self.views.is_none() {
            self.views = Some(self.open_file()?);
        }
        let Some(views) = self.views.as_mut() else {
            return Err(ViewsError::Damaged);
        };
        views.set_epoch(source.log.epoch())?;
        let done = catch_up(
            source.log,
            source.keys,
            views,
            source.directory,
            &mut |_| meanwhile(),
        )?;
        self.has_gaps = !views.gaps()?.is_empty();
        Ok(done)
    }

    /// Entries that the log has and the views have not, as far as they can be read.
    fn lacking(&self, source: Source<'_>) -> u64 {
        let streams = source.log.streams().unwrap_or_default();
        let lacks = |(name, head): &(StreamName, crate::log::Head)| {
            let text = String::from_utf8_lossy(name.as_bytes());
            StreamId::parse(&text)?;
            let views = self.views.as_ref();
            let cursor = views.and_then(|v| v.cursor(&text).ok()).map_or(0, |c| c.0);
            Some(head.seq.saturating_sub(cursor))
        };
        streams.iter().filter_map(lacks).sum()
    }

    /// For whoever reads the views.
    pub(crate) fn following(&self) -> &Following {
        &self.following
    }

    /// The views, when they are level with the log.
    pub(crate) fn views(&mut self) -> Option<&mut ViewsWriter> {
        self.views.as_mut().filter(|_| self.late.is_none())
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// How long the writer may sleep before it looks at the views again.
    pub(crate) fn pause(&self) -> Duration {
        if self.late.is_some() {
            LOOK_BEHIND
        } else {
            LOOK_LEVEL
        }
    }

    /// The views, level with the log: what a batch is decided on.
    ///
    /// # Errors
    /// [`ViewsBehind`] when they cannot be made level now.
    pub(crate) fn level(
        &mut self,
        source: Source<'_>,
        notify: &Notify,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<&mut ViewsWriter, ViewsBehind> {
        self.look(source.log);
        if let Some(late) = &self.late {
            // Views are made again no oftener than the waits allow: it is long work.
            if late.trouble != Trouble::Damaged || late.next <= Instant::now() {
                self.try_again(source, notify, meanwhile);
            }
        }
        match (&self.late, self.views.as_mut()) {
            (None, Some(views)) => Ok(views),
            (Some(late), _) => Err(ViewsBehind(late.trouble)),
            (None, None) => Err(ViewsBehind(Trouble::Other)),
        }
    }

    /// What is to be done for the views when nothing else is.
    pub(crate) fn tend(
        &mut self,
        source: Source<'_>,
        notify: &Notify,
        meanwhile: &mut dyn FnMut(),
    ) {
        self.look(source.log);
        let Some(late) = &self.late else { return };
        let asked = self.following.was_asked() && late.trouble != Trouble::Damaged;
        if asked || late.next <= Instant::now() {
            self.try_again(source, notify, meanwhile);
        }
    }

    /// Takes note of damage that a reader met, and of gaps that can be filled by now.
    fn look(&mut self, log: &dyn Log) {
        let found = self.following.was_found_damaged();
        let healed = self.has_gaps && self.late.is_none() && self.is_healed(log);
        if found || healed {
            self.fell_behind(Trouble::Damaged, 0);
        }
    }

    /// Whether the log gives an item again that was passed over.
    fn is_healed(&self, log: &dyn Log) -> bool {
        let damage = log.damage();
        let gaps = self.views.as_ref().and_then(|views| views.gaps().ok());
        gaps.unwrap_or_default().iter().any(|(stream, seq)| {
            !damage
                .iter()
                .any(|d| d.seq == *seq && d.stream.as_bytes() == stream.as_bytes())
        })
    }

    /// Projects what was just appended.
    ///
    /// # Errors
    /// When the views are behind now; nothing is lost by it.
    pub(crate) fn project(
        &mut self,
        projection: &[ProjectedEntry],
        write: impl FnOnce(&mut ViewsWriter) -> Result<(), ViewsError>,
    ) -> Result<(), ViewsError> {
        let done = match self.views.as_mut() {
            Some(views) => write(views),
            None => Err(ViewsError::Damaged),
        };
        if let Err(error) = &done {
            tracing::error!(%error, "the views are behind the log");
            // A hole is caught up with; only what is damaged is made again.
            let trouble = error.trouble().unwrap_or(Trouble::Other);
            self.fell_behind(trouble, projection.len() as u64);
            if let Some(late) = &mut self.late {
                for entry in projection {
                    let moved = late.moved.entry(entry.stream.clone()).or_default();
                    *moved = entry.seq.max(*moved);
                }
            }
        }
        done
    }

    /// Takes a record out of the views; what cannot be done now is done when they catch up.
    ///
    /// # Errors
    /// [`ViewsBehind`].
    pub(crate) fn erase(&mut self, record: RecordId) -> Result<(), ViewsBehind> {
        let done = match self.views.as_mut() {
            Some(views) => views.erase(record),
            None => Err(ViewsError::Damaged),
        };
        if let Err(error) = done {
            tracing::error!(%error, "an erased record is still in the views");
            let trouble = error.trouble().unwrap_or(Trouble::Other);
            self.fell_behind(trouble, 0);
            return Err(ViewsBehind(trouble));
        }
        Ok(())
    }

    /// A decision could not be made for a failure of the views.
    pub(crate) fn failed(&mut self, trouble: Trouble) {
        self.fell_behind(trouble, 0);
    }

    fn fell_behind(&mut self, trouble: Trouble, lacking: u64) {
        let late = self.late.get_or_insert_with(|| Late {
            trouble,
            lacking: 0,
            wait: FIRST_WAIT,
            next: Instant::now() + FIRST_WAIT,
            moved: BTreeMap::new(),
        });
        late.lacking += lacking;
        // Damage stays damage until the views are made again, whatever else fails meanwhile.
        if late.trouble != Trouble::Damaged {
            late.trouble = trouble;
        }
        self.following.fell_behind(late.lacking, late.trouble);
        if trouble != Trouble::Busy {
            // What a connection holds after a failure is not to be relied on.
            self.views = None;
        }
    }

    fn try_again(&mut self, source: Source<'_>, notify: &Notify, meanwhile: &mut dyn FnMut()) {
        let damaged = self
            .late
            .as_ref()
            .is_some_and(|late| late.trouble == Trouble::Damaged);
        let done = if damaged {
            self.make_again(source, meanwhile)
        } else {
            match self.catch_up(source, meanwhile) {
                Err(error) if is_unfit(&error) => {
                    tracing::error!(%error, "the views are made again from the log");
                    self.make_again(source, meanwhile)
                }
                done => done.map(|_| ()),
            }
        };
        match done {
            Ok(()) => {
                let late = self.late.take();
                self.following.is_level();
                tracing::info!("the views are level with the log again");
                for (stream, seq) in late.map(|late| late.moved).unwrap_or_default() {
                    notify.moved(stream, seq);
                }
            }
            Err(error) => {
                tracing::error!(%error, "the views could not catch up");
                self.fell_behind(error.trouble().unwrap_or(Trouble::Other), 0);
                if let Some(late) = &mut self.late {
                    late.next = Instant::now() + late.wait;
                    late.wait = (late.wait * 2).min(MAX_WAIT);
                }
            }
        }
    }

    /// Makes the views again beside the old ones and puts them in their place.
    fn make_again(
        &mut self,
        source: Source<'_>,
        meanwhile: &mut dyn FnMut(),
    ) -> Result<(), ViewsError> {
        let open = |e: std::io::Error| ViewsError::Open(e.to_string());
        let again = self.again();
        remove_views(&again).map_err(open)?;
        {
            let mut views = ViewsWriter::open_with(&again, self.faults.clone())?;
            views.set_epoch(source.log.epoch())?;
            catch_up(
                source.log,
                source.keys,
                &mut views,
                source.directory,
                &mut |_| meanwhile(),
            )?;
            views.close()?;
        }
        self.views = None;
        let path = self.path.clone();
        self.following
            .replace(|| {
                remove_views(&path)?;
                std::fs::rename(&again, &path)
            })
            .map_err(open)?;
        self.catch_up(source, meanwhile)?;
        Ok(())
    }
}

/// Whether views with this failure are to be made again instead of written to.
fn is_unfit(error: &ViewsError) -> bool {
    matches!(error, ViewsError::Gap { .. }) || error.trouble() == Some(Trouble::Damaged)
}

/// Whether the views were made from this log, are not ahead of it, and hide nothing of it.
fn fits(views: &ViewsWriter, log: &dyn Log) -> Result<bool, ViewsError> {
    if views.epoch()? != Some(log.epoch()) {
        return Ok(false);
    }
    for name in views.streams()? {
        let (seq, prefix) = views.cursor(&name)?;
        let Ok(stream) = StreamName::new(&name) else {
            return Ok(false);
        };
        match log.prefix_at(&stream, seq) {
            Ok(Some(at)) if at == prefix.0 => {}
            // A damaged item keeps its place: what was projected from it stands.
            Err(LogError::Damaged { .. }) => {}
            Ok(_) => return Ok(false),
            Err(e) => return Err(e.into()),
        }
    }
    let holes = views.holes()?;
    if !holes.is_empty() {
        tracing::error!(
            streams = holes.len(),
            "the views hide entries that the log has"
        );
        return Ok(false);
    }
    for (name, seq) in views.gaps()? {
        let Ok(stream) = StreamName::new(&name) else {
            return Ok(false);
        };
        // Healed since it was passed over.
        if matches!(log.get(&stream, seq), Ok(Some(_))) {
            return Ok(false);
        }
    }
    Ok(true)
}
