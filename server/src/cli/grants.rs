//! `grant`.

use clap::Subcommand;
use gridfold_sync_core::ids::{AreaCode, GrantId};
use gridfold_sync_core::schema::Role;

use super::{Complaint, Context, Done, complain, find_user, say, say_json, show, time};
use crate::acts::grants::{GrantBody, end_grant, new_grant};
use crate::acts::people::{AccessChoice, AccessOutcome};
use crate::auth::Actor;
use crate::node::Node;

#[derive(Debug, Subcommand)]
pub(super) enum Grant {
    /// Grant a role in an area and everything in it.
    Add {
        /// Id, login or name.
        user: String,
        /// worker, supervisor, admin, auditor or service.
        role: String,
        /// The code of the area; everywhere when left out.
        #[arg(long)]
        area: Option<String>,
        /// From when, as 2026-06-13T01:50:34Z; now when left out.
        #[arg(long)]
        from: Option<String>,
        /// Until when; open when left out.
        #[arg(long)]
        until: Option<String>,
        /// Let them go on with password, phones and sessions that somebody gave them who may not give this grant.
        #[arg(long)]
        keep_access: bool,
    },
    /// End a grant.
    End {
        /// The id of the grant.
        grant: String,
        /// When; now when left out.
        #[arg(long)]
        at: Option<String>,
    },
    /// List the grants.
    List {
        /// Only those of this user: id, login or name.
        #[arg(long)]
        user: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Grant {
    pub(super) fn run(self, context: &Context) -> Done {
        let node = context.open()?;
        let done = self.act(&node);
        node.shutdown();
        done
    }

    fn act(self, node: &Node) -> Done {
        let now = node.clock.now();
        let directory = node.directory.current();
        match self {
            Self::Add {
                user,
                role,
                area,
                from,
                until,
                keep_access,
            } => {
                let user = find_user(node, &user)?;
                let role = Role::parse(&role).ok_or_else(|| {
                    Complaint::new("the role must be worker, supervisor, admin, auditor or service")
                })?;
                let area = area.as_deref().map(AreaCode::new).transpose()?;
                if let Some(code) = area.as_ref().filter(|a| directory.area(a).is_none()) {
                    return Err(Complaint::new(format!(
                        "there is no area {code}: import areas first"
                    )));
                }
                let from = from.as_deref().map_or(Ok(now), time)?;
                let until = until.as_deref().map(time).transpose()?;
                if until.is_some_and(|until| until <= from) {
                    return Err(Complaint::new("--until must be after --from"));
                }
                let grant = new_grant(user, role, area, (from, until), now).map_err(complain)?;
                let id = grant.id;
                let choice = if keep_access {
                    AccessChoice::Keep
                } else {
                    AccessChoice::End
                };
                let access = node
                    .grant(grant, choice, Actor::SERVER, now)
                    .map_err(complain)?;
                say(&format!("grant {id}"))?;
                match access {
                    AccessOutcome::Ended => say(
                        "Their password, codes, phones and sessions were given by somebody who may not give this grant, and have ended: set a password or invite a phone anew.",
                    ),
                    AccessOutcome::Untouched | AccessOutcome::Kept => Ok(()),
                }
            }
            Self::End { grant, at } => {
                let id = GrantId::parse(&grant)?;
                let at = at.as_deref().map_or(Ok(now), time)?;
                let ended = end_grant(node, id, at, Actor::SERVER, now).map_err(complain)?;
                say(&format!("ends {}", ended.until.unwrap_or(at).to_rfc3339()))
            }
            Self::List { user, json } => {
                let user = user.as_deref().map(|u| find_user(node, u)).transpose()?;
                let grants: Vec<GrantBody> = directory
                    .grants()
                    .filter(|g| user.is_none_or(|u| g.user == u))
                    .map(GrantBody::from)
                    .collect();
                if json {
                    return say_json(&grants);
                }
                let rows: Vec<Vec<String>> = grants
                    .into_iter()
                    .map(|g| {
                        vec![
                            g.grant_id,
                            g.user_id,
                            g.role,
                            g.area.unwrap_or_else(|| "*".to_owned()),
                            g.from,
                            g.until.unwrap_or_default(),
                        ]
                    })
                    .collect();
                show::table(&["ID", "USER", "ROLE", "AREA", "FROM", "UNTIL"], &rows)
            }
        }
    }
}
