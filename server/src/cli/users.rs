//! `init` and `user`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use gridfold_sync_core::directory::default_catalogue;
use zeroize::Zeroizing;

use super::{Complaint, Context, Done, complain, find_user, say, say_json, show};
use crate::acts::catalogue::publish_catalogue;
use crate::acts::users::{add_user, change_user, namesakes, read_name};
use crate::auth::{Actor, PASSWORD_MAX_CHARS, Password};
use crate::clock::SystemClock;
use crate::node::Node;

/// Letters of a made password: none that look alike.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
const MADE_GROUPS: usize = 5;
const MADE_GROUP_LETTERS: usize = 5;

#[derive(Debug, Args)]
pub(super) struct Init {
    /// The administrator's login.
    #[arg(long, default_value = "admin")]
    admin: String,
    /// A file whose first line is the administrator's password, `-` for stdin. One is made and printed when left out.
    #[arg(long, value_name = "FILE")]
    admin_password_file: Option<PathBuf>,
    /// The matter kinds to begin with: twelve ordinary ones, or none. They can be changed at any time.
    #[arg(long, value_enum, default_value_t = FirstCatalogue::Default)]
    catalogue: FirstCatalogue,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FirstCatalogue {
    /// Twelve ordinary kinds of community matters, in Chinese and English.
    Default,
    /// None.
    None,
}

#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Add a user.
    Add {
        /// The name colleagues see.
        name: String,
        /// A login, for the dashboard and the API. Phones enrol without one.
        #[arg(long)]
        login: Option<String>,
        /// Add somebody whose name another user has.
        #[arg(long)]
        namesake: bool,
        /// A file whose first line is the password, `-` for stdin. One is made and printed when left out.
        #[arg(long, value_name = "FILE", requires = "login")]
        password_file: Option<PathBuf>,
    },
    /// List the users.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Keep a user from signing in and syncing, from now on.
    Disable {
        /// Id, login or name.
        user: String,
    },
    /// Let a disabled user back in.
    Enable {
        /// Id, login or name.
        user: String,
    },
    /// Set a user's password and end all their sessions.
    Password {
        /// Id, login or name.
        user: String,
        /// A file whose first line is the password, `-` for stdin. One is made and printed when left out.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
}

/// The password of a file, or a new one. Says whether it was made.
fn password(file: Option<&Path>) -> Result<(Zeroizing<String>, bool), Complaint> {
    match file {
        None => Ok((made()?, true)),
        Some(file) => Ok((first_line(file)?, false)),
    }
}

/// The first line of a file, `-` for stdin.
pub(super) fn first_line(file: &Path) -> Result<Zeroizing<String>, Complaint> {
    let mut text = Zeroizing::new(String::new());
    let most = (PASSWORD_MAX_CHARS * 4 + 2) as u64;
    if file == Path::new("-") {
        std::io::stdin().take(most).read_to_string(&mut text)?;
    } else {
        let open = std::fs::File::open(file)
            .map_err(|e| Complaint::new(format!("{}: {e}", file.display())))?;
        open.take(most).read_to_string(&mut text)?;
    }
    let line = text.lines().next().unwrap_or_default().to_owned();
    Ok(Zeroizing::new(line))
}

fn made() -> Result<Zeroizing<String>, Complaint> {
    let mut bytes = Zeroizing::new([0u8; MADE_GROUPS * MADE_GROUP_LETTERS]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|_| Complaint::new("the system gave no random bytes"))?;
    let mut text = Zeroizing::new(String::new());
    for (i, byte) in bytes.iter().enumerate() {
        if i > 0 && i % MADE_GROUP_LETTERS == 0 {
            text.push('-');
        }
        text.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    Ok(text)
}

impl Init {
    pub(super) fn run(self, context: &Context) -> Done {
        let (password, made) = password(self.admin_password_file.as_deref())?;
        let secret = Password::new(password.as_str());
        let node = Node::begin_init(
            &context.data,
            context.config.clone(),
            Arc::new(SystemClock),
            &self.admin,
            &secret,
        )?;
        if matches!(self.catalogue, FirstCatalogue::Default) {
            publish_catalogue(&node, &default_catalogue()?)?;
        }
        // The password before the directory counts: a kill in between leaves one that nobody needs, never a directory that nobody gets into.
        say(&format!("administrator: {}", self.admin))?;
        if made {
            say(&format!("password (shown once): {}", *password))?;
        }
        node.finish_init()?;
        node.shutdown();
        say(&format!("{} is ready.", context.data.display()))?;
        say(
            "Keep a copy of master.key apart from the server: without it no backup of the data alone can be read.",
        )?;
        say(&format!(
            "Next: gridfold --data {} import areas FILE, then serve.",
            context.data.display()
        ))
    }
}

impl User {
    pub(super) fn run(self, context: &Context) -> Done {
        let node = context.open()?;
        let done = self.act(&node);
        node.shutdown();
        done
    }

    fn act(self, node: &Node) -> Done {
        let now = node.clock.now();
        match self {
            Self::Add {
                name,
                login,
                password_file,
                namesake,
            } => {
                let name = read_name(&name).map_err(complain)?;
                if !namesake {
                    asks_of_namesakes(node, &name)?;
                }
                let account = match login {
                    Some(login) => Some((login, password(password_file.as_deref())?)),
                    None => None,
                };
                let given = account
                    .as_ref()
                    .map(|(login, (text, _))| (login.clone(), text.to_string()));
                let user = add_user(node, name, given, Actor::SERVER, now).map_err(complain)?;
                say(&format!("user {}", user.id))?;
                match account {
                    Some((_, (text, true))) => say(&format!("password (shown once): {}", *text)),
                    _ => Ok(()),
                }
            }
            Self::List { json } => list(node, json),
            Self::Disable { user } => activate(node, &user, false),
            Self::Enable { user } => activate(node, &user, true),
            Self::Password {
                user,
                password_file,
            } => {
                let id = find_user(node, &user)?;
                let (text, made) = password(password_file.as_deref())?;
                let secret = Password::new(text.as_str());
                node.auth
                    .accounts
                    .set_password(id.0, &secret, Actor::SERVER, now.millis())?;
                if made {
                    say(&format!("password (shown once): {}", *text))
                } else {
                    say("set")
                }
            }
        }
    }
}

/// Two accounts of one person are hard to make one again, so that a second of the same name is added on a word only.
fn asks_of_namesakes(node: &Node, name: &str) -> Done {
    let known = namesakes(&node.directory.current(), name, |_| true);
    if known.is_empty() {
        return Ok(());
    }
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    Err(Complaint::new(format!(
        "there is a user of this name already: {}. Nobody was added. Is it the same person? Then use that one. \
         Somebody else? Then say so with --namesake",
        known.join(", ")
    )))
}

fn activate(node: &Node, user: &str, active: bool) -> Done {
    let id = find_user(node, user)?;
    change_user(
        node,
        id,
        None,
        Some(active),
        Actor::SERVER,
        node.clock.now(),
    )
    .map_err(complain)?;
    say(if active { "enabled" } else { "disabled" })
}

fn list(node: &Node, json: bool) -> Done {
    let directory = node.directory.current();
    let logins = node.auth.accounts.logins()?;
    let login = |id: uuid::Uuid| {
        logins
            .iter()
            .find(|(_, user)| *user == id)
            .map_or_else(String::new, |(login, _)| login.clone())
    };
    let roles = |user| {
        let roles = directory.roles(user, node.clock.now());
        roles
            .iter()
            .map(|r| r.as_str())
            .collect::<Vec<_>>()
            .join(",")
    };
    if json {
        let all: Vec<_> = directory
            .users()
            .map(|u| {
                serde_json::json!({
                    "user_id": u.id.to_string(), "name": u.name, "login": login(u.id.0),
                    "active": u.active, "roles": roles(u.id),
                })
            })
            .collect();
        return say_json(&all);
    }
    let rows: Vec<Vec<String>> = directory
        .users()
        .map(|u| {
            let state = if u.active { "active" } else { "disabled" };
            vec![
                u.id.to_string(),
                u.name.clone(),
                login(u.id.0),
                state.to_owned(),
                roles(u.id),
            ]
        })
        .collect();
    show::table(&["ID", "NAME", "LOGIN", "STATE", "ROLES"], &rows)
}
