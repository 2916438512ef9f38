//! The log of a data directory, as a node opens it: the one that was acknowledged, or none.
//!
//! What enters: the folder, and what `auth.db` notes and copies of the log. What leaves: a log that goes as far as was
//! noted. Where nothing but the directory ends too early, its end is put back from the copy, in which all that was
//! noted of it is; any other loss is for the operator to decide on.

use std::path::Path;
use std::sync::Arc;

use super::NodeError;
use crate::auth::{Auth, Noted};
use crate::config::Config;
use crate::data_dir::{engine, log_options};
use crate::directory::DIRECTORY_STREAM;
use crate::log::testing::{LogFaults, Testing};
use crate::log::{Log, LogOptions, OpenReport, StreamName};
use crate::put_back::{Wanted, from_copy, give_back};
use crate::trouble::StoreFaults;
use crate::witness::{WitnessError, acknowledged, compare};

/// A log that opened.
pub(super) struct Opened {
    pub(super) log: Arc<dyn Log>,
    pub(super) report: OpenReport,
    /// Changes of the directory that were missing at its end and were put back.
    pub(super) put_back: u64,
}

/// Opens the log of a data directory, and refuses one that is not what was acknowledged.
///
/// # Errors
/// When the log does not open, is gone, or is shorter than or another than what was noted.
pub(super) fn open_log(
    dir: &Path,
    config: &Config,
    auth: &Auth,
    faults: Option<StoreFaults>,
) -> Result<Opened, NodeError> {
    let noted = auth.log_notes.all()?;
    let options = LogOptions {
        testing: Testing {
            faults: faults.map(LogFaults),
            ..Testing::default()
        },
        may_create: noted.is_none() && auth.accounts.logins()?.is_empty(),
        acknowledged: acknowledged(noted.as_ref()),
        ..log_options(config)
    };
    let (log, report) = crate::log::open(dir, engine(config), &options)?;
    let mut put_back = 0;
    if let Some(noted) = &noted
        && !report.epoch_changed
        && let Err(error) = compare(log.as_ref(), noted)?
    {
        put_back = end_of_directory(log.as_ref(), noted, auth, &error)?;
        if put_back == 0 {
            return Err(error.into());
        }
        compare(log.as_ref(), noted)??;
        tracing::warn!(
            changes = put_back,
            "changes of the directory were missing at the log's end and were put back from their copy; check the disk"
        );
    }
    Ok(Opened {
        log,
        report,
        put_back,
    })
}

/// Puts back the directory's end when it is all that the log lacks. Returns how many changes that were: none when
/// anything else is missing, so that a start that is refused has changed nothing.
fn end_of_directory(
    log: &dyn Log,
    noted: &Noted,
    auth: &Auth,
    error: &WitnessError,
) -> Result<u64, NodeError> {
    let WitnessError::Shorter {
        streams: 1,
        stream,
        has,
        knew,
        ..
    } = error
    else {
        return Ok(0);
    };
    if stream != DIRECTORY_STREAM {
        return Ok(0);
    }
    let Ok(stream) = StreamName::new(DIRECTORY_STREAM) else {
        return Ok(0);
    };
    let places = (has + 1..=*knew).map(|seq| (seq, None)).collect();
    let mut wanted = Wanted::from([(stream, places)]);
    from_copy(&auth.directory_copy, &mut wanted)?;
    Ok(give_back(log, Some(noted), wanted)?)
}
