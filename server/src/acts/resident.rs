//! What whoever has a receipt is told, and what they say of it.
//!
//! What enters: the number of a receipt. What leaves: the record that is answered for by it, and an entry of what was
//! said, written by nobody in particular. What never happens here: a difference between a number that nobody has and one
//! whose record may not show, or is erased or deleted.

use std::collections::BTreeSet;
use std::sync::Arc;

use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::entry::{Author, RefusalCode};
use gridfold_sync_core::ids::{DeviceId, EntryRef, StreamId};
use gridfold_sync_core::resident::{Given, RESIDENT, ReceiptNumber, Refused, is_shown, operations};
use gridfold_sync_core::schema::Form;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::RecordView;

use crate::admit::{Base, ConsoleEdit, Wish};
use crate::node::Node;
use crate::problem::{Answer, Code, Problem};
use crate::views::{ReadScope, StoredRecord};
use crate::words::said;

/// Who says it. One for all of them, so that what they cost together is what one device may.
const AUTHOR: Author = Author {
    device: DeviceId(uuid::Uuid::nil()),
    user: RESIDENT,
};

/// A record as its receipt shows it.
pub(crate) struct Shown {
    /// The record, all of it: what of it is told is the core's to say.
    pub(crate) stored: StoredRecord,
    /// The form it is read with.
    pub(crate) form: Arc<Form>,
}

impl Shown {
    pub(crate) fn view(&self) -> RecordView<'_> {
        RecordView {
            record: self.stored.row.record,
            form: &self.form,
            parts: self.stored.parts.iter().map(|(c, p)| (*c, p)).collect(),
        }
    }

    /// When it came to where it stands, and when it was reported; as the record and the devices say, never after it was
    /// written.
    pub(crate) fn times(&self, node: &Node) -> Answer<(Option<Timestamp>, Option<Timestamp>)> {
        let row = &self.stored.row;
        let view = self.view();
        let happened = view.happened();
        let reported = [happened, row.captured].into_iter().flatten().min();
        let tip: Option<EntryRef> = self
            .form
            .lifecycle
            .as_ref()
            .zip(view.main())
            .and_then(|(lifecycle, main)| Some(lifecycle.fold(main).tips.first()?.made.by));
        let Some(by) = tip else {
            return Ok((row.captured, reported));
        };
        let stream = StreamId::new(row.grid.clone(), self.form.class);
        let step = node.views.entry(&stream, &by)?;
        let at = step.map(|(step, _)| Timestamp(step.claimed.millis().min(step.received.millis())));
        Ok((at, reported))
    }
}

/// The form that says now whether a record is answered for.
fn consents(directory: &Directory, view: &RecordView<'_>) -> bool {
    let newest = directory.forms().latest(&view.form.code);
    let catalogue = directory.catalogue().map(AsRef::as_ref);
    newest.is_some_and(|newest| is_shown(view, newest, catalogue))
}

/// The record that a number is answered with; none for one that nobody has or that may not show.
pub(crate) fn shown(
    node: &Node,
    directory: &Directory,
    number: ReceiptNumber,
) -> Answer<Option<Shown>> {
    let mut met = BTreeSet::new();
    for named in node.views.of_receipt(&number.to_string())? {
        // What was moved or merged goes on as another one.
        let record = directory.present_record(named);
        if !met.insert(record) || directory.is_erased(&record) {
            continue;
        }
        let Some(stored) = node.views.record(&record, &ReadScope::all())? else {
            continue;
        };
        let row = &stored.row;
        let Some(form) = directory.forms().to_read(&row.form, row.form_version) else {
            continue;
        };
        let form = Arc::clone(form);
        let found = Shown { stored, form };
        if consents(directory, &found.view()) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn problem_of(refused: Refused) -> Problem {
    match refused {
        Refused::Nothing => Problem::bad_request_in(said!("receipt_says_nothing")),
        Refused::Before => Problem::new(Code::ReceiptSaid),
        Refused::NotNow => Problem::new(Code::ReceiptNotNow),
        Refused::Rule(code) => Problem::from(code).unkept(),
    }
}

/// Writes what whoever has a receipt says; none as of [`shown`].
///
/// # Errors
/// When it was said before, or cannot be said where the work stands; nothing was changed then.
pub(crate) fn answer(
    node: &Node,
    now: Timestamp,
    number: ReceiptNumber,
    given: Given,
) -> Answer<Option<Shown>> {
    let directory = node.directory.current();
    let Some(found) = shown(node, &directory, number)? else {
        return Ok(None);
    };
    let row = &found.stored.row;
    let record = row.record;
    let edit = ConsoleEdit {
        record,
        grid: row.grid.clone(),
        form: row.form.clone(),
        base: Base::Newest(None),
        // Inside the writer: of several that come at once the first is taken.
        wish: Wish::reckoned({
            let directory = Arc::clone(&directory);
            move |form, parts| {
                let view = RecordView {
                    record,
                    form,
                    parts: parts.iter().map(|(c, p)| (*c, p)).collect(),
                };
                if !consents(&directory, &view) {
                    return Err(Problem::new(Code::ReceiptUnknown));
                }
                operations(&view, &given).map_err(problem_of)
            }
        }),
        claimed: now,
    };
    for outcome in node.writer.edit(AUTHOR, vec![edit])? {
        if let Some(problem) = outcome.problem {
            return Err(problem);
        }
        match outcome.refusal() {
            None => {}
            Some(RefusalCode::Erased) => return Ok(None),
            Some(code) => return Err(code.into()),
        }
    }
    shown(node, &node.directory.current(), number)
}
