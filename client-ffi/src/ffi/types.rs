//! Values and typed edits as they cross the boundary.

use std::collections::HashMap;

/// What a field, or a member of an item, holds.
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
pub enum FieldValue {
    /// A short text.
    Text {
        /// The text.
        text: String,
    },
    /// A whole number.
    Integer {
        /// The number.
        number: i64,
    },
    /// A decimal number, kept as it was written: `1.50` is not `1.5`.
    Decimal {
        /// The number as text, for example `-12.50`; at most 18 digits.
        number: String,
    },
    /// Yes or no.
    Boolean {
        /// Yes.
        yes: bool,
    },
    /// A day.
    Date {
        /// The day, for example `2026-06-13`.
        date: String,
    },
    /// A moment.
    DateTime {
        /// Milliseconds since 1970-01-01T00:00:00Z.
        at_ms: i64,
    },
    /// One choice of a list.
    Choice {
        /// Its key.
        key: String,
    },
    /// A place on the ground, kept to 1e-7 degrees (about a centimetre).
    Geopoint {
        /// Degrees north, -90 to 90.
        latitude: f64,
        /// Degrees east, -180 to 180.
        longitude: f64,
    },
    /// Another record.
    Reference {
        /// Its id.
        record_id: String,
    },
    /// Somebody with an account. Somebody without one is a text.
    Person {
        /// Their id.
        user_id: String,
        /// What they were called when it was written.
        name: String,
    },
}

/// One item of a repeated group.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct GroupItem {
    /// Its key.
    pub key: String,
    /// Its members by key.
    pub members: HashMap<String, FieldValue>,
}

/// What a field of a record shows.
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
pub enum FieldContent {
    /// One value; see the record's conflicts for others.
    Value {
        /// The value.
        value: FieldValue,
    },
    /// A long text, merged by character.
    LongText {
        /// The text.
        text: String,
    },
    /// Chosen choices.
    Choices {
        /// Their keys, sorted.
        keys: Vec<String>,
    },
    /// Items of a repeated group.
    Items {
        /// The items, by key.
        items: Vec<GroupItem>,
    },
    /// A counter.
    Count {
        /// The sum.
        total: i64,
    },
}

/// One typed operation of an edit.
#[derive(Debug, Clone, PartialEq, uniffi::Enum)]
pub enum Operation {
    /// Gives a field a value, in place of all it had.
    Set {
        /// The field.
        field: String,
        /// Its new value.
        value: FieldValue,
    },
    /// Empties a field.
    Unset {
        /// The field.
        field: String,
    },
    /// Changes a long text at a position; positions count Unicode scalar values.
    Splice {
        /// The field.
        field: String,
        /// Where, from 0.
        at: u32,
        /// How many scalar values go.
        delete: u32,
        /// What comes in their place.
        insert: String,
    },
    /// Makes a long text read like this; only what differs is written, so that it merges.
    SetLongText {
        /// The field.
        field: String,
        /// The whole text.
        text: String,
    },
    /// Adds a choice to a choose-many field.
    Choose {
        /// The field.
        field: String,
        /// The choice.
        choice: String,
    },
    /// Removes a choice from a choose-many field.
    Unchoose {
        /// The field.
        field: String,
        /// The choice.
        choice: String,
    },
    /// Adds an empty item to a repeated group, or brings a removed one back.
    AddItem {
        /// The group.
        field: String,
        /// A key unique in the group, for example twelve random bytes in hexadecimal.
        item: String,
    },
    /// Removes an item; an edit of it made concurrently brings it back whole.
    RemoveItem {
        /// The group.
        field: String,
        /// The item.
        item: String,
    },
    /// Gives a member of an item a value; the item is there afterwards.
    SetMember {
        /// The group.
        field: String,
        /// The item.
        item: String,
        /// The member.
        member: String,
        /// Its new value.
        value: FieldValue,
    },
    /// Empties a member of an item.
    UnsetMember {
        /// The group.
        field: String,
        /// The item.
        item: String,
        /// The member.
        member: String,
    },
    /// Moves a counter; concurrent moves add up.
    Count {
        /// The field.
        field: String,
        /// By how much.
        by: i64,
    },
    /// Moves the status along the form's lifecycle.
    Transition {
        /// Which transition.
        action: String,
        /// What the doer says about it; may be empty.
        note: String,
    },
    /// Marks the record as deleted; it can be restored.
    Delete,
    /// Takes the mark away.
    Restore,
}
