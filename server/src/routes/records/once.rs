//! A write that names itself with `Idempotency-Key` happens once, however often it is asked for.

use gridfold_sync_core::entry::RefusalCode;
use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::notice;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::body::record_body;
use super::find::find;
use super::result::{EditResult, VerdictBody};
use crate::auth::Repeat;
use crate::node::Node;
use crate::problem::{Answer, Code, Problem};
use crate::routes::Caller;
use crate::words::said;

/// A request by the name that its caller gave it; without one it is asked for the first time.
#[derive(Debug)]
pub(crate) struct Once(Option<(String, [u8; 32])>);

/// What is kept of an answer: what was decided, none of the words.
#[derive(Serialize, Deserialize)]
enum Kept {
    Written {
        record: String,
        verdicts: Vec<VerdictBody>,
    },
    Refused(String),
    /// Refused before an entry was made of it: nothing of it waits.
    Unwritten(String),
}

impl Once {
    /// A request, with all that it asks.
    pub(crate) fn new(key: Option<String>, path: &str, base: &str, asked: &impl Serialize) -> Self {
        Self(key.map(|key| {
            let mut hash = Sha256::new();
            for part in [path.as_bytes(), base.as_bytes()] {
                hash.update(part.len().to_be_bytes());
                hash.update(part);
            }
            hash.update(serde_json::to_vec(asked).unwrap_or_default());
            (key, hash.finalize().into())
        }))
    }

    /// Carries a request out unless it was before; then answers as it did, with the record as it is now.
    pub(crate) fn run(
        self,
        node: &Node,
        caller: &Caller,
        record: RecordId,
        act: impl FnOnce() -> Answer<EditResult>,
    ) -> Answer<EditResult> {
        let Some((key, digest)) = self.0 else {
            return act();
        };
        let (requests, user) = (&node.auth.requests, caller.actor.user);
        let _door = requests.door(user, &key);
        match requests.begin(user, &key, &digest, caller.now.millis())? {
            Repeat::Begun => {}
            Repeat::Answered(kept) => return again(node, caller, &kept),
            Repeat::Other => {
                return Err(Problem::new(Code::Conflict).because_in(said!("once_of_another")));
            }
            Repeat::Unfinished => {
                return Err(Problem::new(Code::Conflict).because_in(said!("once_interrupted")));
            }
        }
        let answer = act();
        let kept = match &answer {
            Ok(result) => Some(Kept::Written {
                record: record.to_string(),
                verdicts: result.verdicts.clone(),
            }),
            Err(problem) => match problem.code {
                Code::Refused(code) if problem.kept == notice::Kept::Nothing => {
                    Some(Kept::Unwritten(code.as_str().to_owned()))
                }
                Code::Refused(code) => Some(Kept::Refused(code.as_str().to_owned())),
                _ => None,
            },
        };
        let kept = kept.and_then(|kept| serde_json::to_string(&kept).ok());
        if let Err(error) = requests.end(user, &key, kept.as_deref()) {
            tracing::error!(%error, "what became of a named request was not noted");
        }
        answer
    }
}

fn again(node: &Node, caller: &Caller, kept: &str) -> Answer<EditResult> {
    match serde_json::from_str(kept).map_err(|e| Problem::internal(&e))? {
        Kept::Written { record, verdicts } => Ok(EditResult {
            verdicts,
            record: find(node, caller, &record)
                .ok()
                .map(|(stored, scope)| record_body(node, caller, &stored, &scope))
                .transpose()?,
        }),
        Kept::Refused(code) => Err(refused(&code)),
        Kept::Unwritten(code) => Err(refused(&code).unkept()),
    }
}

fn refused(code: &str) -> Problem {
    RefusalCode::ALL
        .iter()
        .find(|c| c.as_str() == code)
        .map_or_else(|| Problem::internal(&code), |c| (*c).into())
}
