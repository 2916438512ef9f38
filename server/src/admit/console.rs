//! The console: edits made at the server, on the dashboard, by the API or by an import. They are
//! entries like any other, in the server's own device log, signed with the server's key.
//!
//! What enters: what somebody wants of a record, and what they saw of it. What leaves: entries
//! whose operations were reckoned on exactly that, and made at it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use gridfold_sync_core::admission::{Facts, PushedLog, RecordFact, admit};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::entry::{
    Author, Entry, RefusalCode, SignKey, Target, Verdict, head_statement, next_link,
};
use gridfold_sync_core::ids::{AreaCode, EntryRef, FormCode, RecordId, SensitivityClass, StreamId};
use gridfold_sync_core::resident::without_number;
use gridfold_sync_core::schema::{Form, FormSet};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::PartState;

use crate::admit::base::{Base, Seen, seen};
use crate::admit::commit::Outgoing;
use crate::fold::BatchFacts;
use crate::problem::{Answer, Code, Problem};
use crate::views::ViewsError;
use crate::words::said;

/// The parts of a record, by class.
pub type Parts = [(SensitivityClass, PartState)];

type Reckon = dyn Fn(&Form, &Parts) -> Answer<Vec<Op>> + Send;

/// What somebody wants of a record: operations, once it is known what they saw of it.
pub struct Wish {
    reckon: Box<Reckon>,
    version: Version,
}

/// Under which version of its form a wish is written.
#[derive(Clone, Copy)]
enum Version {
    /// The newest: it is typed now.
    Newest,
    /// It was typed with that one before, and refused with that code.
    Before(u32, RefusalCode),
    /// That one and no other.
    Just(u32),
}

impl Wish {
    /// Operations that are reckoned on the form and the parts as its author saw them.
    pub fn reckoned(reckon: impl Fn(&Form, &Parts) -> Answer<Vec<Op>> + Send + 'static) -> Self {
        Self {
            reckon: Box::new(reckon),
            version: Version::Newest,
        }
    }

    /// What was typed before with that version of the form, and refused with that code: it stays
    /// valid under its own version, whatever the newest one lacks.
    #[must_use]
    pub fn again(ops: Vec<Op>, typed_with: u32, refused: RefusalCode) -> Self {
        Self {
            version: Version::Before(typed_with, refused),
            ..Self::from(ops)
        }
    }

    /// Operations that are valid under that version of the form.
    #[must_use]
    pub fn under(version: u32, ops: Vec<Op>) -> Self {
        Self {
            version: Version::Just(version),
            ..Self::from(ops)
        }
    }

    /// The forms it may be written with, best first.
    fn forms(&self, known: &FormSet, code: &FormCode) -> Vec<Arc<Form>> {
        match self.version {
            Version::Before(version, refused) => known.to_write_again(code, version, Some(refused)),
            Version::Newest => known.latest(code).cloned().into_iter().collect(),
            Version::Just(version) => known.get(code, version).cloned().into_iter().collect(),
        }
    }
}

impl From<Vec<Op>> for Wish {
    fn from(ops: Vec<Op>) -> Self {
        Self::reckoned(move |_, _| Ok(ops.clone()))
    }
}

impl fmt::Debug for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wish").finish_non_exhaustive()
    }
}

/// One edit of the console: what is wanted of a record, over all classes.
#[derive(Debug)]
pub struct ConsoleEdit {
    /// The record; a new one when it is not known yet.
    pub record: RecordId,
    /// Its grid.
    pub grid: AreaCode,
    /// Its form.
    pub form: FormCode,
    /// What it was made at.
    pub base: Base,
    /// What is wanted.
    pub wish: Wish,
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
    /// Why no entry could be made of it; then nothing happened.
    pub problem: Option<Problem>,
}

impl EditOutcome {
    /// Why it is not in the record, if it is not.
    #[must_use]
    pub fn failure(&self) -> Option<Code> {
        let problem = self.problem.as_ref().map(|p| p.code);
        problem.or_else(|| self.refusal().map(Code::Refused))
    }

    /// The first refusal, if any class was refused.
    #[must_use]
    pub fn refusal(&self) -> Option<RefusalCode> {
        self.verdicts.iter().find_map(|(_, _, v)| match v {
            Verdict::Refused(code) => Some(*code),
            Verdict::Admitted { .. } => None,
        })
    }
}

/// Makes edits of the console into entries and has them decided on.
pub(crate) fn console(
    facts: &mut BatchFacts<'_>,
    author: Author,
    key: &SignKey,
    now: Timestamp,
    edits: &[ConsoleEdit],
    outgoing: &mut Vec<Outgoing>,
) -> Result<Vec<EditOutcome>, ViewsError> {
    facts.is_console = true;
    let mut outcomes = Vec::with_capacity(edits.len());
    for edit in edits {
        let mut outcome = EditOutcome {
            record: edit.record,
            verdicts: Vec::new(),
            problem: None,
        };
        match made(facts, edit)? {
            Err(problem) => outcome.problem = Some(problem),
            Ok(Made::Before(verdicts)) => outcome.verdicts = verdicts,
            Ok(Made::Now(version, by_class)) => {
                for (class, (seen, ops)) in by_class {
                    let log = make_log(facts, key, edit, class, version, seen, ops)?;
                    let decisions =
                        admit(facts, author, &key.public(), now, &log)?.unwrap_or_default();
                    for decision in decisions {
                        let verdict = (class, decision.entry.id(), decision.verdict);
                        outcome.verdicts.push(verdict);
                        outgoing.push(Outgoing {
                            stream: log.stream.clone(),
                            decision,
                            recovered: false,
                            has_header: true,
                        });
                    }
                }
            }
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// The same, all of the edits or none: where one is not admitted nothing of any is written, and the
/// outcomes only say why.
pub(crate) fn together(
    facts: &mut BatchFacts<'_>,
    author: Author,
    key: &SignKey,
    now: Timestamp,
    edits: &[ConsoleEdit],
    outgoing: &mut Vec<Outgoing>,
) -> Result<Vec<EditOutcome>, ViewsError> {
    let before = facts.mark();
    let mut own = Vec::new();
    // What goes on as another record was done by those who did it there.
    facts.is_again = true;
    let outcomes = console(facts, author, key, now, edits, &mut own);
    facts.is_again = false;
    let outcomes = outcomes?;
    if outcomes.iter().any(|o| o.failure().is_some()) {
        facts.back_to(before);
    } else {
        outgoing.append(&mut own);
    }
    Ok(outcomes)
}

type ByClass = BTreeMap<SensitivityClass, (Seen, Vec<Op>)>;

/// What is to be written for an edit.
enum Made {
    /// A form version, and operations at what was seen of each class.
    Now(u32, ByClass),
    /// Nothing: the record was made by the same edit before.
    Before(Vec<(SensitivityClass, EntryRef, Verdict)>),
}

fn made(
    facts: &mut BatchFacts<'_>,
    edit: &ConsoleEdit,
) -> Result<Result<Made, Problem>, ViewsError> {
    let mut all = match seen(facts, &edit.grid, &edit.record, &edit.base)? {
        Ok(all) => all,
        Err(problem) => return Ok(Err(problem)),
    };
    let parts: Vec<(SensitivityClass, PartState)> = all
        .iter()
        .filter_map(|(class, seen)| Some((*class, seen.part.clone()?)))
        .collect();
    let forms = edit.wish.forms(facts.directory.forms(), &edit.form);
    let mut why = Problem::from(RefusalCode::UnknownForm);
    let mut found = None;
    for form in forms {
        let ops = match (edit.wish.reckon)(&form, &parts) {
            Ok(ops) => ops,
            Err(problem) => return Ok(Err(problem.unkept())),
        };
        match form.by_class(ops) {
            Ok(by_class) => {
                found = Some((form.version, by_class));
                break;
            }
            Err(key) => {
                let unknown = Problem::from(RefusalCode::UnknownField);
                why = unknown.because(format!("form {}, field {key}", form.code));
            }
        }
    }
    let Some((version, by_class)) = found else {
        return Ok(Err(why.unkept()));
    };
    let by_class: ByClass = by_class
        .into_iter()
        .map(|(class, ops)| (class, (all.remove(&class).unwrap_or_default(), ops)))
        .collect();
    if edit.base == Base::Nothing {
        let known = facts.record(&edit.record)?;
        if matches!(&known, RecordFact::Known { grid, .. } if *grid == edit.grid) {
            return made_before(facts, edit, &by_class);
        }
        if by_class.is_empty() {
            return Ok(Err(RefusalCode::Empty.into()));
        }
    }
    Ok(Ok(Made::Now(version, by_class)))
}

/// The entries by which a record was made here, when the same is asked for again.
fn made_before(
    facts: &mut BatchFacts<'_>,
    edit: &ConsoleEdit,
    by_class: &ByClass,
) -> Result<Result<Made, Problem>, ViewsError> {
    let mut verdicts = Vec::new();
    let directory = Arc::clone(&facts.directory);
    let forms = directory.forms();
    for (class, (_, ops)) in by_class {
        let stream = StreamId::new(edit.grid.clone(), *class);
        let history = facts.history(&stream, &edit.record)?;
        let first = history.iter().find(|e| {
            let is_first = e.incarnation == facts.console && e.header.deps().is_empty();
            let form = forms.get(&edit.form, e.header.form_version);
            // A number that was drawn for it is another each time.
            let same =
                |form: &Arc<Form>| without_number(form, e.ops()) == without_number(form, ops);
            is_first && (e.ops() == ops || form.is_some_and(same))
        });
        let Some(first) = first else {
            return Ok(Err(
                Problem::new(Code::Conflict).because_in(said!("record_made_otherwise"))
            ));
        };
        verdicts.push((*class, first.id(), Verdict::Admitted { late: false }));
    }
    Ok(Ok(Made::Before(verdicts)))
}

/// Makes the signed device log of one edit in one class, at what its author saw.
fn make_log(
    facts: &mut BatchFacts<'_>,
    key: &SignKey,
    edit: &ConsoleEdit,
    class: SensitivityClass,
    version: u32,
    seen: Seen,
    ops: Vec<Op>,
) -> Result<PushedLog, ViewsError> {
    let stream = StreamId::new(edit.grid.clone(), class);
    let target = if seen.heads.is_empty() {
        Target::New {
            record: edit.record,
            form: edit.form.clone(),
        }
    } else {
        Target::At(seen.heads)
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
        erased: Vec::new(),
        stream,
        incarnation: facts.console,
        entries: vec![entry],
        signature,
    })
}
