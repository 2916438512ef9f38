//! Colleagues with phones: what a phone must know of them to seal a carry bundle to theirs, and to
//! verify what theirs signed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::directory::around::Around;
use crate::directory::{Device, DeviceState, Directory};
use crate::entry::PublicKey;
use crate::ids::{AreaCode, DeviceId, StreamId, UserId};
use crate::limits::MAX_COLLEAGUE_DEVICES;
use crate::schema::Role;
use crate::time::Timestamp;

/// Where somebody reads, and as what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reads {
    /// This area and everything in it. None means everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<AreaCode>,
    /// What they are there.
    pub role: Role,
}

/// A phone of a colleague.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColleagueDevice {
    /// Its id.
    pub id: DeviceId,
    /// Its Ed25519 public key, in hexadecimal.
    pub public_key: String,
}

impl ColleagueDevice {
    /// Its key; none when it is not 32 bytes in hexadecimal.
    #[must_use]
    pub fn key(&self) -> Option<PublicKey> {
        PublicKey::from_hex(&self.public_key)
    }
}

/// Somebody who works in an area of this user, this user with their other phones too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colleague {
    /// Who.
    pub user: UserId,
    /// Their active phones.
    pub devices: Vec<ColleagueDevice>,
    /// What they read of what this user works with.
    pub reads: Vec<Reads>,
}

impl Colleague {
    /// Whether they may read a stream, by a directory that holds its grid and the areas around it.
    #[must_use]
    pub fn may_read(&self, stream: &StreamId, directory: &Directory) -> bool {
        self.reads.iter().any(|reads| {
            reads.role.readable().contains(&stream.class)
                && directory.covers(reads.area.as_ref(), &stream.grid)
        })
    }
}

impl Directory {
    /// The colleagues of somebody with grants of these areas who have a phone. Past
    /// [`MAX_COLLEAGUE_DEVICES`] the phones enrolled last are kept.
    pub(super) fn colleagues_of(
        &self,
        around: &Around,
        users: &BTreeSet<UserId>,
        now: Timestamp,
    ) -> Vec<Colleague> {
        let mut phones: Vec<&Device> = users
            .iter()
            .filter(|user| self.users.get(*user).is_some_and(|u| u.active))
            .flat_map(|user| self.devices_of(*user))
            .filter(|d| d.state == DeviceState::Active)
            .filter(|d| PublicKey::from_hex(&d.public_key).is_some())
            .collect();
        if phones.len() > MAX_COLLEAGUE_DEVICES {
            phones.sort_by_key(|d| std::cmp::Reverse((d.enrolled, d.id)));
            phones.truncate(MAX_COLLEAGUE_DEVICES);
        }
        phones.sort_by_key(|d| d.id);
        let mut by_user: BTreeMap<UserId, Vec<ColleagueDevice>> = BTreeMap::new();
        for phone in phones {
            by_user
                .entry(phone.user)
                .or_default()
                .push(ColleagueDevice {
                    id: phone.id,
                    public_key: phone.public_key.clone(),
                });
        }
        by_user
            .into_iter()
            .map(|(user, devices)| {
                let reads: BTreeSet<Reads> = self
                    .active_grants(user, now)
                    .filter(|theirs| around.meets(theirs))
                    .map(|theirs| Reads {
                        area: theirs.area.clone(),
                        role: theirs.role,
                    })
                    .collect();
                Colleague {
                    user,
                    devices,
                    reads: reads.into_iter().collect(),
                }
            })
            .collect()
    }
}
