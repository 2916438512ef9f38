//! `import list` and `import undo`.

use clap::Args;
use gridfold_sync_core::directory::{Directory, Import};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{DeviceId, ImportId, UserId};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{Complaint, Done, NOT_ALL_TAKEN, an_admin, complain, find_user, say, say_json, show};
use crate::acts::undo_import::{Undone, undo_import};
use crate::auth::{Actor, DeviceAccess};
use crate::node::Node;

/// Things that stay which are named on a terminal; `--json` has all of them.
const SHOWN_LEFT: usize = 20;

#[derive(Debug, Args)]
pub(super) struct List {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Undo {
    /// The import's id, as `import list` has it.
    id: String,
    /// Only say what would happen.
    #[arg(long)]
    dry_run: bool,
    /// In whose name records are deleted: id, login or name. An administrator when left out.
    #[arg(long = "as", value_name = "USER")]
    user: Option<String>,
    /// What became of it as JSON.
    #[arg(long)]
    json: bool,
}

fn name(directory: &Directory, user: Option<UserId>) -> String {
    user.and_then(|id| directory.user(&id))
        .map_or_else(|| "operator".to_owned(), |user| user.name.clone())
}

fn as_json(directory: &Directory, import: &Import) -> Json {
    let counts = import.counts.unwrap_or_default();
    json!({
        "import_id": import.id.to_string(),
        "kind": import.kind.as_str(),
        "format": import.format,
        "at": import.at.to_rfc3339(),
        "by": name(directory, import.by),
        "ended": import.counts.is_some(),
        "rows": counts.rows,
        "added": counts.added,
        "changed": counts.changed,
        "refused": counts.refused,
        "areas_added": counts.areas_added,
        "undone_at": import.undone.map(|(_, at)| at.to_rfc3339()),
    })
}

impl List {
    pub(super) fn act(&self, node: &Node) -> Done {
        let directory = node.directory.current();
        let mut all: Vec<&Import> = directory.imports().collect();
        all.reverse();
        if self.json {
            let all: Vec<Json> = all.into_iter().map(|i| as_json(&directory, i)).collect();
            return say_json(&all);
        }
        let rows: Vec<Vec<String>> = all
            .into_iter()
            .map(|import| {
                let counts = import.counts.unwrap_or_default();
                let state = match (import.undone, import.counts) {
                    (Some((_, at)), _) => format!("taken back {}", at.to_rfc3339()),
                    (None, Some(_)) => String::new(),
                    (None, None) => "cut off".to_owned(),
                };
                vec![
                    import.id.to_string(),
                    import.at.to_rfc3339(),
                    name(&directory, import.by),
                    format!("{} ({})", import.kind.as_str(), import.format),
                    counts.added.to_string(),
                    counts.changed.to_string(),
                    counts.refused.to_string(),
                    state,
                ]
            })
            .collect();
        let head = [
            "ID", "WHEN", "BY", "WHAT", "ADDED", "CHANGED", "REFUSED", "",
        ];
        show::table(&head, &rows)
    }
}

impl Undo {
    pub(super) fn act(self, node: &Node) -> Done {
        let directory = node.directory.current();
        let unknown = || {
            Complaint::new(format!(
                "there is no import {}: see `gridfold import list`",
                self.id
            ))
        };
        let id = ImportId::parse(&self.id).map_err(|_| unknown())?;
        let import = directory.import(&id).ok_or_else(unknown)?;
        let user = match &self.user {
            Some(text) => find_user(node, text)?,
            None => an_admin(node, &directory)?,
        };
        let now = node.clock.now();
        // The console the deletions are made on, which the audit then knows; of no use afterwards.
        let needs_console = import.device.is_some() && !self.dry_run;
        let device = if needs_console {
            node.auth.devices.create_console(user.0, now.millis())?
        } else {
            Uuid::nil()
        };
        let author = Author {
            device: DeviceId(device),
            user,
        };
        let by = self.user.as_ref().map(|_| user);
        let undone = undo_import(node, import, (author, by, now), self.dry_run);
        if needs_console {
            let (state, now) = (DeviceAccess::Revoked, node.clock.now());
            node.auth
                .devices
                .set_state(device, state, Actor::SERVER, now.millis())?;
        }
        self.tell(&undone.map_err(complain)?)
    }

    fn tell(&self, undone: &Undone) -> Done {
        if self.json {
            let left = undone.left.iter().map(
                |left| json!({ "thing": left.thing, "id": left.id, "why": left.why.as_str() }),
            );
            say_json(&json!({
                "import_id": self.id, "dry_run": self.dry_run, "records": undone.records,
                "areas": undone.areas, "kinds": undone.kinds, "plans": undone.plans, "calendar": undone.calendar, "left": left.collect::<Vec<_>>(),
            }))?;
        } else {
            for left in undone.left.iter().take(SHOWN_LEFT) {
                say(&format!(
                    "stays: {} {}: {}",
                    left.thing,
                    left.id,
                    left.why.as_str()
                ))?;
            }
            if undone.left.len() > SHOWN_LEFT {
                say(&format!(
                    "stays: {} more; --json lists them",
                    undone.left.len() - SHOWN_LEFT
                ))?;
            }
            if self.dry_run {
                say("Dry run: nothing was changed. This would happen:")?;
            }
            let count = |what: &str, n: u64| vec![what.to_owned(), n.to_string()];
            show::table(
                &["TAKEN BACK", ""],
                &[
                    count("records deleted", undone.records),
                    count("areas retired or as before", undone.areas),
                    count("kinds retired or as before", undone.kinds),
                    count("plans laid down or as before", undone.plans),
                    count("calendars as before", u64::from(undone.calendar)),
                    count("stays as it is", undone.left.len() as u64),
                ],
            )?;
        }
        match undone.left.len() {
            0 => Ok(()),
            n => Err(Complaint::with_code(
                NOT_ALL_TAKEN,
                format!(
                    "{n} stay as they are: somebody changed them or put them to use since, or they were there before"
                ),
            )),
        }
    }
}
