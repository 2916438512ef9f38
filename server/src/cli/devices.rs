//! `device`.

use std::io::IsTerminal as _;

use clap::Subcommand;
use gridfold_sync_core::ids::UserId;
use gridfold_sync_core::time::Timestamp;
use qrcode::QrCode;
use uuid::Uuid;

use super::{Complaint, Context, Done, complain, find_user, qr, say, say_json, show};
use crate::acts::devices::{DeviceBody, revoke_device};
use crate::auth::Actor;
use crate::node::Node;

#[derive(Debug, Subcommand)]
pub(super) enum Device {
    /// Make a one-time code for a user's phone, valid for 15 minutes, as text and QR code.
    Invite {
        /// Id, login or name.
        user: String,
        /// Only the text, for scripts.
        #[arg(long)]
        no_qr: bool,
    },
    /// List the phones.
    List {
        /// Only those of this user: id, login or name.
        #[arg(long)]
        user: Option<String>,
        /// Consoles too.
        #[arg(long)]
        consoles: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take a phone out of use.
    Revoke {
        /// The id of the device.
        device: String,
        /// It must also erase itself at its next contact.
        #[arg(long)]
        wipe: bool,
    },
}

impl Device {
    pub(super) fn run(self, context: &Context) -> Done {
        let node = context.open()?;
        let done = self.act(&node);
        node.shutdown();
        done
    }

    fn act(self, node: &Node) -> Done {
        let now = node.clock.now();
        match self {
            Self::Invite { user, no_qr } => {
                let user = find_user(node, &user)?;
                let made = node
                    .auth
                    .enrolment
                    .invite(user.0, Actor::SERVER, now.millis())?;
                if !no_qr {
                    let code = QrCode::new(made.code.qr(&node.config.public_url()).as_bytes())?;
                    say(&qr::drawn(&code, std::io::stdout().is_terminal()))?;
                }
                say(&format!("server: {}", node.config.public_url()))?;
                say(&format!("code (shown once): {}", *made.code.text()))?;
                say(&format!(
                    "valid until: {}",
                    Timestamp(made.expires_ms).to_rfc3339()
                ))
            }
            Self::List {
                user,
                consoles,
                json,
            } => {
                let users: Vec<UserId> = match user {
                    Some(user) => vec![find_user(node, &user)?],
                    None => node.directory.current().users().map(|u| u.id).collect(),
                };
                let mut devices = Vec::new();
                for user in users {
                    let all = node.auth.devices.of_user(user.0)?;
                    devices.extend(
                        all.iter()
                            .filter(|d| consoles || d.public_key.is_some())
                            .map(DeviceBody::from),
                    );
                }
                if json {
                    return say_json(&devices);
                }
                let rows: Vec<Vec<String>> = devices
                    .into_iter()
                    .map(|d| {
                        vec![
                            d.device_id,
                            d.user_id,
                            d.kind,
                            d.state,
                            d.label,
                            d.fingerprint.unwrap_or_default(),
                            d.last_seen_at,
                        ]
                    })
                    .collect();
                show::table(
                    &[
                        "ID",
                        "USER",
                        "KIND",
                        "STATE",
                        "LABEL",
                        "FINGERPRINT",
                        "LAST SEEN",
                    ],
                    &rows,
                )
            }
            Self::Revoke { device, wipe } => {
                let id = Uuid::parse_str(&device).map_err(|_| {
                    Complaint::new("this is not the id of a device: see `gridfold device list`")
                })?;
                let device = revoke_device(node, id, wipe, Actor::SERVER, now).map_err(complain)?;
                say(&DeviceBody::from(&device).state)
            }
        }
    }
}
