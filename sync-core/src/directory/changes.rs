//! What the directory is made of, and the changes that make it.

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::directory::{Catalogue, ImportStep, MovedRecord, RedrawStep};
use crate::ids::{AreaCode, DeviceId, FormCode, GrantId, ImportId, RecordId, RedrawId, UserId};
use crate::plan::Plan;
use crate::schema::{Form, Role};
use crate::time::Timestamp;

/// The level of an area that records are kept for.
pub const GRID_LEVEL: &str = "grid";

/// A node of the place tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Area {
    /// Its code.
    pub code: AreaCode,
    /// The area it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<AreaCode>,
    /// Its name.
    pub name: String,
    /// `province`, `district`, `street`, `community`, `grid` or another word; only `grid` holds records.
    pub level: String,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// The name colleagues see.
    pub name: String,
    /// Whether they may still sign in.
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// One line of the ledger of who may do what where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Whose it is.
    pub user: UserId,
    /// What it lets them be.
    pub role: Role,
    /// Where: this area and everything in it. None means everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<AreaCode>,
    /// From when.
    pub from: Timestamp,
    /// Until when; open when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What a device may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// It syncs.
    Active,
    /// It may no longer sync; at its next contact it is told to wipe itself.
    Revoked,
}

/// A phone or the server's console.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Whose it is.
    pub user: UserId,
    /// Its Ed25519 public key, in hexadecimal.
    pub public_key: String,
    /// What it may do.
    pub state: DeviceState,
    /// When it was enrolled.
    pub enrolled: Timestamp,
}

/// How a record came to be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The record's grid.
    pub grid: AreaCode,
    /// Who erased it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// When it was done again, on a server restored from a backup made before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Timestamp>,
}

/// How long records of a form are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionRule {
    /// Days after the last change of a record on which nothing is to be done.
    pub days: u32,
    /// Who said so.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// That a phone's store is opened by its person alone: the app asks for a PIN, or the device for its
/// person, at each opening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRule {
    /// Who said so.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

/// One change of the directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum DirectoryChange {
    /// Adds or replaces areas.
    Areas {
        /// The areas.
        areas: Vec<Area>,
    },
    /// An area lay elsewhere until now: who worked there may still bring what they wrote.
    Moved {
        /// The area.
        area: AreaCode,
        /// What it lay in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parent: Option<AreaCode>,
        /// When it was moved.
        at: Timestamp,
    },
    /// An area is no longer worked in, or is again: nothing new is put into it or into what lies in
    /// it, and what is there stays. It lasts whatever later changes say of the area's name or place.
    AreaRetired {
        /// The area.
        area: AreaCode,
        /// Since when; none takes it back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// A form is no longer filled in anew, or is again; records of it stay.
    FormRetired {
        /// The form.
        form: FormCode,
        /// Since when; none takes it back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// Adds or replaces a user.
    User {
        /// The user.
        user: User,
    },
    /// Who added a user, so that somebody may act on them before their first grant. The first word
    /// stands.
    UserMade {
        /// The user.
        user: UserId,
        /// Who added them.
        by: UserId,
    },
    /// Adds a grant, or changes its end.
    Grant {
        /// The grant.
        grant: Grant,
    },
    /// Adds or replaces a device.
    Device {
        /// The device.
        device: Device,
    },
    /// Publishes a form version.
    Form {
        /// The form.
        form: Box<Form>,
    },
    /// Publishes a version of the catalogue.
    Catalogue {
        /// The catalogue.
        catalogue: Box<Catalogue>,
    },
    /// A device has shown that it erased a stream it may no longer hold.
    StreamErased {
        /// The device.
        device: DeviceId,
        /// The stream's name.
        stream: String,
        /// When it said so.
        at: Timestamp,
    },
    /// A refused edit was looked at by someone who may settle it.
    RefusalSettled {
        /// The stream's name.
        stream: String,
        /// The entry.
        entry: String,
        /// `dismissed`, or `adopted` as a new edit.
        how: String,
        /// Who did.
        by: UserId,
        /// When.
        at: Timestamp,
    },
    /// A record was erased: nothing of it may come back.
    RecordErased {
        /// The record.
        record: RecordId,
        /// How it came to that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        erasure: Option<Erasure>,
    },
    /// A record goes on as another one, in another grid or merged into it.
    RecordMoved {
        /// The record as it was.
        record: RecordId,
        /// Where it went.
        moved: MovedRecord,
    },
    /// A version of the working calendar is published.
    Calendar {
        /// The calendar.
        calendar: Box<Calendar>,
    },
    /// A version of a plan is published.
    Plan {
        /// The plan.
        plan: Box<Plan>,
    },
    /// A word on an import.
    Import {
        /// The import.
        id: ImportId,
        /// What is said of it.
        step: ImportStep,
    },
    /// A word on a redrawing of grids.
    Redraw {
        /// The redrawing.
        id: RedrawId,
        /// What is said of it.
        step: Box<RedrawStep>,
    },
    /// How long records of a form are kept was said, or taken back.
    Retention {
        /// The form.
        form: FormCode,
        /// The rule; none keeps them until somebody erases them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<RetentionRule>,
    },
    /// That phones are opened by their person alone was said, or taken back.
    PhoneKeys {
        /// The rule; none leaves it to each person.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<KeyRule>,
    },
    /// An area got a boundary, or lost it.
    Boundary {
        /// The area.
        area: AreaCode,
        /// A GeoJSON Polygon or MultiPolygon; none takes the boundary away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        geometry: Option<String>,
    },
}

impl DirectoryChange {
    /// Whether it changes what the phone of somebody is sent of the directory.
    pub(super) fn is_shown(&self) -> bool {
        match self {
            Self::Areas { .. }
            | Self::AreaRetired { .. }
            | Self::FormRetired { .. }
            | Self::User { .. }
            | Self::Grant { .. }
            | Self::Device { .. }
            | Self::Form { .. }
            | Self::Catalogue { .. }
            | Self::Calendar { .. }
            | Self::Plan { .. }
            | Self::PhoneKeys { .. }
            | Self::Boundary { .. } => true,
            Self::Moved { .. }
            | Self::UserMade { .. }
            | Self::StreamErased { .. }
            | Self::RefusalSettled { .. }
            | Self::RecordErased { .. }
            | Self::RecordMoved { .. }
            | Self::Import { .. }
            | Self::Redraw { .. }
            | Self::Retention { .. } => false,
        }
    }
}
