//! A small world: two grids, one form with a field of every kind, and people with phones.

use gridfold_sync_core::admission::{Decision, LogProblem, PushedLog, admit};
use gridfold_sync_core::directory::{Area, Directory, DirectoryChange, GRID_LEVEL, Grant, User};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::entry::{Author, Entry, SignKey, Target, head_statement, next_link};
use gridfold_sync_core::ids::{
    AreaCode, DeviceId, EntryRef, FieldKey, FormCode, GrantId, Hash, IncarnationId, RecordId,
    SensitivityClass, StreamId, UserId,
};
use gridfold_sync_core::schema::{Form, Role, builtin_forms};
use gridfold_sync_core::time::Timestamp;

use super::{MemoryFacts, Rng};

pub const GRID: &str = "g-1";
pub const OTHER_GRID: &str = "g-2";
/// The server's clock.
pub const NOW: Timestamp = Timestamp(1_790_000_000_000);
pub const DAY: i64 = 86_400_000;

const PROBE: &str = r#"{
 "code": "probe", "version": 1, "label": {"zh": "试", "en": "Probe"}, "class": "general",
 "fields": [
  {"key": "name", "label": {"zh": "a", "en": "a"}, "type": "text", "max_chars": 40},
  {"key": "code", "label": {"zh": "a", "en": "a"}, "type": "text", "pattern": "[a-z]+"},
  {"key": "note", "label": {"zh": "a", "en": "a"}, "type": "long_text", "max_chars": 20000},
  {"key": "short", "label": {"zh": "a", "en": "a"}, "type": "long_text", "max_chars": 10},
  {"key": "age", "label": {"zh": "a", "en": "a"}, "type": "integer", "min": 0, "max": 150},
  {"key": "size", "label": {"zh": "a", "en": "a"}, "type": "decimal", "scale": 2},
  {"key": "ok", "label": {"zh": "a", "en": "a"}, "type": "boolean"},
  {"key": "day", "label": {"zh": "a", "en": "a"}, "type": "date"},
  {"key": "at", "label": {"zh": "a", "en": "a"}, "type": "date_time"},
  {"key": "kind", "label": {"zh": "a", "en": "a"}, "type": "choose_one",
   "choices": [{"key": "x", "label": {"zh": "a", "en": "a"}}]},
  {"key": "needs", "label": {"zh": "a", "en": "a"}, "type": "choose_many",
   "choices": [{"key": "x", "label": {"zh": "a", "en": "a"}}, {"key": "y", "label": {"zh": "a", "en": "a"}}]},
  {"key": "place", "label": {"zh": "a", "en": "a"}, "type": "geopoint"},
  {"key": "of", "label": {"zh": "a", "en": "a"}, "type": "reference", "form": "probe"},
  {"key": "people", "label": {"zh": "a", "en": "a"}, "type": "group", "max_items": 3, "members": [
    {"key": "name", "label": {"zh": "a", "en": "a"}, "type": "text"}]},
  {"key": "visits", "label": {"zh": "a", "en": "a"}, "type": "counter", "max_step": 10},
  {"key": "secret", "label": {"zh": "a", "en": "a"}, "type": "text", "class": "restricted"},
  {"key": "verdict", "label": {"zh": "a", "en": "a"}, "type": "text", "writable_by": ["supervisor"]}
 ],
 "lifecycle": {"initial": "open",
  "statuses": [
   {"key": "open", "label": {"zh": "a", "en": "a"}, "rank": 1},
   {"key": "done", "label": {"zh": "a", "en": "a"}, "rank": 2}],
  "transitions": [
   {"action": "finish", "label": {"zh": "a", "en": "a"}, "from": ["open"], "to": "done", "roles": ["worker"]},
   {"action": "reopen", "label": {"zh": "a", "en": "a"}, "from": ["done"], "to": "open", "roles": ["worker"]},
   {"action": "audit", "label": {"zh": "a", "en": "a"}, "from": ["open"], "to": "done", "roles": ["supervisor"]}]}
}"#;

pub fn form_code(code: &str) -> FormCode {
    FormCode::new(code).expect("a form code")
}
pub fn field(key: &str) -> FieldKey {
    FieldKey::new(key).expect("a field key")
}
pub fn area(code: &str) -> AreaCode {
    AreaCode::new(code).expect("an area code")
}
/// The general stream of a grid.
pub fn stream(grid: &str) -> StreamId {
    StreamId::new(area(grid), SensitivityClass::General)
}
pub fn set(key: &str, value: Value) -> Op {
    Op::Set {
        field: field(key),
        value,
    }
}
pub fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// A device with its key and its logs.
#[derive(Debug, Clone)]
pub struct Phone {
    pub author: Author,
    pub key: SignKey,
    pub incarnation: IncarnationId,
    /// Newest place and link of the log of each stream, as the phone knows them.
    logs: Vec<(StreamId, u64, Hash)>,
}

impl Phone {
    pub fn new(rng: &mut Rng, user: UserId) -> Self {
        Self {
            author: Author {
                device: DeviceId::from_parts(NOW, rng.bytes()),
                user,
            },
            key: SignKey::from_seed(&rng.bytes()),
            incarnation: IncarnationId::from_parts(NOW, rng.bytes()),
            logs: Vec::new(),
        }
    }
    fn log(&mut self, stream: &StreamId) -> &mut (StreamId, u64, Hash) {
        let place = match self.logs.iter().position(|l| l.0 == *stream) {
            Some(place) => place,
            None => {
                self.logs.push((stream.clone(), 0, Hash::default()));
                self.logs.len() - 1
            }
        };
        &mut self.logs[place]
    }
    /// Writes the next entry of its log, whatever it is.
    pub fn write_as(&mut self, stream: &StreamId, version: u32, to: Target, ops: Vec<Op>) -> Entry {
        let incarnation = self.incarnation;
        let log = self.log(stream);
        let entry = Entry::new(incarnation, log.1 + 1, to, version, NOW, ops);
        log.1 += 1;
        log.2 = next_link(&log.2, &entry.hash(stream));
        entry
    }
    pub fn write(&mut self, stream: &StreamId, target: Target, ops: Vec<Op>) -> Entry {
        self.write_as(stream, 1, target, ops)
    }
    /// Starts a record.
    pub fn start(&mut self, stream: &StreamId, record: RecordId, ops: Vec<Op>) -> Entry {
        let form = form_code("probe");
        self.write(stream, Target::New { record, form }, ops)
    }
    /// Edits at these heads.
    pub fn edit(&mut self, stream: &StreamId, heads: &[EntryRef], ops: Vec<Op>) -> Entry {
        let mut heads = heads.to_vec();
        heads.sort_unstable();
        self.write(stream, Target::At(heads), ops)
    }
    /// Signs what it wrote last; `entries` end there.
    pub fn push(&mut self, stream: &StreamId, entries: Vec<Entry>) -> PushedLog {
        let (_, seq, link) = self.log(stream).clone();
        let statement = head_statement(stream, self.incarnation, seq, &link);
        PushedLog {
            erased: Vec::new(),
            stream: stream.clone(),
            incarnation: self.incarnation,
            entries,
            signature: self.key.sign(&statement),
        }
    }
}

/// Signs any entries as one log from its start.
pub fn sign(key: &SignKey, stream: &StreamId, from: Hash, entries: Vec<Entry>) -> PushedLog {
    let last = entries.last().expect("an entry");
    let link = entries
        .iter()
        .fold(from, |link, e| next_link(&link, &e.hash(stream)));
    let statement = head_statement(stream, last.incarnation, last.header.seq, &link);
    PushedLog {
        erased: Vec::new(),
        stream: stream.clone(),
        incarnation: last.incarnation,
        signature: key.sign(&statement),
        entries,
    }
}

/// People, phones and what the server holds.
#[derive(Debug)]
pub struct World {
    pub rng: Rng,
    pub facts: MemoryFacts,
    pub worker: Phone,
    pub colleague: Phone,
    pub supervisor: Phone,
    pub auditor: Phone,
    /// Their grant ended yesterday.
    pub late: Phone,
    /// Their grant ended long ago.
    pub ended: Phone,
    /// They never had a grant.
    pub stranger: Phone,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng(seed);
        let mut directory = Directory::default();
        let place = |code: &str, parent: Option<&str>, level: &str| Area {
            code: area(code),
            parent: parent.map(area),
            name: code.to_owned(),
            level: level.to_owned(),
        };
        directory.apply(DirectoryChange::Areas {
            areas: vec![
                place("street", None, "street"),
                place(GRID, Some("street"), GRID_LEVEL),
                place(OTHER_GRID, Some("street"), GRID_LEVEL),
            ],
        });
        let mut forms = builtin_forms().expect("builtin forms");
        forms.push(Form::from_json(PROBE).expect("the probe form"));
        for form in forms {
            directory.apply(DirectoryChange::Form {
                form: Box::new(form),
            });
        }
        let mut person = |role: Option<Role>, until: Option<Timestamp>| {
            let id = UserId::from_parts(NOW, rng.bytes());
            directory.apply(DirectoryChange::User {
                user: User {
                    id,
                    name: "p".to_owned(),
                    active: true,
                },
            });
            if let Some(role) = role {
                directory.apply(DirectoryChange::Grant {
                    grant: Grant {
                        id: GrantId::from_parts(NOW, rng.bytes()),
                        user: id,
                        role,
                        area: Some(area("street")),
                        from: Timestamp(0),
                        until,
                    },
                });
            }
            Phone::new(&mut rng, id)
        };
        let (worker, colleague) = (
            person(Some(Role::Worker), None),
            person(Some(Role::Worker), None),
        );
        let supervisor = person(Some(Role::Supervisor), None);
        let auditor = person(Some(Role::Auditor), None);
        let late = person(Some(Role::Worker), Some(NOW.plus_millis(-DAY)));
        let ended = person(Some(Role::Worker), Some(NOW.plus_millis(-31 * DAY)));
        let stranger = person(None, None);
        Self {
            facts: MemoryFacts::of(directory),
            rng,
            worker,
            colleague,
            supervisor,
            auditor,
            late,
            ended,
            stranger,
        }
    }
    pub fn record(&mut self) -> RecordId {
        RecordId::from_parts(NOW, self.rng.bytes())
    }
    /// The server's part of a push.
    pub fn admit(&mut self, by: &Phone, log: &PushedLog) -> Result<Vec<Decision>, LogProblem> {
        let key = by.key.public();
        admit(&mut self.facts, by.author, &key, NOW, log).expect("facts never fail")
    }
    /// Lets a phone start a record, and the server admit it.
    pub fn started(&mut self, by: impl Fn(&mut Self) -> &mut Phone, grid: &str) -> Entry {
        let stream = stream(grid);
        let record = self.record();
        let phone = by(self);
        let ops = vec![set("name", text("first"))];
        let entry = phone.start(&stream, record, ops);
        let log = phone.push(&stream, vec![entry.clone()]);
        let phone = phone.clone();
        let decisions = self.admit(&phone, &log).expect("a good log");
        assert!(
            decisions[0].verdict.is_admitted(),
            "{:?}",
            decisions[0].verdict
        );
        entry
    }
}
