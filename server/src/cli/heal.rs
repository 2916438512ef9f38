//! `heal` and `accept-loss`.

use std::path::PathBuf;

use clap::Args;

use super::users::first_line;
use super::{Complaint, Context, Done, say, say_json, show};
use crate::auth::Password;

#[derive(Debug, Args)]
pub(super) struct Heal {
    /// A backup, or the data directory of a stopped standby; several are tried in turn.
    #[arg(long = "from", value_name = "FILE_OR_DIR")]
    from: Vec<PathBuf>,
    /// A file whose first line is the passphrase that the backup was sealed with, `-` for stdin.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// The report as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct AcceptLoss {
    /// Says that you mean it: what is missing stays missing unless phones bring it back.
    #[arg(long)]
    yes: bool,
}

impl Heal {
    pub(super) fn run(self, context: &Context) -> Done {
        let passphrase = self
            .passphrase_file
            .as_deref()
            .map(first_line)
            .transpose()?
            .map(|text| Password::new(text.as_str()));
        let bar = show::counter("items checked")?;
        let done = crate::heal::heal_sealed(
            &context.data,
            &context.config,
            &self.from,
            passphrase.as_ref(),
            &mut |items| bar.set_position(items),
        );
        bar.finish_and_clear();
        let healed = done?;
        let damaged = healed.found.damage.len() as u64;
        if self.json {
            say_json(&serde_json::json!({
                "whole": healed.is_whole(),
                "mended": healed.found.mended,
                "damaged": damaged,
                "missing": healed.missing,
                "healed": healed.healed,
                "left": healed.left.iter().map(|d| format!("{}: {}", d.name(), d.reason)).collect::<Vec<_>>(),
                "still_missing": healed.still_missing,
            }))?;
        } else {
            let count = |what: &str, n: u64| vec![what.to_owned(), n.to_string()];
            show::table(
                &["HEALED", ""],
                &[
                    count("places mended by the log itself", healed.found.mended),
                    count("damaged items", damaged),
                    count("items missing at ends", healed.missing),
                    count("items put back", healed.healed),
                    count("items still damaged", healed.left.len() as u64),
                    count("items still missing at ends", healed.still_missing),
                ],
            )?;
            for damage in &healed.left {
                say(&format!(
                    "still damaged: {}: {}",
                    damage.name(),
                    damage.reason
                ))?;
            }
        }
        if healed.is_whole() {
            return Ok(());
        }
        Err(Complaint::new(
            "not everything could be put back; offer another copy with --from, see docs/OPERATING.md",
        ))
    }
}

impl AcceptLoss {
    pub(super) fn run(self, context: &Context) -> Done {
        if !self.yes {
            return Err(Complaint::new(
                "this goes on without what is missing, for good unless phones bring it back. Nothing was changed. \
                 Try `gridfold heal --from` with a backup or a standby first; then say it again with --yes",
            ));
        }
        let lost = crate::heal::accept_loss(&context.data, &context.config)?;
        for (stream, items) in &lost.ends {
            say(&format!("{stream}: {items} items missing at its end"))?;
        }
        for change in &lost.changes {
            say(&format!("given up: {change}"))?;
        }
        if !lost.changes.is_empty() {
            say(
                "Before you start the server, look at `gridfold user list`, `grant list` and `device list` for each: what was ended may run again, \
                 and phones whose grants are gone are told to erase.",
            )?;
        }
        say(
            "The log has a new epoch. Phones notice at their next sync and bring back what they hold.",
        )
    }
}
