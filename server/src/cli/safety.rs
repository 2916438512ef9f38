//! `backup`, `restore` and `verify`.

use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use super::users::first_line;
use super::{Complaint, Context, Done, is_file_free, say, say_json, show};
use crate::auth::Password;
use crate::backup::{BackedUp, LostItems};
use crate::config::{CONFIG_FILE_NAME, Config};
use crate::control;
use crate::data_dir::{engine, log_options};

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// A file that does not exist yet.
    file: PathBuf,
    /// A file whose first line is a passphrase to seal the backup with, `-` for stdin. Without it the backup holds the master key in clear.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Have the server that runs on the data directory make it, while it serves. It writes the file as its own user.
    #[arg(long)]
    running: bool,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The backup.
    file: PathBuf,
    /// A file whose first line is the passphrase it was sealed with, `-` for stdin.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// A ledger of erasures, besides the one beside the backup (FILE.erased) and that of the configuration. May be given more than once.
    #[arg(long, value_name = "FILE")]
    erasures: Vec<PathBuf>,
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

fn passphrase(file: Option<&Path>) -> Result<Option<Zeroizing<String>>, Complaint> {
    file.map(first_line).transpose()
}

/// Names what a backup lacks, and what is to be done about it.
fn say_lost(what: &str, lost: &[LostItems]) -> Done {
    for items in lost {
        say(&format!("{what}: {items}"))?;
    }
    if lost.is_empty() {
        return Ok(());
    }
    say(
        "WARNING: everything else is there. Put these back with `gridfold heal --from` an older backup or a standby.",
    )
}

impl Backup {
    pub(super) fn run(self, context: &Context) -> Done {
        is_file_free(&self.file)?;
        let passphrase = passphrase(self.passphrase_file.as_deref())?;
        let BackedUp { items, lost } = if self.running {
            self.ask(context, passphrase.as_ref().map(|text| text.as_str()))?
        } else {
            let sealing = passphrase.as_ref().map(|text| Password::new(text.as_str()));
            let node = context.open()?;
            let bar = show::counter("log items")?;
            let done = node.backup_sealed(&self.file, sealing.as_ref(), &mut |items| {
                bar.set_position(items);
            });
            bar.finish_and_clear();
            node.shutdown();
            done?
        };
        let file = self.file.display();
        say_lost("not in it, damaged in the log", &lost)?;
        if passphrase.is_some() {
            return say(&format!(
                "{file}: {items} log items, sealed. Keep the passphrase elsewhere: without it nobody can restore."
            ));
        }
        say(&format!(
            "{file}: {items} log items. It holds the keys: guard it like the server."
        ))?;
        say(
            "WARNING: master.key and every other key are in it in clear. Whoever gets this file reads everything. \
             Use --passphrase-file to seal the next one.",
        )
    }

    /// Has the server that runs make it.
    fn ask(&self, context: &Context, passphrase: Option<&str>) -> Result<BackedUp, Complaint> {
        let file = std::path::absolute(&self.file)?;
        let bar = show::counter("log items")?;
        let done = control::ask(&context.data, file, passphrase, &mut |items| {
            bar.set_position(items);
        });
        bar.finish_and_clear();
        match done {
            Ok(done) => done.map_err(Complaint::new),
            Err(error) => Err(Complaint::new(format!(
                "no server that runs on {} was reached ({error}). No backup was made: when none runs, leave --running out",
                context.data.display()
            ))),
        }
    }
}

impl Restore {
    pub(super) fn run(self, context: &Context) -> Done {
        let passphrase =
            passphrase(self.passphrase_file.as_deref())?.map(|text| Password::new(text.as_str()));
        let contents = crate::backup::look(&self.file, passphrase.as_ref())?;
        // The configuration that the server had, unless there is one already.
        let config = match contents.config {
            Some(text)
                if !context.config_is_named && !context.data.join(CONFIG_FILE_NAME).exists() =>
            {
                Config::parse(&text, std::env::vars())?
            }
            _ => context.config.clone(),
        };
        let context = Context {
            data: context.data.clone(),
            config,
            config_is_named: context.config_is_named,
        };
        let bar = show::counter("log items")?;
        let (engine, options) = (engine(&context.config), log_options(&context.config));
        let mut ledgers = self.erasures;
        ledgers.extend(context.config.backup.erasures.clone());
        let done = crate::backup::make(
            &self.file,
            passphrase.as_ref(),
            &ledgers,
            &context.data,
            engine,
            &options,
            &mut |items| bar.set_position(items),
        );
        bar.finish_and_clear();
        let restored = done?;
        say_lost(
            "not in the backup, damaged when it was made",
            &contents.log.lost,
        )?;
        let items = restored.items;
        // Opening makes the views, shows that all is there, and erases again what was erased since.
        let node = context.open()?;
        let again = node.report.erased_again.clone();
        node.shutdown();
        for record in &again {
            say(&format!("erased again: {record}"))?;
        }
        match (restored.ledgers, again.len()) {
            (0, _) => say(
                "No ledger of erasures was found beside the backup. What was erased after it is there again until phones bring the news, or you restore anew with --erasures FILE.",
            )?,
            (_, n) => say(&format!(
                "{n} records that were erased after the backup were erased again."
            ))?,
        }
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
                "lost_bytes": report.log.lost_bytes,
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
            if report.log.lost_bytes > 0 {
                say(&format!(
                    "{} bytes of the log's files cannot be read any more: check the disk",
                    report.log.lost_bytes
                ))?;
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
