//! What bodies hold whose types are the core's own, or that are kept as they came, as the description
//! of the API tells it. Nothing is made of these types: generators of clients need names and
//! members where the code has maps.
//!
//! Words of which there may be more one day (`type`, `class`, `means`, roles) are text here: a client
//! that was generated today must read what a newer server answers.

#![allow(
    missing_docs,
    reason = "variants without a name of their own are told by their type"
)]

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

/// The value of a field, as its form says: text, number, yes or no, `2026-06-13`, a time, the key of a choice, a place, a person (somebody without an account is a text), a record's id, a list of choices, a list of items. `null` where there is none, and in a write to empty it. A decimal number is text, as it was written.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum FieldValue {
    Text(String),
    Number(f64),
    Boolean(bool),
    Place(Place),
    Person(Person),
    List(Vec<ListItem>),
    Nothing,
}

/// Fields by key.
#[derive(Serialize, ToSchema)]
pub struct Fields(pub BTreeMap<String, FieldValue>);

/// One of a list: the key of a choice, or an item of a repeated group.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum ListItem {
    Choice(String),
    Item(GroupItem),
}

/// An item of a repeated group: its key, and its members by their keys.
#[derive(Serialize, ToSchema)]
pub struct GroupItem {
    /// Its key, by which it stays the same one.
    pub key: String,
    /// Its members.
    #[serde(flatten)]
    pub members: BTreeMap<String, MemberValue>,
}

/// The value of a member of an item.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum MemberValue {
    Text(String),
    Number(f64),
    Boolean(bool),
    Place(Place),
    Person(Person),
    Nothing,
}

/// A place on the ground, in WGS 84.
#[derive(Serialize, ToSchema)]
pub struct Place {
    /// Latitude, -90 to 90.
    pub lat: f64,
    /// Longitude, -180 to 180.
    pub lon: f64,
}

/// Somebody with an account.
#[derive(Serialize, ToSchema)]
pub struct Person {
    /// Who.
    pub user_id: String,
    /// What they were called when it was written; in a write it is not looked at.
    #[schema(nullable = false)]
    pub name: Option<String>,
}

/// One operation of an edit. What it needs besides `op` depends on it.
#[derive(Serialize, ToSchema)]
pub struct Operation {
    /// `set`, `unset`, `splice`, `choose`, `unchoose`, `item_add`, `item_remove`, `item_set`, `item_unset`, `count`, `transition`, `delete` or `restore`.
    pub op: String,
    /// The field.
    #[schema(nullable = false)]
    pub field: Option<String>,
    /// What `set` and `item_set` give it.
    pub value: Option<MemberValue>,
    /// Where `splice` begins, in Unicode scalar values.
    #[schema(nullable = false)]
    pub at: Option<u32>,
    /// How many of them it takes out.
    #[schema(nullable = false)]
    pub delete: Option<u32>,
    /// What it puts there.
    #[schema(nullable = false)]
    pub insert: Option<String>,
    /// The choice of `choose` and `unchoose`.
    #[schema(nullable = false)]
    pub choice: Option<String>,
    /// The item of a group.
    #[schema(nullable = false)]
    pub item: Option<String>,
    /// The member of the item.
    #[schema(nullable = false)]
    pub member: Option<String>,
    /// How much `count` adds.
    #[schema(nullable = false)]
    pub by: Option<i64>,
    /// The step of `transition`.
    #[schema(nullable = false)]
    pub action: Option<String>,
    /// Why the step was made.
    pub note: Option<String>,
}

/// A text in both languages.
#[derive(Serialize, ToSchema)]
pub struct Label {
    /// Chinese (zh-CN).
    pub zh: String,
    /// English.
    pub en: String,
}

/// The schema of a record type, in one version. What a newer server wrote besides is kept.
#[derive(Serialize, ToSchema)]
pub struct Form {
    /// Its code.
    pub code: String,
    /// Its version, from 1.
    pub version: u32,
    /// Its name for people.
    pub label: Label,
    /// How closely its fields are held unless they say otherwise: `general`, `personal` or `restricted`.
    pub class: String,
    /// What a record of it is: `household`, `visit`, `matter`, `task` or `meeting`.
    #[schema(nullable = false)]
    pub means: Option<String>,
    /// Its fields, in the order they are shown.
    pub fields: Vec<Field>,
    /// The field that names a record of it in lists.
    #[schema(nullable = false)]
    pub title: Option<String>,
    /// The transitions of its status, for forms that have one.
    #[schema(nullable = false)]
    pub lifecycle: Option<Lifecycle>,
}

/// One field of a form, or one member of a repeated group.
#[derive(Serialize, ToSchema)]
pub struct Field {
    /// Its key in records.
    pub key: String,
    /// Its name for people.
    pub label: Label,
    /// What it takes: `text`, `long_text`, `integer`, `decimal`, `boolean`, `date`, `date_time`, `choose_one`, `choose_many`, `geopoint`, `reference`, `person`, `group` or `counter`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is for, where code asks.
    #[schema(nullable = false)]
    pub means: Option<String>,
    /// Whether a complete record has it.
    #[schema(nullable = false)]
    pub required: Option<bool>,
    /// How closely it is held; the form's class when left out.
    #[schema(nullable = false)]
    pub class: Option<String>,
    /// The roles that may write it; all that may write records when left out.
    #[schema(nullable = false)]
    pub writable_by: Option<Vec<String>>,
    /// When it is shown, always when left out: one of `equals`, `includes`, `present`, `not`, `all`, `any`, with what it is about.
    #[schema(required = false)]
    pub visible_if: BTreeMap<String, Json>,
    /// Whether whoever has the record's receipt is told it: only of a reply.
    #[schema(nullable = false)]
    pub on_receipt: Option<bool>,
    /// Of text: longest allowed, in Unicode scalar values.
    #[schema(nullable = false)]
    pub max_chars: Option<u32>,
    /// Of text: a regular expression that the whole text must match.
    #[schema(nullable = false)]
    pub pattern: Option<String>,
    /// Of numbers and days: smallest allowed; of decimals and days it is text.
    #[schema(nullable = false)]
    pub min: Option<Bound>,
    /// Of numbers and days: largest allowed.
    #[schema(nullable = false)]
    pub max: Option<Bound>,
    /// Of decimals: most digits after the point.
    #[schema(nullable = false)]
    pub scale: Option<u8>,
    /// The choices of `choose_one` and `choose_many`.
    #[schema(nullable = false)]
    pub choices: Option<Vec<Choice>>,
    /// Of a reference: the form of the other record.
    #[schema(nullable = false)]
    pub form: Option<String>,
    /// Of a group: what each item holds.
    #[schema(nullable = false, no_recursion)]
    pub members: Option<Vec<Field>>,
    /// Of a group: most items.
    #[schema(nullable = false)]
    pub max_items: Option<u32>,
    /// Of a counter: largest step of one operation.
    #[schema(nullable = false)]
    pub max_step: Option<i64>,
}

/// A bound of a field.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Bound {
    Number(i64),
    Text(String),
}

/// One choice of a list.
#[derive(Serialize, ToSchema)]
pub struct Choice {
    /// Its key in records.
    pub key: String,
    /// Its name for people.
    pub label: Label,
}

/// The table of a form's statuses and transitions.
#[derive(Serialize, ToSchema)]
pub struct Lifecycle {
    /// The status of a record without transitions.
    pub initial: String,
    /// All statuses.
    pub statuses: Vec<Status>,
    /// All transitions; one action may stand in several rows.
    pub transitions: Vec<Transition>,
    /// The steps that lead to no status of their own; likewise.
    #[schema(nullable = false)]
    pub asides: Option<Vec<Transition>>,
}

/// One status of a lifecycle.
#[derive(Serialize, ToSchema)]
pub struct Status {
    /// Its key.
    pub key: String,
    /// Its name for people.
    pub label: Label,
    /// Of concurrent transitions the one whose status has the higher rank is shown.
    pub rank: u32,
    /// Whether the doer has done their part, and somebody has yet to close it.
    #[schema(nullable = false)]
    pub done: Option<bool>,
    /// Whether the work is over.
    #[schema(nullable = false)]
    pub closed: Option<bool>,
    /// Whether the time until it is due does not run while the work stands there.
    #[schema(nullable = false)]
    pub suspended: Option<bool>,
}

/// One allowed transition.
#[derive(Serialize, ToSchema)]
pub struct Transition {
    /// Its key.
    pub action: String,
    /// Its name for people.
    pub label: Label,
    /// The statuses it may be made from.
    pub from: Vec<String>,
    /// The status it leads to; absent of an aside.
    #[schema(nullable = false)]
    pub to: Option<String>,
    /// What it does besides: `dispatch`, `reopen`, `evaluate`, `extend`, `recall`, `take_back`, `resume` or `resolve`.
    #[schema(nullable = false)]
    pub means: Option<String>,
    /// The roles that may make it.
    pub roles: Vec<String>,
    /// Fields that must have a value before it.
    #[schema(nullable = false)]
    pub needs: Option<Vec<String>>,
    /// Whether the doer is asked to say why.
    #[schema(nullable = false)]
    pub note: Option<bool>,
    /// Whether it cannot be made without saying why.
    #[schema(nullable = false)]
    pub note_needed: Option<bool>,
    /// Steps of which whoever took them last may not take this one.
    #[schema(nullable = false)]
    pub other_than: Option<Vec<String>>,
    /// Fields of which whoever wrote what stands in them may not take this one.
    #[schema(nullable = false)]
    pub other_than_writers_of: Option<Vec<String>>,
    /// Asides that no longer stand once it was made after them.
    #[schema(nullable = false)]
    pub answers: Option<Vec<String>>,
}

/// One version of the kinds of matters.
#[derive(Serialize, ToSchema)]
pub struct Catalogue {
    /// Its version, from 1 without gaps; 0 when none was published.
    pub version: u32,
    /// How urgent matters can be, least first; `normal` and `urgent` when left out.
    #[schema(nullable = false)]
    pub urgencies: Option<Vec<Urgency>>,
    /// The kinds, in the order they are offered.
    pub kinds: Vec<MatterKind>,
}

/// How urgent a matter can be.
#[derive(Serialize, ToSchema)]
pub struct Urgency {
    /// Its code.
    pub code: String,
    /// Its name for people.
    pub label: Label,
}

/// A number of a unit.
#[derive(Serialize, ToSchema)]
pub struct Deadline {
    /// How many.
    pub amount: u32,
    /// `working_hours`, `working_days`, `hours` or `days`. Of days the one of the report is not counted, and the last ends when work ends, or with its last second.
    pub unit: String,
}

/// In which time a matter should be handled.
#[derive(Serialize, ToSchema)]
pub struct KindDeadline {
    /// For which urgency; for all that have none of their own when left out.
    #[schema(nullable = false)]
    pub urgency: Option<String>,
    /// How many.
    pub amount: u32,
    /// Of what, as of any deadline.
    pub unit: String,
    /// So much before its end it is time to warn.
    #[schema(nullable = false)]
    pub warn: Option<Deadline>,
}

/// A kind of matters.
#[derive(Serialize, ToSchema)]
pub struct MatterKind {
    /// Its code.
    pub code: String,
    /// The code of the kind that it is one of; kinds lie in at most three levels.
    #[schema(nullable = false)]
    pub parent: Option<String>,
    /// Its name for people.
    pub label: Label,
    /// The accountable department; that of the kind it lies in when empty.
    pub department: String,
    /// Hours from the report in which it should be handled, for every urgency without a deadline of its own; open when left out.
    #[schema(nullable = false)]
    pub deadline_hours: Option<u32>,
    /// Deadlines, each for an urgency or for all others; those of the kind it lies in when there are none.
    #[schema(nullable = false)]
    pub deadlines: Option<Vec<KindDeadline>>,
    /// What should be shown: `text`, `photo`, `video`, `audio`, `location`, `signature`, `document`.
    #[schema(nullable = false)]
    pub evidence: Option<Vec<String>>,
    /// The code of how urgent it is, where a matter does not say.
    #[schema(nullable = false)]
    pub urgency: Option<String>,
    /// Whether it goes before others.
    #[schema(nullable = false)]
    pub urgent: Option<bool>,
    /// Whether it is no longer offered. Matters that name it keep their deadline and name.
    #[schema(nullable = false)]
    pub retired: Option<bool>,
    /// Whether a matter of it gets a receipt, by which whoever reported it is told its status.
    #[schema(nullable = false)]
    pub receipt: Option<bool>,
}

/// The boundary of an area, as GeoJSON.
#[derive(Serialize, ToSchema)]
pub struct Boundary {
    /// `Polygon` or `MultiPolygon`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of a `Polygon` its rings: lists of `[longitude, latitude]`, the outer one first and counterclockwise, each closed by its first corner. Of a `MultiPolygon` a list of such.
    pub coordinates: Vec<Json>,
}

/// Boundaries as a GeoJSON feature collection.
#[derive(Serialize, ToSchema)]
pub struct BoundaryCollection {
    /// `FeatureCollection`.
    #[serde(rename = "type")]
    pub kind: String,
    /// One for each area that has a boundary.
    pub features: Vec<BoundaryFeature>,
}

/// The boundary of one area, as a GeoJSON feature.
#[derive(Serialize, ToSchema)]
pub struct BoundaryFeature {
    /// `Feature`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code of the area.
    pub id: String,
    /// The boundary.
    pub geometry: Boundary,
    /// Of which area it is.
    pub properties: BoundaryOf,
}

/// Of which area a boundary is.
#[derive(Serialize, ToSchema)]
pub struct BoundaryOf {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its level.
    pub level: String,
}

/// The public keys that access tokens verify under, as a JWK set (RFC 7517).
#[derive(Serialize, ToSchema)]
pub struct JwkSet {
    /// The key in use, and the ones before it while a token under them may still be valid.
    pub keys: Vec<Jwk>,
}

/// One public key (RFC 8037).
#[derive(Serialize, ToSchema)]
pub struct Jwk {
    /// `OKP`.
    pub kty: String,
    /// `Ed25519`.
    pub crv: String,
    /// `EdDSA`.
    pub alg: String,
    /// `sig`.
    #[serde(rename = "use")]
    pub usage: String,
    /// Its name, as in the header of a token.
    pub kid: String,
    /// The key.
    pub x: String,
}

/// What a phone needs of the directory.
#[derive(Serialize, ToSchema)]
pub struct PhoneDirectory {
    /// Its parts.
    #[serde(flatten)]
    pub parts: BTreeMap<String, Json>,
}

/// What a page keeps under a name: any JSON object.
#[derive(Serialize, ToSchema)]
pub struct SavedJson {
    /// Its members.
    #[serde(flatten)]
    pub members: BTreeMap<String, Json>,
}

/// Bytes as they are.
#[derive(Serialize, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Bytes(pub Vec<u8>);
