//! Verify: walks every chain of the log and compares the views with views made again from it.

use std::collections::HashMap;
use std::path::Path;

use gridfold_sync_core::entry::{head_statement, next_link, next_prefix};
use gridfold_sync_core::ids::{Hash, IncarnationId, StreamId};

use crate::auth::AUTH_DB_FILE_NAME;
use crate::items::{FactIndex, StoredItem};
use crate::keys::KEYS_DB_FILE_NAME;
use crate::log::{LogError, VerifyReport};
use crate::node::{Node, NodeError, device_key};
use crate::project::catch_up;
use crate::views::{
    VIEWS_DB_FILE_NAME, ViewsError, ViewsWriter, damaged_pages, open_to_compare, remove_views,
};

const READ_ITEMS: usize = 1_000;
const READ_BYTES: usize = 8 << 20;

/// What verification found.
#[derive(Debug, Default)]
pub struct Verified {
    /// The log's own walk: checksums, density, prefix chains.
    pub log: VerifyReport,
    /// Entries whose device-log chain was walked.
    pub entries: u64,
    /// Signatures checked.
    pub signatures: u64,
    /// What is wrong, by name.
    pub problems: Vec<String>,
    /// Rows of the views that differ from those made again, at most [`MAX_DIFFERENCES`] named.
    pub differences: Vec<String>,
    /// Whether the views were replaced by those made again.
    pub rebuilt: bool,
}

/// Most differing rows named in a report.
pub const MAX_DIFFERENCES: usize = 20;

impl Verified {
    /// True only when everything is well.
    #[must_use]
    pub fn is_well(&self) -> bool {
        // What cannot be made out of the files is named by the items that it held; once these were put back, nothing is
        // missed any more.
        let is_whole = self.log.damage.is_empty() && self.log.digests_wrong.is_empty();
        is_whole && self.problems.is_empty() && self.differences.is_empty()
    }
}

/// What two views that were made from the same log must agree in, whatever their row ids.
const COMPARED: [(&str, &str); 5] = [
    (
        "entries",
        "SELECT s.name, e.seq, hex(i.incarnation), e.log_seq, hex(r.record), hex(e.device), hex(e.user), e.claimed,
         e.received, e.verdict, hex(e.hash) FROM entries e JOIN streams s ON s.id = e.stream
         JOIN incarnations i ON i.id = e.incarnation LEFT JOIN records r ON r.id = e.record
         ORDER BY s.name, e.seq",
    ),
    (
        "records",
        "SELECT hex(record), grid, form, live, form_version, status, deleted, conflicts, title, title_class, title_key,
         hex(household), household_class, lat, lon, place_class, cell, missing, late, captured, changed, received,
         first_received, work, due, due_received, doer, happened, closed, means, visited, visited_class, captured_general, changed_general, received_general,
         first_received_general, late_general, conflicts_general, missing_general, main_class, happened_class, receipt
         FROM records WHERE live = 1
         ORDER BY record",
    ),
    (
        "tally",
        "SELECT grid, form, n FROM tally WHERE n <> 0 ORDER BY grid, form",
    ),
    (
        "places",
        "SELECT tile, grid, form, class, n, lat, lon FROM places WHERE n <> 0 ORDER BY tile, grid, form, class",
    ),
    (
        "parts",
        "SELECT hex(r.record), p.class, hex(p.state) FROM parts p JOIN records r ON r.id = p.record
         ORDER BY r.record, p.class",
    ),
];

/// Name of the file in which views are made to be compared.
const REBUILD_FILE_NAME: &str = "views.rebuild.db";

impl Node {
    /// Walks everything. With `rebuild` the views are replaced by those made again. No other
    /// process may use the data directory, and this node must not be used afterwards when the
    /// views were replaced: open it again.
    ///
    /// # Errors
    /// When log, keys or views cannot be read at all; what is merely wrong is in the report.
    pub fn verify(
        &self,
        rebuild: bool,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Verified, NodeError> {
        let mut report = Verified {
            log: self.log.verify(progress)?,
            ..Verified::default()
        };
        for damage in &report.log.damage {
            report
                .problems
                .push(format!("{}: {}", damage.name(), damage.reason));
        }
        for stream in &report.log.digests_wrong {
            report
                .problems
                .push(format!("{stream}: its end is not the one that is served"));
        }
        let lacking = self.directory.lacking();
        report
            .problems
            .extend(lacking.iter().map(ToString::to_string));
        self.verify_chains(&mut report, progress)?;
        for (file, damage) in [
            (KEYS_DB_FILE_NAME, self.keys.damage()),
            (AUTH_DB_FILE_NAME, &self.auth.damage),
        ] {
            for found in damage {
                report.problems.push(format!("{file}: {found}"));
            }
        }
        if let Err(error) = self.auth.audit.verify(None) {
            report.problems.push(format!("audit: {error}"));
        }
        self.shutdown();
        let live = self.dir.join(VIEWS_DB_FILE_NAME);
        let again = self.dir.join(REBUILD_FILE_NAME);
        let io = |source| NodeError::Io {
            path: again.clone(),
            source,
        };
        remove_views(&again).map_err(io)?;
        if let Err(error) = self.make_views_at(&again, progress) {
            // On a full disk what was begun would keep the server from starting.
            let _ = remove_views(&again);
            return Err(error);
        }
        report.differences = match compare(&live, &again) {
            Ok(differences) => differences,
            Err(error) => vec![format!("the views: {error}")],
        };
        match damaged_pages(&live) {
            Ok(0) => {}
            Ok(n) => report
                .differences
                .push(format!("{n} pages of the views are damaged")),
            Err(error) => report.differences.push(format!("the views: {error}")),
        }
        if rebuild {
            remove_views(&live).map_err(io)?;
            std::fs::rename(&again, &live).map_err(io)?;
            report.rebuilt = true;
        }
        remove_views(&again).map_err(io)?;
        Ok(report)
    }

    /// Views from the whole log, in a file of their own.
    fn make_views_at(&self, path: &Path, progress: &mut dyn FnMut(u64)) -> Result<(), NodeError> {
        let mut views = ViewsWriter::open(path)?;
        views.set_epoch(self.log.epoch())?;
        catch_up(
            self.log.as_ref(),
            &self.keys,
            &mut views,
            &self.directory.current(),
            progress,
        )?;
        views.close()?;
        Ok(())
    }

    /// Device-log chains, prefix chains and signatures of every stream.
    fn verify_chains(
        &self,
        report: &mut Verified,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), NodeError> {
        let directory = self.directory.current();
        let server = self.server_public_key();
        for (name, head) in self.log.streams()? {
            let Some(stream) = StreamId::parse(&String::from_utf8_lossy(name.as_bytes())) else {
                continue;
            };
            let mut links: HashMap<IncarnationId, (u64, Hash)> = HashMap::new();
            let (mut after, mut prefix) = (0, Hash::default());
            while after < head.seq {
                let items = match self.log.read(&name, after, READ_ITEMS, READ_BYTES) {
                    Ok(items) if !items.is_empty() => items,
                    Ok(_) => break,
                    // Named in the log's own report.
                    Err(LogError::Damaged { .. }) => break,
                    Err(e) => return Err(e.into()),
                };
                for item in items {
                    after = item.seq;
                    let at = format!("{}#{}", stream.name(), item.seq);
                    let Ok(stored) = StoredItem::decode(&item.bytes) else {
                        report
                            .problems
                            .push(format!("{at}: the item does not decode"));
                        continue;
                    };
                    report.entries += 1;
                    prefix = next_prefix(&prefix, &stored.item_hash());
                    if prefix.0 != item.prefix {
                        report
                            .problems
                            .push(format!("{at}: the prefix chain is broken"));
                        prefix = Hash(item.prefix);
                    }
                    let (seq, link) = links.entry(stored.id.incarnation).or_default();
                    if stored.id.seq != *seq + 1 {
                        report
                            .problems
                            .push(format!("{at}: the device log has a hole before it"));
                    }
                    *seq = stored.id.seq;
                    *link = next_link(link, &stored.entry_hash);
                    let known = FactIndex(self.log.as_ref()).entry(&stream, &stored.id)?;
                    let is_known = known.is_some_and(|known| {
                        known.place == item.seq
                            && known.fact.hash == stored.entry_hash
                            && known.fact.record == stored.record
                            && known.fact.admitted == stored.verdict.is_admitted()
                    });
                    if !is_known {
                        report
                            .problems
                            .push(format!("{at}: the index does not know the entry"));
                    }
                    let entry = stored.entry(&self.keys)?;
                    let named = entry
                        .as_ref()
                        .is_none_or(|e| e.hash(&stream) == stored.entry_hash);
                    if !named {
                        report
                            .problems
                            .push(format!("{at}: the header is not the one its hash names"));
                    }
                    let gone = entry.as_ref().is_some_and(|e| e.ops.is_none());
                    if gone
                        && stored.sealed.is_some()
                        && !stored.record.is_some_and(|r| directory.is_erased(&r))
                    {
                        report.problems.push(format!(
                            "{at}: the payload does not open or is not the header's"
                        ));
                    }
                    if let Some(signature) = &stored.signature {
                        report.signatures += 1;
                        let statement = head_statement(&stream, stored.id.incarnation, *seq, link);
                        let key = device_key(&directory, stored.author.device);
                        let good = server.verify(&statement, signature)
                            || key.is_some_and(|key| key.verify(&statement, signature));
                        if !good {
                            report
                                .problems
                                .push(format!("{at}: the signature does not verify"));
                        }
                    }
                }
                progress(report.entries);
            }
            for (incarnation, (seq, link)) in links {
                // What damage in the log leaves unknown is named there.
                if !report.log.damage.is_empty() {
                    break;
                }
                let known = FactIndex(self.log.as_ref()).log_head(&stream, incarnation)?;
                if (known.seq, known.link) != (seq, link) {
                    report.problems.push(format!(
                        "{}: the index has another head of device log {incarnation}",
                        stream.name()
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Names the rows in which two views differ.
fn compare(live: &Path, again: &Path) -> Result<Vec<String>, ViewsError> {
    let (live, again) = (open_to_compare(live)?, open_to_compare(again)?);
    let mut differences = Vec::new();
    for (table, sql) in COMPARED {
        let (mut a, mut b) = (live.prepare(sql)?, again.prepare(sql)?);
        let columns = a.column_count();
        let (mut a, mut b) = (a.query([])?, b.query([])?);
        let mut n = 0u64;
        loop {
            n += 1;
            let left = row(a.next()?, columns)?;
            let right = row(b.next()?, columns)?;
            if left.is_none() && right.is_none() {
                break;
            }
            if left != right {
                differences.push(format!("{table}, row {n}"));
                if differences.len() >= MAX_DIFFERENCES {
                    return Ok(differences);
                }
                if left.is_none() || right.is_none() {
                    break;
                }
            }
        }
    }
    Ok(differences)
}

fn row(
    row: Option<&rusqlite::Row<'_>>,
    columns: usize,
) -> Result<Option<Vec<rusqlite::types::Value>>, ViewsError> {
    let Some(row) = row else { return Ok(None) };
    (0..columns)
        .map(|i| row.get(i).map_err(ViewsError::from))
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}
