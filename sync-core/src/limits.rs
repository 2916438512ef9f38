//! Every limit of the protocol, in one place. `docs/PROTOCOL.md` lists the same numbers.
//!
//! Together they bound what one hostile request can cost: at most
//! [`MAX_BODY_DECODED_BYTES`] of memory to decode, [`MAX_ENTRIES_PER_PUSH`] entries to admit, and
//! for each a fold over at most [`MAX_RECORD_ENTRIES`] entries with [`MAX_RECORD_OPS`] operations.

/// Longest name of an area, form, field, choice, item or action, in bytes.
pub const MAX_NAME_BYTES: usize = 64;
/// Largest request or response body on the wire, in bytes.
pub const MAX_BODY_WIRE_BYTES: usize = 4 << 20;
/// Largest body after decompression, in bytes; a bomb stops here.
pub const MAX_BODY_DECODED_BYTES: usize = 16 << 20;
/// Largest canonical payload of one entry, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 64 << 10;
/// Most operations in one edit.
pub const MAX_OPS_PER_EDIT: usize = 1_000;
/// Most entries in one push, over all its device logs.
pub const MAX_ENTRIES_PER_PUSH: usize = 512;
/// Most device logs in one push.
pub const MAX_LOGS_PER_PUSH: usize = 256;
/// Most streams one session may name.
pub const MAX_STREAMS_PER_SYNC: usize = 3_072;
/// Most heads an edit may name as the state it was made at.
pub const MAX_DEPS: usize = 64;
/// Most entries of one record and class.
pub const MAX_RECORD_ENTRIES: usize = 2_048;
/// Most operations of one record and class, over all its entries.
pub const MAX_RECORD_OPS: usize = 20_000;
/// Longest text of a record and class, over all its fields, in bytes.
pub const MAX_RECORD_BYTES: usize = 1 << 20;
/// Most that was ever written to one record and class: bytes of text, plus scalar values deleted,
/// plus [`OP_WEIGHT`] for each operation. What is deleted again still has to be merged.
pub const MAX_RECORD_WEIGHT: usize = 1 << 18;
/// What an operation weighs besides its text.
pub const OP_WEIGHT: usize = 8;
/// Most transitions of one record.
pub const MAX_RECORD_TRANSITIONS: usize = 1_024;
/// Most transitions in one edit.
pub const MAX_TRANSITIONS_PER_EDIT: usize = 16;
/// Most entries made beside others (not at the record's heads) of one record and class.
pub const MAX_RECORD_FORKS: usize = 256;
/// Most that forks times weight of one record and class may be when one more fork comes: deriving
/// a fork costs by all that was written before it.
pub const MAX_RECORD_FORK_WEIGHT: usize = 1 << 19;
/// Longest text value, in Unicode scalar values, whatever the form allows.
pub const MAX_TEXT_CHARS: usize = 20_000;
/// Most items of a repeated group, whatever the form allows.
pub const MAX_GROUP_ITEMS: usize = 500;
/// Largest step of a counter in one operation.
pub const MAX_COUNTER_STEP: i64 = 1_000_000;
/// Longest note of a transition, in Unicode scalar values.
pub const MAX_NOTE_CHARS: usize = 2_000;
/// Longest name of a person in a field, in Unicode scalar values.
pub const MAX_PERSON_NAME_CHARS: usize = 200;
/// Most items in one pull page.
pub const MAX_ITEMS_PER_PULL: usize = 4_096;
/// Most items in one message, over all its pages or runs.
pub const MAX_ITEMS_PER_MESSAGE: usize = 16_384;
/// Most operations in one message: what a run-length bomb can make of a small body.
pub const MAX_OPS_PER_MESSAGE: usize = 1 << 17;
/// Words that a column remembers; past that they are sent in full.
pub const MAX_WORDS_PER_COLUMN: usize = 256;
/// A pull page is closed once its uncompressed items pass this many bytes.
pub const PULL_PAGE_BYTES: usize = 1 << 20;
/// Bytes of a prefix hash that a cursor carries.
pub const CURSOR_PREFIX_BYTES: usize = 8;
/// Most marks of what supervisors have seen in one response.
pub const MAX_SEEN_MARKS: usize = 512;
/// Most erased records named in one response.
pub const MAX_ERASURES: usize = 512;
/// Answers with resets that a phone obeys in one sync.
pub const MAX_RESETS_PER_SYNC: u32 = 64;
/// Longest version that a phone gives of its library, in bytes.
pub const MAX_LIBRARY_BYTES: usize = 32;
/// Largest catalogue, in bytes of its JSON.
pub const MAX_CATALOGUE_BYTES: usize = 112 << 10;
/// Longest name or department of a matter kind, in Unicode scalar values.
pub const MAX_KIND_TEXT_CHARS: usize = 120;
/// Longest deadline of a matter kind, in hours.
pub const MAX_DEADLINE_HOURS: u32 = 87_600;
/// Longest deadline of a matter kind, in days.
pub const MAX_DEADLINE_DAYS: u32 = 3_650;
/// Longest deadline of a matter kind, in working hours.
pub const MAX_DEADLINE_WORKING_HOURS: u32 = 20_000;
/// Longest deadline of a matter kind, in working days.
pub const MAX_DEADLINE_WORKING_DAYS: u32 = 2_600;
/// Most levels of matter kinds.
pub const MAX_KIND_LEVELS: usize = 3;
/// Most urgencies of a catalogue.
pub const MAX_URGENCIES: usize = 8;
/// Largest working calendar, in bytes of its JSON.
pub const MAX_CALENDAR_BYTES: usize = 112 << 10;
/// Most times of a day in which is worked.
pub const MAX_DAY_INTERVALS: usize = 8;
/// Largest plan, in bytes of its JSON.
pub const MAX_PLAN_BYTES: usize = 16 << 10;
/// Most plans that are not retired.
pub const MAX_PLANS: usize = 100;
/// Most stops of a plan's route.
pub const MAX_PLAN_STOPS: usize = 100;
/// Most days of a plan's period.
pub const MAX_PLAN_DAYS: u32 = 3_660;
/// Largest carry bundle, in bytes.
pub const MAX_CARRY_BYTES: usize = 1 << 20;
/// Most entries in one carry bundle, over all its device logs.
pub const MAX_CARRY_ENTRIES: usize = 4_096;
/// Most device keys that one carry bundle is sealed to.
pub const MAX_CARRY_RECIPIENTS: usize = 64;
/// Most bundles that a phone carries for others.
pub const MAX_CARRIED_BUNDLES: usize = 64;
/// Most bytes of bundles that a phone carries for others.
pub const MAX_CARRIED_BYTES: usize = 16 << 20;
/// Most carry receipts that a phone keeps to hand on; past that the oldest goes.
pub const MAX_CARRY_RECEIPTS: usize = 256;
/// Most frames that a carry bundle is shown as.
pub const MAX_CARRY_FRAMES: usize = 2_048;
/// Most devices of colleagues in the directory of one phone.
pub const MAX_COLLEAGUE_DEVICES: usize = 512;
/// Most areas of a phone that is sent boundaries.
pub const MAX_BOUNDARY_AREAS: usize = 512;
/// Most bytes of boundaries in the directory of one phone.
pub const MAX_BOUNDARY_BYTES: usize = 65_536;
/// How long after a grant ended its holder's edits still arrive as late edits, in days.
pub const LATE_EDIT_WINDOW_DAYS: i64 = 30;
/// Entries kept for one device in quarantine; past that only their hashes are kept.
pub const MAX_QUARANTINE_PER_DEVICE: usize = 4_096;
/// Longest expression of a form, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 16 << 10;
/// Most brackets and calls of an expression that lie in each other.
pub const MAX_EXPRESSION_DEPTH: usize = 64;
/// Most steps that one result of an expression may take: pieces reckoned and questions looked at.
pub const MAX_EXPRESSION_STEPS: u32 = 2_000_000;
/// Longest text that an expression may make, in bytes.
pub const MAX_EXPRESSION_TEXT_BYTES: usize = 256 << 10;
/// Most questions, groups and repeats of a questionnaire.
pub const MAX_FORM_PARTS: usize = 10_000;
/// Most answers, groups and turns of a questionnaire that is being filled.
pub const MAX_FORM_ANSWERS: usize = 200_000;
/// How often a rule may be reckoned again after one answer, where turns of a repeat read each other.
pub const MAX_FORM_ROUNDS: usize = 1_000;
