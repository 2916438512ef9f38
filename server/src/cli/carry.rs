//! `import bundle`.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use gridfold_sync_core::limits::MAX_CARRY_BYTES;
use gridfold_sync_core::notice::{Locale, text};
use serde_json::json;

use super::{Complaint, Done, complain, is_file_free, say, say_json};
use crate::auth::{Actor, AuditEvent, AuditScope};
use crate::node::Node;
use crate::problem::Problem;

#[derive(Debug, Args)]
pub(super) struct BundleArgs {
    /// The carry bundle that a phone exported for the server.
    file: PathBuf,
    /// A file that does not exist yet, for the receipt that goes back to the phone.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// What was done, as JSON.
    #[arg(long)]
    json: bool,
}

impl BundleArgs {
    pub(super) fn act(self, node: &Node) -> Done {
        if let Some(receipt) = &self.receipt {
            is_file_free(receipt)?;
        }
        let bytes = read(&self.file)?;
        let done = node.carry(&bytes).map_err(|e| complain(Problem::from(e)))?;
        node.auth.audit.record(&AuditEvent {
            at_ms: node.clock.now().millis(),
            who: Actor::SERVER,
            what: "bundle.import",
            scope: AuditScope::of("device", done.receipt.device.to_string()),
        })?;
        if let Some(path) = &self.receipt {
            let mut file = File::create_new(path)?;
            file.write_all(&done.receipt.encode())?;
            file.sync_all()?;
        }
        if self.json {
            let problems: Vec<_> = done
                .push
                .problems
                .iter()
                .map(|p| json!({ "stream": p.stream.name(), "code": p.problem.as_str() }))
                .collect();
            return say_json(&json!({
                "bundle_id": done.receipt.id.to_string(),
                "device_id": done.receipt.device.to_string(),
                "added": done.push.appended,
                "refused": done.push.refused,
                "problems": problems,
            }));
        }
        say(&format!(
            "Bundle {} of device {}: {} entries added, {} of them refused and kept with their reason.",
            done.receipt.id, done.receipt.device, done.push.appended, done.push.refused
        ))?;
        for problem in &done.push.problems {
            say(&format!(
                "not taken: {}: {}",
                problem.stream.name(),
                text(problem.problem.as_str(), Locale::En)
            ))?;
        }
        match &self.receipt {
            Some(path) => say(&format!(
                "The receipt is in {}: take it back to the phone.",
                path.display()
            )),
            None => say("Run it again with --receipt FILE for the receipt that goes back."),
        }
    }
}

fn read(path: &std::path::Path) -> Result<Vec<u8>, Complaint> {
    let complain = |e: std::io::Error| Complaint::new(format!("{}: {e}", path.display()));
    let bytes = std::fs::metadata(path).map_err(complain)?.len();
    if bytes > MAX_CARRY_BYTES as u64 {
        return Err(Complaint::new(
            text("carry_too_large", Locale::En).to_owned(),
        ));
    }
    std::fs::read(path).map_err(complain)
}
