//! What a plan makes: under which id, and with which operations.
//!
//! Both come of the plan, the period and the record alone. So the task that two phones and the server make without
//! knowing of each other is one record, and nothing in it is set twice to two values: what is text that merges by
//! character is not written at all.

use sha2::{Digest, Sha256};

use super::every::Period;
use super::table::{Made, Person, Plan};
use crate::calendar::Zone;
use crate::edit::{Op, Value};
use crate::ids::{AreaCode, FormCode, ItemKey, RecordId};
use crate::schema::{Field, FieldMeaning, FieldType, Form};
use crate::time::Timestamp;

const DOMAIN: &[u8] = b"gridfold plan 1";
const DAY_MS: i64 = 86_400_000;

/// What one task of a plan is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A record.
    Record(RecordId),
    /// A grid as a whole, or the route through it.
    Grid(AreaCode),
}

/// What a plan is due for once in a period.
#[derive(Debug, Clone)]
pub struct Occurrence<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The period.
    pub period: Period,
    /// What it is about.
    pub subject: Subject,
}

impl Occurrence<'_> {
    /// The id of the record that is made for it, whoever makes it.
    #[must_use]
    pub fn record(&self) -> RecordId {
        let mut hash = Sha256::new_with_prefix(DOMAIN);
        let mut put = |part: &[u8]| {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        };
        put(self.plan.seed.as_bytes());
        put(self.plan.code.as_str().as_bytes());
        put(&self.period.name.0.to_be_bytes());
        match &self.subject {
            Subject::Record(record) => {
                put(b"record");
                put(&record.bytes());
            }
            Subject::Grid(grid) => {
                put(b"grid");
                put(grid.as_str().as_bytes());
            }
        }
        let full: [u8; 32] = hash.finalize().into();
        let mut random = [0; 10];
        random.copy_from_slice(&full[..10]);
        // Where it stands among ids is its period's, so that lists by id have it where it belongs.
        RecordId::from_parts(Timestamp(i64::from(self.period.name.0) * DAY_MS), random)
    }

    /// The first edit of that record under a version of its form. `doer` does it when the plan names nobody.
    #[must_use]
    pub fn ops(&self, form: &Form, zone: &Zone, doer: Option<&Person>) -> Vec<Op> {
        let plan = self.plan;
        let Made {
            title,
            priority,
            issuer,
            accountable,
            doer: named,
            ..
        } = &plan.makes;
        let mut ops = Vec::new();
        let mut set = |field: Option<&Field>, value: Option<Value>| {
            if let (Some(field), Some(value)) = (field, value) {
                ops.push(Op::Set {
                    field: field.key.clone(),
                    value,
                });
            }
        };
        let called = title.as_ref().unwrap_or(&plan.label.zh);
        let names = form.title.as_ref().and_then(|key| form.field(key.as_str()));
        set(names, Some(Value::Text(called.clone())));
        let of_plan = format!("{}/{}", plan.code, self.period.name);
        let means = |meaning| form.field_for(meaning);
        set(means(FieldMeaning::Plan), Some(Value::Text(of_plan)));
        let due = plan.due(&self.period, zone);
        set(means(FieldMeaning::Due), Some(Value::DateTime(due)));
        set(
            means(FieldMeaning::Priority),
            priority.clone().map(Value::Choice),
        );
        for (meaning, who) in [
            (FieldMeaning::Issuer, issuer.as_ref()),
            (FieldMeaning::Accountable, accountable.as_ref()),
            (FieldMeaning::Doer, named.as_ref().or(doer)),
        ] {
            let field = means(meaning);
            let value = who.zip(field).map(|(who, field)| match field.kind {
                FieldType::Person => who.value(),
                _ => Value::Text(who.name.clone()),
            });
            set(field, value);
        }
        if let (Subject::Record(record), Some(about)) = (&self.subject, &plan.about) {
            set(reference_to(form, about), Some(Value::Reference(*record)));
        }
        ops.extend(self.steps(form));
        ops
    }

    /// The stops of a route as items, each under a key of its place in the route.
    fn steps(&self, form: &Form) -> Vec<Op> {
        let Some(field) = form.field_for(FieldMeaning::Steps) else {
            return Vec::new();
        };
        let FieldType::Group { members, .. } = &field.kind else {
            return Vec::new();
        };
        let name = members
            .iter()
            .find(|m| matches!(m.kind, FieldType::Text { .. }));
        let place = members
            .iter()
            .find(|m| matches!(m.kind, FieldType::Geopoint));
        let mut ops = Vec::new();
        for (at, stop) in self.plan.stops.iter().enumerate() {
            let Ok(item) = ItemKey::new(&format!("stop-{:03}", at + 1)) else {
                continue;
            };
            let mut set = |member: Option<&Field>, value: Option<Value>| {
                if let (Some(member), Some(value)) = (member, value) {
                    ops.push(Op::ItemSet {
                        field: field.key.clone(),
                        item: item.clone(),
                        member: member.key.clone(),
                        value,
                    });
                }
            };
            set(name, Some(Value::Text(stop.name.clone())));
            let at = stop.place();
            set(
                place,
                at.map(|(lat_e7, lon_e7)| Value::Geopoint { lat_e7, lon_e7 }),
            );
        }
        ops
    }
}

/// The field of a form by which its records say which record of another form they are about.
#[must_use]
pub fn reference_to<'a>(form: &'a Form, about: &FormCode) -> Option<&'a Field> {
    let refers =
        |field: &&Field| matches!(&field.kind, FieldType::Reference { form } if form == about);
    let means = [FieldMeaning::Household, FieldMeaning::About];
    let said = means.iter().filter_map(|meaning| form.field_for(*meaning));
    said.into_iter()
        .find(refers)
        .or_else(|| form.fields.iter().find(refers))
}
