//! Carry: bundles of entries that came another way than by their author's own sync.
//!
//! What enters: bytes sealed to this server, brought by anybody. What leaves: a signed receipt for
//! the author's phone, once what the bundle held is durable. The author is who signed, never who
//! carried: admission decides as if the author's device had pushed, and a device that may not sync
//! is kept out here too. What never happens here: keeping anything that its author did not sign, so
//! that no carrier can fill another's quarantine.

use std::collections::BTreeMap;

use gridfold_sync_core::carry::{CarryError, CarryFile, CarryKind, CarryReceipt, LogEnd};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{IncarnationId, StreamId, UserId};

use crate::admit::{PushOutcome, WriteError};
use crate::auth::DeviceStanding;
use crate::keys::StoreError;
use crate::node::Node;

/// Why nothing of a bundle was taken. It is safe to bring it again.
#[derive(Debug, thiserror::Error)]
pub enum CarryFailure {
    /// The bundle, or its author, is not in order.
    #[error("the bundle is not taken: {0}")]
    Bundle(#[from] CarryError),
    /// It was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The author's device could not be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Changes of the directory are missed: nothing is decided.
    #[error("the directory is damaged")]
    InDoubt,
}

/// What became of a bundle.
#[derive(Debug)]
pub struct Carried {
    /// For the author's phone.
    pub receipt: CarryReceipt,
    /// What became of its entries.
    pub push: PushOutcome,
}

impl Node {
    /// Takes a bundle. Blocks until what it held is durable; the same bundle again adds nothing.
    ///
    /// # Errors
    /// [`CarryFailure`]; then nothing of it counts.
    pub fn carry(&self, bytes: &[u8]) -> Result<Carried, CarryFailure> {
        let CarryFile::Bundle(bundle) = CarryFile::decode(bytes).map_err(CarryError::from)? else {
            return Err(CarryError::Damaged.into());
        };
        if bundle.kind != CarryKind::Server {
            return Err(CarryError::NotForUs.into());
        }
        if self.directory.is_in_doubt() {
            return Err(CarryFailure::InDoubt);
        }
        let body = bundle.open_body(&self.server_key)?;
        if body.logs.is_empty() {
            return Err(CarryError::Damaged.into());
        }
        let user = match self.auth.devices.standing_unseen(body.author.0)? {
            DeviceStanding::Active { user_id } => UserId(user_id),
            DeviceStanding::Unknown => return Err(CarryError::AuthorUnknown.into()),
            DeviceStanding::Revoked | DeviceStanding::Wipe | DeviceStanding::UserBlocked => {
                return Err(CarryError::AuthorRevoked.into());
            }
        };
        let key = self
            .device_key(body.author)
            .ok_or(CarryError::AuthorUnknown)?;
        let ends = body.verify(&key)?;
        let author = Author {
            device: body.author,
            user,
        };
        let logs = body.logs.into_iter().map(|piece| piece.log).collect();
        let push = self.writer.push(author, key, logs, Vec::new())?;
        let mut durable: BTreeMap<(StreamId, IncarnationId), LogEnd> = BTreeMap::new();
        for end in ends {
            let refused = push
                .problems
                .iter()
                .any(|p| p.stream == end.stream && p.incarnation == end.incarnation);
            let key = (end.stream.clone(), end.incarnation);
            if !refused && durable.get(&key).is_none_or(|known| known.seq < end.seq) {
                durable.insert(key, end);
            }
        }
        let receipt = CarryReceipt::sign(
            &self.server_key,
            bundle.id,
            author.device,
            self.log.epoch(),
            durable.into_values().collect(),
            push.problems.clone(),
        );
        Ok(Carried { receipt, push })
    }
}
