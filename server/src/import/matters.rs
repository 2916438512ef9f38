//! Matters from a 311 file: each row a record of the form `matter`, closed ones taken along their lifecycle.
//!
//! A record has the id that its source key and its time of creation give it, so the same row is the same record whenever it comes.
//! Its grid is the one it was first imported into: a later row with another postcode changes what the place says, not where the record lives.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read;
use std::sync::Arc;

use gridfold_sync_core::directory::{Area, DirectoryChange, ImportKind};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{AreaCode, FieldKey, FormCode, NameError, RecordId};
use gridfold_sync_core::lifecycle::Transition;
use gridfold_sync_core::schema::{FieldMeaning, Form, Role};
use gridfold_sync_core::view::{Cell, PartState};

use super::act::{Act, format_of};
use super::areas::area_changes;
use super::matter_row::{COLUMNS, REQUIRED_COLUMNS};
use super::{
    Delimited, ImportError, MatterRow, Progress, Report, RowClock, RowReason, SOURCE, matter_id,
    read_matter_row,
};
use crate::acts::areas::Misfit;
use crate::admit::{Base, ConsoleEdit, Parts, Wish};
use crate::node::Node;
use crate::views::{ReadScope, RecordFilter, StoredRecord};

/// Rows written in one go.
const ROWS_PER_WRITE: usize = 500;
const MATTER: &str = "matter";

/// How to import.
#[derive(Debug, Clone)]
pub struct MatterOptions {
    /// Who imports.
    pub author: Author,
    /// The time zone of times without one.
    pub clock: RowClock,
    /// Whether only to look.
    pub dry_run: bool,
}

struct Waiting {
    line: u64,
    record: RecordId,
    row: MatterRow,
    warnings: Vec<String>,
}

struct Importer<'a> {
    node: &'a Node,
    options: &'a MatterOptions,
    form: Arc<Form>,
    report: Report,
    /// Rows seen: record, line, hash of the content.
    seen: HashMap<RecordId, (u64, u64)>,
    /// Imported before: hash of the source key, record.
    known: HashMap<u64, RecordId>,
    new_areas: BTreeSet<AreaCode>,
    act: Act,
    /// The last line whose row is safe.
    safe: u64,
}

/// Imports matters.
///
/// # Errors
/// When the file cannot be read any further or the node fails; what was imported stays, and the file can be imported again.
pub fn import_matters(
    node: &Node,
    file: impl Read,
    options: &MatterOptions,
    progress: Progress<'_>,
) -> Result<Report, ImportError> {
    let (format, file) = format_of(file)?;
    let mut table = Delimited::open(file, &COLUMNS, REQUIRED_COLUMNS)?;
    let code = FormCode::new(MATTER).map_err(|e| fail(0, &e))?;
    let form = node.directory.current().forms().latest(&code).cloned();
    let form = form.ok_or_else(|| fail(0, &"there is no form `matter`"))?;
    let mut importer = Importer {
        node,
        options,
        known: known(node, &code)?,
        form,
        report: Report {
            dry_run: options.dry_run,
            ..Report::default()
        },
        seen: HashMap::new(),
        new_areas: BTreeSet::new(),
        act: Act::new(
            node,
            ImportKind::Matters,
            format,
            Some(options.author.user),
            Some(options.author.device),
        )?,
        safe: 0,
    };
    let mut waiting = Vec::with_capacity(ROWS_PER_WRITE);
    while let Some(raw) = table.next_row()? {
        importer.report.rows += 1;
        match read_matter_row(&raw, &options.clock) {
            Err(reason) => importer.report.refuse(raw.line, reason),
            Ok((row, warnings)) => {
                if let Some(record) = importer.meet(raw.line, &row) {
                    waiting.push(Waiting {
                        line: raw.line,
                        record,
                        row,
                        warnings,
                    });
                }
            }
        }
        if waiting.len() >= ROWS_PER_WRITE {
            importer.write(std::mem::take(&mut waiting))?;
            progress(table.bytes_read());
        }
    }
    importer.write(waiting)?;
    progress(table.bytes_read());
    importer.report.areas_added = importer.new_areas.len() as u64;
    importer.report.refusals.sort_by_key(|note| note.line);
    let ended = importer.act.end(&mut importer.report);
    importer.note(ended)?;
    Ok(importer.report)
}

fn fail(line: u64, reason: &dyn std::fmt::Display) -> ImportError {
    ImportError::Node {
        line,
        reason: reason.to_string(),
    }
}

fn key_hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// The matters that were imported before, by their source key, so that a row whose time of creation was corrected is still the same record.
fn known(node: &Node, form: &FormCode) -> Result<HashMap<u64, RecordId>, ImportError> {
    let mut filter = RecordFilter::of(ReadScope::all());
    filter.forms = vec![form.clone()];
    filter.include_deleted = true;
    let mut found = HashMap::new();
    node.views
        .for_each_record(&filter, |record| {
            let general = record.parts.first().map(|(_, part)| part);
            if text(general, "source") == Some(SOURCE)
                && let Some(key) = text(general, "external_id")
            {
                found.insert(key_hash(key), record.row.record);
            }
            true
        })
        .map_err(|e| fail(0, &e))?;
    Ok(found)
}

fn text<'a>(part: Option<&'a PartState>, field: &str) -> Option<&'a str> {
    match part?.value(field)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

impl Importer<'_> {
    /// The record of a row, unless an earlier row of the file has it.
    fn meet(&mut self, line: u64, row: &MatterRow) -> Option<RecordId> {
        let derived = matter_id(&row.key, row.created);
        let record = *self.known.entry(key_hash(&row.key)).or_insert(derived);
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        let content = hasher.finish();
        match self.seen.get(&record) {
            Some((_, was)) if *was == content => {
                self.report.duplicates += 1;
                None
            }
            Some((first, _)) => {
                let (key, first) = ("unique_key".to_owned(), *first);
                self.report
                    .refuse(line, RowReason::Twice { key, line: first });
                None
            }
            None => {
                self.seen.insert(record, (line, content));
                Some(record)
            }
        }
    }

    fn write(&mut self, waiting: Vec<Waiting>) -> Result<(), ImportError> {
        let mut areas: BTreeMap<AreaCode, Area> = BTreeMap::new();
        let directory = self.node.directory.current();
        let mut edits = Vec::new();
        let mut changed = Vec::new();
        let last = waiting.last().map(|w| w.line);
        for item in waiting {
            let stored = self
                .node
                .views
                .record(&item.record, &ReadScope::all())
                .map_err(|e| fail(self.safe, &e))?;
            let place = match item.row.place() {
                Ok(place) => place,
                Err(reason) => {
                    self.report.refuse(item.line, reason);
                    continue;
                }
            };
            let grid = match &stored {
                Some(stored) => stored.row.grid.clone(),
                None if directory.retired_around(&place.grid).is_some() => {
                    self.report.refuse(item.line, Misfit::Retired(place.grid));
                    continue;
                }
                None => {
                    for area in place.areas {
                        if directory.area(&area.code).is_none() {
                            areas.insert(area.code.clone(), area);
                        }
                    }
                    place.grid
                }
            };
            for warning in &item.warnings {
                self.report.warn(item.line, warning.as_str());
            }
            let (line, new) = (item.line, stored.is_none());
            let two = self
                .edits(item, grid, stored.as_ref())
                .map_err(|e| fail(self.safe, &e))?;
            if two.is_empty() {
                self.report.unchanged += 1;
            } else {
                changed.push((line, two.len(), new));
                edits.extend(two);
            }
        }
        self.new_areas.extend(areas.keys().cloned());
        if self.options.dry_run {
            for (_, _, new) in changed {
                self.count(new);
            }
        } else {
            let changes = area_changes(self.node, areas.into_values().collect());
            if !changes.is_empty() {
                let changes = self.act.with(changes);
                self.note(changes)?;
            }
            self.commit(edits, &changed)?;
        }
        self.safe = last.unwrap_or(self.safe);
        Ok(())
    }

    /// Has the directory say something of the import.
    fn note(&self, changes: impl IntoIterator<Item = DirectoryChange>) -> Result<(), ImportError> {
        let changes = changes.into_iter().collect();
        let done = self.node.directory.change(changes);
        done.map(|_| ()).map_err(|e| fail(self.safe, &e))
    }

    fn count(&mut self, new: bool) {
        if new {
            self.report.added += 1;
        } else {
            self.report.changed += 1;
        }
    }

    fn commit(
        &mut self,
        edits: Vec<ConsoleEdit>,
        changed: &[(u64, usize, bool)],
    ) -> Result<(), ImportError> {
        if edits.is_empty() {
            return Ok(());
        }
        // Before the first of them, so that what a crash cut off can be taken back as well.
        let begun = self.act.begin();
        self.note(begun)?;
        let outcomes = self
            .node
            .writer
            .edit(self.options.author, edits)
            .map_err(|e| fail(self.safe, &e))?;
        let mut outcomes = outcomes.iter();
        for (line, edits, new) in changed {
            let refusal = outcomes
                .by_ref()
                .take(*edits)
                .fold(None, |found, o| found.or_else(|| o.failure()));
            match refusal {
                None => self.count(*new),
                Some(code) => self
                    .report
                    .refuse(*line, format!("refused: {}", code.as_str())),
            }
        }
        Ok(())
    }

    /// What a row changes: an edit of the time it was reported, and one of the time it was closed.
    ///
    /// Whether there is any is looked up here; what it is, the writer reckons on the record as it is by then.
    fn edits(
        &self,
        item: Waiting,
        grid: AreaCode,
        stored: Option<&StoredRecord>,
    ) -> Result<Vec<ConsoleEdit>, NameError> {
        let none: &Parts = &[];
        let parts = stored.map_or(none, |s| &s.parts);
        let row = Arc::new(item.row);
        let edit = |reckon: Reckon, claimed| ConsoleEdit {
            record: item.record,
            grid: grid.clone(),
            form: self.form.code.clone(),
            base: Base::Newest(None),
            wish: {
                let row = Arc::clone(&row);
                Wish::reckoned(move |form, parts| Ok(reckon(&row, form, parts)?))
            },
            claimed,
        };
        let now = self.node.clock.now();
        let mut edits = Vec::new();
        if !reported(&row, &self.form, parts)?.is_empty() {
            let claimed = if stored.is_none() { row.created } else { now };
            edits.push(edit(reported, claimed));
        }
        if !closed(&row, &self.form, parts)?.is_empty() {
            edits.push(edit(closed, row.closed.unwrap_or(now)));
        }
        Ok(edits)
    }
}

type Reckon = fn(&MatterRow, &Form, &Parts) -> Result<Vec<Op>, NameError>;

fn main_part<'a>(form: &Form, parts: &'a Parts) -> Option<&'a PartState> {
    let main = parts.iter().find(|(class, _)| *class == form.class);
    main.map(|(_, part)| part)
}

/// What a row says of a matter as it was reported.
fn reported(row: &MatterRow, form: &Form, parts: &Parts) -> Result<Vec<Op>, NameError> {
    let part = main_part(form, parts);
    let text = |text: &str| (!text.is_empty()).then(|| Value::Text(text.to_owned()));
    let location = row
        .location
        .map(|(lat_e7, lon_e7)| Value::Geopoint { lat_e7, lon_e7 });
    // Columns that the file alone knows have names of their own.
    let named = [
        ("kind", text(&row.kind)),
        ("place", text(&row.place)),
        ("source", text(SOURCE)),
        ("external_id", text(&row.key)),
    ];
    let said = [
        (FieldMeaning::Accountable, text(&row.department)),
        (FieldMeaning::Place, location),
        (FieldMeaning::Happened, Some(Value::DateTime(row.created))),
    ];
    let mut wanted = vec![(form.title.clone(), text(&row.summary))];
    for (name, value) in named {
        wanted.push((Some(FieldKey::new(name)?), value));
    }
    wanted.extend(said.map(|(meaning, value)| (key_for(form, meaning), value)));
    let mut ops = Vec::new();
    for (field, value) in wanted {
        set(part, field, value, &mut ops);
    }
    Ok(ops)
}

/// What a row says of how a matter was closed.
fn closed(row: &MatterRow, form: &Form, parts: &Parts) -> Result<Vec<Op>, NameError> {
    let part = main_part(form, parts);
    let mut ops = Vec::new();
    let at = row.closed.map(Value::DateTime);
    set(part, key_for(form, FieldMeaning::Closed), at, &mut ops);
    if row.closed.is_some() {
        close(form, part, &mut ops);
    }
    Ok(ops)
}

/// The steps from the record's status to one that closes it, if the form's lifecycle has them for the importer.
fn close(form: &Form, part: Option<&PartState>, ops: &mut Vec<Op>) {
    let Some(lifecycle) = &form.lifecycle else {
        return;
    };
    let status = match part {
        Some(part) => lifecycle.fold(part).status,
        None => &lifecycle.initial,
    };
    let may = |t: &Transition| t.is_plain() && t.needs.is_empty() && t.roles.contains(&Role::Admin);
    let steps = lifecycle.way_to_closed(status, may);
    ops.extend(steps.into_iter().flatten().map(|step| Op::Transition {
        action: step.action.clone(),
        note: String::new(),
    }));
}

fn key_for(form: &Form, meaning: FieldMeaning) -> Option<FieldKey> {
    form.field_for(meaning).map(|f| f.key.clone())
}

/// The operation that gives a field its value, unless it has it or the form has no such field.
fn set(part: Option<&PartState>, key: Option<FieldKey>, value: Option<Value>, ops: &mut Vec<Op>) {
    let Some(key) = key else { return };
    let shown = part.and_then(|part| match part.fields.get(&key) {
        Some(Cell::Register(candidates)) => candidates.first().map(|c| &c.value),
        _ => None,
    });
    match value {
        Some(value) if shown != Some(&value) => ops.push(Op::Set { field: key, value }),
        // What the file leaves empty it says nothing about.
        Some(_) | None => {}
    }
}
