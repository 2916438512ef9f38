//! The part of the directory that one user's phone holds.

use crate::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::calendar::Calendar;
use crate::directory::around::Around;
use crate::directory::{Area, Catalogue, Colleague, Directory, DirectoryChange, Grant, User};
use crate::ids::{AreaCode, FormCode, UserId};
use crate::limits::{MAX_BOUNDARY_AREAS, MAX_BOUNDARY_BYTES};
use crate::plan::Plan;
use crate::schema::Form;
use crate::time::Timestamp;

/// What a phone knows of the directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DirectoryScope {
    /// Whose phone it is.
    pub user: UserId,
    /// This user and their colleagues.
    pub users: Vec<User>,
    /// The user's grants in force.
    pub grants: Vec<Grant>,
    /// The areas of the grants, what lies in them and what they lie in.
    pub areas: Vec<Area>,
    /// All forms.
    pub forms: Vec<Form>,
    /// The newest catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<Catalogue>,
    /// The newest working calendar, with all arrangements that the server knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Calendar>,
    /// The plans that hold where the user works.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<Plan>,
    /// Those of the areas that are retired, with the time.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retired_areas: BTreeMap<AreaCode, Timestamp>,
    /// The forms that are retired, with the time.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retired_forms: BTreeMap<FormCode, Timestamp>,
    /// Boundaries of those of the areas, as GeoJSON: as many as [`MAX_BOUNDARY_BYTES`] allows, grids first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub boundaries: BTreeMap<AreaCode, String>,
    /// Who can take a carry bundle of this user, and whose bundles this user can take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub colleagues: Vec<Colleague>,
    /// Whether the organisation demands that the store is opened by its person alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub key_by_person: bool,
}

impl DirectoryScope {
    /// The bytes sent to a phone: JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
    /// Reads what a server sent.
    ///
    /// # Errors
    /// The reason when it is no directory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|e| e.to_string())
    }
    /// A digest by which phone and server see that they hold the same.
    #[must_use]
    pub fn digest_of(bytes: &[u8]) -> [u8; 8] {
        let full: [u8; 32] = Sha256::digest(bytes).into();
        let mut out = [0; 8];
        out.copy_from_slice(&full[..8]);
        out
    }
    /// The directory of just this scope, for the rules that phone and server share.
    #[must_use]
    pub fn to_directory(&self) -> Directory {
        let mut directory = Directory::default();
        directory.apply(DirectoryChange::Areas {
            areas: self.areas.clone(),
        });
        for user in &self.users {
            directory.apply(DirectoryChange::User { user: user.clone() });
        }
        for grant in &self.grants {
            directory.apply(DirectoryChange::Grant {
                grant: grant.clone(),
            });
        }
        for form in &self.forms {
            directory.apply(DirectoryChange::Form {
                form: Box::new(form.clone()),
            });
        }
        for (area, boundary) in &self.boundaries {
            directory.apply(DirectoryChange::Boundary {
                area: area.clone(),
                geometry: Some(boundary.clone()),
            });
        }
        for (area, at) in &self.retired_areas {
            directory.apply(DirectoryChange::AreaRetired {
                area: area.clone(),
                at: Some(*at),
            });
        }
        for (form, at) in &self.retired_forms {
            directory.apply(DirectoryChange::FormRetired {
                form: form.clone(),
                at: Some(*at),
            });
        }
        if let Some(catalogue) = &self.catalogue {
            directory.apply(DirectoryChange::Catalogue {
                catalogue: Box::new(catalogue.clone()),
            });
        }
        if let Some(calendar) = &self.calendar {
            directory.apply(DirectoryChange::Calendar {
                calendar: Box::new(calendar.clone()),
            });
        }
        for plan in &self.plans {
            directory.apply(DirectoryChange::Plan {
                plan: Box::new(plan.clone()),
            });
        }
        directory
    }
    /// The newest version of a form.
    #[must_use]
    pub fn latest_form(&self, code: &FormCode) -> Option<&Form> {
        self.forms
            .iter()
            .filter(|f| f.code == *code)
            .max_by_key(|f| f.version)
    }
}

impl Directory {
    /// The next moment at which some grant begins or ends: until then what [`Self::scope`] and
    /// [`Self::streams_of`] give stays the same while the revision does.
    #[must_use]
    pub fn next_turn(&self, now: Timestamp) -> Timestamp {
        self.turns
            .from(now.plus_millis(1))
            .next()
            .map_or(Timestamp(i64::MAX), |(at, ())| *at)
    }

    /// The grants that cover some area in common with those that it was asked of.
    fn met_by<'a>(&'a self, around: &'a Around) -> impl Iterator<Item = &'a Grant> {
        let few = around.codes().len() < self.grants.len();
        let met: Box<dyn Iterator<Item = &'a Grant> + 'a> = if few && !around.is_everything() {
            let theirs = around.codes().iter();
            let theirs = theirs.flat_map(|code| self.grants_of_area(Some(code)));
            Box::new(theirs.chain(self.grants_of_area(None)))
        } else {
            Box::new(self.grants.values())
        };
        met.filter(|grant| around.meets(grant))
    }

    /// The part of the directory that this user's phone needs.
    #[must_use]
    pub fn scope(&self, user: UserId, now: Timestamp) -> DirectoryScope {
        let around = self.around(&self.granted_areas(user, now));
        DirectoryScope {
            areas: around.areas(self).cloned().collect(),
            ..self.scope_without_areas(user, now, &around)
        }
    }

    /// The same, with the areas left out that it is about.
    pub(super) fn scope_without_areas(
        &self,
        user: UserId,
        now: Timestamp,
        around: &Around,
    ) -> DirectoryScope {
        let colleagues: BTreeSet<UserId> = self
            .met_by(around)
            .filter(|g| g.from <= now && g.until.is_none_or(|until| now < until))
            .map(|g| g.user)
            .chain(std::iter::once(user))
            .gathered();
        let with_phones = self.colleagues_of(around, &colleagues, now);
        let retired_areas = self
            .retired_areas()
            .filter(|(code, _)| around.has(code) && self.areas.contains_key(*code))
            .map(|(code, at)| (code.clone(), at))
            .collect();
        DirectoryScope {
            user,
            users: colleagues
                .iter()
                .filter_map(|id| self.users.get(id))
                .cloned()
                .collect(),
            grants: self.active_grants(user, now).cloned().collect(),
            areas: Vec::new(),
            forms: self.forms.iter().map(|f| (**f).clone()).collect(),
            catalogue: self.catalogue().map(|c| (**c).clone()),
            calendar: self.calendar().map(|c| c.complete()),
            plans: self.plans_of(user, now),
            retired_areas,
            retired_forms: self
                .retired_forms()
                .map(|(form, at)| (form.clone(), at))
                .collect(),
            boundaries: self.boundaries_in(around),
            colleagues: with_phones,
            key_by_person: self.phone_keys().is_some(),
        }
    }

    /// What a phone draws of the places it works in. Whoever has so many areas that a phone would carry
    /// a town's boundaries gets none.
    fn boundaries_in(&self, around: &Around) -> BTreeMap<AreaCode, String> {
        if around.is_everything() || around.codes().len() > MAX_BOUNDARY_AREAS {
            return BTreeMap::new();
        }
        let codes = around.codes().iter();
        let mut there: Vec<(&AreaCode, &str)> = codes
            .filter_map(|code| Some((code, self.boundary(code)?)))
            .collect();
        // The largest areas last: what is left out first says the least.
        there.sort_by_key(|(code, text)| (!self.is_grid(code), text.len()));
        let mut left = MAX_BOUNDARY_BYTES;
        there
            .into_iter()
            .map_while(|(code, text)| {
                left = left.checked_sub(text.len())?;
                Some((code.clone(), text.to_owned()))
            })
            .collect()
    }
}
