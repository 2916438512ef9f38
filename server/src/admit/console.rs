//! The console: edits made at the server, on the dashboard, by the API or by an import. They are
//! entries like any other, in the server's own device log, signed with the server's key.

use std::collections::BTreeMap;

use gridfold_sync_core::admission::{Facts, PushedLog};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::{Entry, SignKey, Target, Verdict, head_statement, next_link};
use gridfold_sync_core::ids::{AreaCode, EntryRef, FormCode, RecordId, SensitivityClass, StreamId};
use gridfold_sync_core::limits::MAX_DEPS;
use gridfold_sync_core::time::Timestamp;

use crate::admit::facts::BatchFacts;
use crate::views::ViewsError;

/// One edit of the console: operations on a record, over all classes.
#[derive(Debug, Clone)]
pub struct ConsoleEdit {
    /// The record; a new one when it is not known yet.
    pub record: RecordId,
    /// Its grid.
    pub grid: AreaCode,
    /// Its form.
    pub form: FormCode,
    /// The form version the edit is made with; the newest for none.
    pub form_version: Option<u32>,
    /// The operations.
    pub ops: Vec<Op>,
    /// When it was made: the server's clock, or an import's own time.
    pub claimed: Timestamp,
}

/// What became of a console edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditOutcome {
    /// The record.
    pub record: RecordId,
    /// The verdict for each class it touched; empty when it touched nothing.
    pub verdicts: Vec<(SensitivityClass, EntryRef, Verdict)>,
}

impl EditOutcome {
    /// The first refusal, if any class was refused.
    #[must_use]
    pub fn refusal(&self) -> Option<gridfold_sync_core::entry::RefusalCode> {
        self.verdicts.iter().find_map(|(_, _, v)| match v {
            Verdict::Refused(code) => Some(*code),
            Verdict::Admitted { .. } => None,
        })
    }
}

/// Splits an edit's operations by the class of what they touch; unknown fields go with the form's
/// own class, where admission refuses them.
pub(super) fn split_by_class(
    facts: &mut BatchFacts<'_>,
    edit: &ConsoleEdit,
) -> Result<(u32, BTreeMap<SensitivityClass, Vec<Op>>), ViewsError> {
    let form = match edit.form_version {
        Some(version) => facts.form(&edit.form, version)?,
        None => facts.directory.forms().latest(&edit.form).cloned(),
    };
    let mut by_class: BTreeMap<SensitivityClass, Vec<Op>> = BTreeMap::new();
    for op in &edit.ops {
        let class = match (&form, op.field()) {
            (Some(form), Some(key)) => form
                .field(key.as_str())
                .map_or(form.class, |f| form.class_of(f)),
            (Some(form), None) => form.class,
            (None, _) => SensitivityClass::General,
        };
        by_class.entry(class).or_default().push(op.clone());
    }
    Ok((
        form.map_or(edit.form_version.unwrap_or(1), |f| f.version),
        by_class,
    ))
}

/// Makes the signed device log of one edit in one class, at the record's present heads.
pub(super) fn make_log(
    facts: &mut BatchFacts<'_>,
    key: &SignKey,
    edit: &ConsoleEdit,
    class: SensitivityClass,
    version: u32,
    ops: Vec<Op>,
) -> Result<PushedLog, ViewsError> {
    let stream = StreamId::new(edit.grid.clone(), class);
    let target = match facts.part(&stream, &edit.record)? {
        Some(part) => Target::At(part.heads.iter().take(MAX_DEPS).copied().collect()),
        None => Target::New {
            record: edit.record,
            form: edit.form.clone(),
        },
    };
    let head = facts.log_head(&stream, facts.console)?;
    let entry = Entry::new(
        facts.console,
        head.seq + 1,
        target,
        version,
        edit.claimed,
        ops,
    );
    let link = next_link(&head.link, &entry.hash(&stream));
    let signature = key.sign(&head_statement(
        &stream,
        facts.console,
        entry.header.seq,
        &link,
    ));
    Ok(PushedLog {
        stream,
        incarnation: facts.console,
        entries: vec![entry],
        signature,
    })
}
