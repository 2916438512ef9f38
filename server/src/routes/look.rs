//! A supervisor looks at a record: noted for the phones of whoever wrote it.
//!
//! What enters: a reader with their roles and the record they open. What leaves: marks on the desk. What never happens here: keeping who looked, or making anyone wait for it: a mark that cannot be noted is left for the next look.

use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::schema::Role;

use crate::desk::SeenLog;
use crate::node::Node;
use crate::problem::Answer;
use crate::routes::Caller;
use crate::views::{ReadScope, WrittenLog};

/// What a supervisor is about to see.
#[derive(Debug, Default)]
pub(super) struct Look(Vec<WrittenLog>);

impl Look {
    /// What the record holds now. Taken before the record is read, so that a mark never covers what was not shown.
    pub(super) fn before(node: &Node, caller: &Caller, record: &str) -> Answer<Self> {
        let Ok(record) = RecordId::parse(record) else {
            return Ok(Self::default());
        };
        if !caller.has_role(&[Role::Supervisor, Role::Admin]) {
            return Ok(Self::default());
        }
        Ok(Self(node.views.written(&record, &ReadScope::all())?))
    }

    /// Notes that the caller has seen it, when they are a supervisor there. What they wrote themselves nobody else has seen by that.
    pub(super) fn done(self, node: &Node, caller: &Caller, record: RecordId, scope: &ReadScope) {
        let logs: Vec<SeenLog> = self
            .0
            .into_iter()
            .filter(|w| w.user != caller.user())
            .filter(|w| scope.has(&w.stream.grid) && scope.classes.contains(&w.stream.class))
            .filter(|w| {
                let roles = caller.roles_in(Some(&w.stream.grid));
                roles.contains(&Role::Supervisor) || roles.contains(&Role::Admin)
            })
            .map(|w| SeenLog {
                user: w.user.0,
                stream: w.stream.name(),
                incarnation: w.upto.incarnation.0,
                seq: w.upto.seq,
            })
            .collect();
        if let Err(error) = node.desk.seen.note(record.0, &logs, caller.now.millis()) {
            tracing::warn!(%error, "what was seen could not be noted");
        }
    }
}
