//! Whom a request means in the fields that are for people.
//!
//! What enters: fields and operations as a request has them, where a person may be said by id, by
//! what they are called, or as `{"user_id": …}`. What leaves: the same with `{"user_id", "name"}`
//! wherever it is somebody with an account, the name the one that they have now. What never happens
//! here: taking one of two people of the same name.

use gridfold_sync_core::ids::{AreaCode, UserId};
use gridfold_sync_core::schema::{FieldType, Form};
use serde_json::{Map, Value as Json, json};

use crate::problem::{Answer, Problem};
use crate::routes::Caller;
use crate::words::said;

/// Who is asked, by whom, about a record of which grid.
#[derive(Clone)]
pub(super) struct People {
    caller: Caller,
    grid: AreaCode,
}

impl People {
    pub(super) fn of(caller: &Caller, grid: &AreaCode) -> Self {
        Self {
            caller: caller.clone(),
            grid: grid.clone(),
        }
    }

    /// The fields of a request.
    ///
    /// # Errors
    /// When somebody is named whom the name does not tell apart, or an id is nobody's.
    pub(super) fn in_fields(
        &self,
        form: &Form,
        fields: &Map<String, Json>,
    ) -> Answer<Map<String, Json>> {
        let mut out = fields.clone();
        for (key, json) in &mut out {
            match form.field(key).map(|f| &f.kind) {
                Some(FieldType::Person) => self.person(json)?,
                Some(FieldType::Group { members, .. }) => {
                    let items = json.as_array_mut().into_iter().flatten();
                    for item in items.filter_map(Json::as_object_mut) {
                        let people = members.iter().filter(|m| m.kind == FieldType::Person);
                        for member in people {
                            if let Some(json) = item.get_mut(member.key.as_str()) {
                                self.person(json)?;
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(out)
    }

    /// The operations of a request.
    ///
    /// # Errors
    /// As [`Self::in_fields`].
    pub(super) fn in_operations(&self, form: &Form, given: &[Json]) -> Answer<Vec<Json>> {
        let mut out = given.to_vec();
        for op in &mut out {
            let named = |key: &str| op.get(key).and_then(Json::as_str).unwrap_or_default();
            let is_person = match form.field(named("field")).map(|f| &f.kind) {
                Some(FieldType::Person) => true,
                Some(FieldType::Group { members, .. }) => members
                    .iter()
                    .any(|m| m.kind == FieldType::Person && m.key.as_str() == named("member")),
                _ => false,
            };
            if let (true, Some(value)) = (is_person, op.get_mut("value")) {
                self.person(value)?;
            }
        }
        Ok(out)
    }

    fn person(&self, json: &mut Json) -> Answer<()> {
        let said = match &*json {
            Json::String(text) => text,
            Json::Object(person) => match (person.get("user_id"), person.get("name")) {
                (Some(Json::String(id)), _) => id,
                (None | Some(Json::Null), Some(Json::String(name))) => name,
                // What is no person at all is refused as of the wrong type.
                _ => return Ok(()),
            },
            _ => return Ok(()),
        };
        let directory = &self.caller.directory;
        let user = match UserId::parse(said) {
            Ok(id) if directory.user(&id).is_some() && self.caller.sees_user(id) => Some(id),
            Ok(_) => {
                return Err(Problem::bad_request_in(said!("user_not_seen")));
            }
            Err(_) => directory
                .worker_named(said, &self.grid, self.caller.now)
                .map_err(|_| Problem::bad_request_in(said!("user_of_several")))?,
        };
        *json = match user.and_then(|id| directory.user(&id)) {
            Some(user) => json!({ "user_id": user.id.to_string(), "name": user.name }),
            None => json!({ "name": said.trim() }),
        };
        Ok(())
    }
}
