//! `backup`, `restore` and `verify`.

use std::path::PathBuf;

use clap::Args;

use super::{Complaint, Context, Done, is_file_free, say, say_json, show};
use crate::node::{engine, log_options};

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// A file that does not exist yet.
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup.
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Replace the views by ones made again from the log.
    #[arg(long)]
    rebuild: bool,
    /// The report as JSON.
    #[arg(long)]
    json: bool,
}

impl Backup {
    pub(super) fn run(self, context: &Context) -> Done {
        is_file_free(&self.file)?;
        let node = context.open()?;
        let bar = show::counter("log items")?;
        let done = node.backup(&self.file, &mut |items| bar.set_position(items));
        bar.finish_and_clear();
        node.shutdown();
        let items = done?;
        say(&format!(
            "{}: {items} log items. It holds the keys: guard it like the server.",
            self.file.display()
        ))
    }
}

impl Restore {
    pub(super) fn run(self, context: &Context) -> Done {
        let bar = show::counter("log items")?;
        let (engine, options) = (engine(&context.config), log_options(&context.config));
        let done =
            crate::backup::restore(&self.file, &context.data, engine, &options, &mut |items| {
                bar.set_position(items)
            });
        bar.finish_and_clear();
        let items = done?;
        // Opening makes the views, and shows that all is there.
        context.open()?.shutdown();
        say(&format!(
            "{}: {items} log items restored. Phones will bring back what came after the backup.",
            context.data.display()
        ))
    }
}

impl Verify {
    pub(super) fn run(self, context: &Context) -> Done {
        let node = context.open()?;
        let bar = show::counter("items checked")?;
        let done = node.verify(self.rebuild, &mut |items| bar.set_position(items));
        bar.finish_and_clear();
        node.shutdown();
        let report = done?;
        let well = report.is_well();
        if self.json {
            say_json(&serde_json::json!({
                "well": well,
                "streams": report.log.streams,
                "items": report.log.items,
                "bytes": report.log.bytes,
                "entries": report.entries,
                "signatures": report.signatures,
                "problems": report.problems,
                "differences": report.differences,
                "rebuilt": report.rebuilt,
            }))?;
        } else {
            let count = |what: &str, n: u64| vec![what.to_owned(), n.to_string()];
            show::table(
                &["CHECKED", ""],
                &[
                    count("streams", report.log.streams),
                    count("log items", report.log.items),
                    count("entries in chains", report.entries),
                    count("signatures", report.signatures),
                ],
            )?;
            for problem in report.problems.iter().chain(&report.differences) {
                say(&format!("wrong: {problem}"))?;
            }
            if report.rebuilt {
                say("the views were made again")?;
            }
        }
        if well {
            if self.json {
                Ok(())
            } else {
                say("all is well")
            }
        } else {
            Err(Complaint::new(
                "not all is well, see above. What the log holds undamaged is safe; see docs/OPERATING.md",
            ))
        }
    }
}
