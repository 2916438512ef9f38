//! A start: a log of segments is opened, one is made, or a log from before is taken over.

use std::path::Path;

use super::{
    log::SegmentLog,
    marker::{self, Found},
    migrate::take_over,
    open::{create, failed, load},
};
use crate::log::{Engine, LogOptions, error::LogError, types::OpenReport};

/// Opens a log of segments, makes one, or takes over a log from before.
pub(in crate::log) fn open(
    dir: &Path,
    engine: Engine,
    options: &LogOptions,
) -> Result<(SegmentLog, OpenReport), LogError> {
    let failed = failed(dir);
    let io = |e: std::io::Error| failed(e.to_string());
    let skip_fsync = options.testing.skip_fsync;
    let mut report = OpenReport::default();
    if !dir.exists() && !options.may_create {
        return Err(LogError::Gone {
            dir: dir.display().to_string(),
        });
    }
    std::fs::create_dir_all(dir).map_err(io)?;
    let log = match marker::find(dir, engine, skip_fsync).map_err(io)? {
        Found::Segments(log) => log,
        Found::OneStore(before) => {
            let log = take_over(dir, before, engine, options, &mut report)?;
            marker::write(dir, log, skip_fsync).map_err(io)?;
            log
        }
        Found::Nothing if options.may_create => {
            let epoch = getrandom::u64().map_err(|e| failed(format!("no randomness: {e}")))?;
            let log = create(dir, epoch, skip_fsync).map_err(io)?;
            marker::write(dir, log, skip_fsync).map_err(io)?;
            report.created = true;
            log
        }
        Found::Nothing => {
            return Err(LogError::Gone {
                dir: dir.display().to_string(),
            });
        }
    };
    let writer = load(dir, log, engine, options, &mut report)?;
    let log = SegmentLog::start(writer).map_err(|e| failed(format!("no thread: {e}")))?;
    Ok((log, report))
}
