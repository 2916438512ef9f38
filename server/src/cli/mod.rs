//! The command line: one file for each kind of command.
//!
//! What enters is arguments; what leaves is text for people on stdout, progress and complaints on stderr, and an exit code: 0 when all is well, 1 when something is not, 2 for wrong arguments.

mod carry;
mod clock;
mod devices;
mod forms;
mod grants;
mod heal;
mod imports;
mod qr;
mod records;
mod safety;
mod serve;
mod show;
mod users;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use gridfold_sync_core::directory::Directory;
use gridfold_sync_core::ids::UserId;
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::search::fold_keeping_accents;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::node::{Node, NodeError};
use crate::problem::Problem;

/// Gridfold: offline-first records for community grid work.
#[derive(Debug, Parser)]
#[command(name = "gridfold", version, about, max_term_width = 100)]
struct Cli {
    /// The data directory.
    #[arg(
        long,
        global = true,
        env = "GRIDFOLD_DATA",
        default_value = "gridfold-data",
        value_name = "DIR"
    )]
    data: PathBuf,
    /// The configuration file; gridfold.toml in the data directory when left out.
    #[arg(long, global = true, env = "GRIDFOLD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the data directory, its keys and an administrator, whose password is printed once.
    Init(users::Init),
    /// Serve the API and the dashboard until told to stop.
    Serve(serve::Serve),
    /// People: add, list, disable, enable, password.
    #[command(subcommand)]
    User(users::User),
    /// Who may do what where: add, end, list.
    #[command(subcommand)]
    Grant(grants::Grant),
    /// Phones: invite, list, revoke.
    #[command(subcommand)]
    Device(devices::Device),
    /// Import areas, matter kinds or matters from a file, or the carry bundle of a phone; list what was imported, and take it back.
    #[command(subcommand)]
    Import(records::Import),
    /// Export records to stdout or a file.
    #[command(subcommand)]
    Export(records::Export),
    /// Forms that people already have: say what of one can't be taken, or replay a walk through it.
    #[command(subcommand)]
    Form(forms::Form),
    /// Write everything the server needs to one file. It holds the keys: guard it like the server.
    Backup(safety::Backup),
    /// Make a data directory of a backup. Phones notice and bring back what came after it.
    Restore(safety::Restore),
    /// Check logs, chains, signatures, audit and views; exits with 0 only when all is well.
    Verify(safety::Verify),
    /// What the clocks say; with --confirm, that the machine's is right.
    Clock(clock::Clock),
    /// Put damaged items of the log back from a backup or a standby, proven by key and chain.
    Heal(heal::Heal),
    /// Go on with a log that is shorter than what was acknowledged, under a new epoch; phones bring back what they hold.
    AcceptLoss(heal::AcceptLoss),
    /// Print the effective configuration with its meaning, defaults and environment names.
    Config,
}

/// What is said when a command fails.
#[derive(Debug)]
pub(crate) struct Complaint(String, Option<u8>);

/// Exit code when rows of a file were not taken, or not all of an import was taken back: it is to be looked
/// at. What was done stays.
const NOT_ALL_TAKEN: u8 = 65;

type Done = Result<(), Complaint>;

impl<E: std::error::Error> From<E> for Complaint {
    fn from(error: E) -> Self {
        Self(error.to_string(), None)
    }
}

impl Complaint {
    fn new(text: impl Into<String>) -> Self {
        Self(text.into(), None)
    }

    /// With an exit code of its own.
    fn with_code(code: u8, text: impl Into<String>) -> Self {
        Self(text.into(), Some(code))
    }
}

/// What a route would answer, in words.
fn complain(problem: Problem) -> Complaint {
    use gridfold_sync_core::notice::{Locale, text};
    let title = text(problem.code.as_str(), Locale::En);
    Complaint::new(match problem.detail {
        Some(detail) => format!("{title} ({})", detail.en),
        None => title.to_owned(),
    })
}

struct Context {
    data: PathBuf,
    config: Config,
    /// Whether the configuration is of a file that was named.
    config_is_named: bool,
}

impl Context {
    /// Opens the data directory for a command. While a server runs on it this says so and changes nothing.
    fn open(&self) -> Result<Arc<Node>, Complaint> {
        let node = Node::open(&self.data, self.config.clone(), Arc::new(SystemClock)).map_err(|error| match error {
            NodeError::Locked(dir) => Complaint::new(format!(
                "a running server (or another command) holds {}. Nothing was changed. \
                 Use the server's API or dashboard for this, or stop it, run the command, and start it again \
                 (a backup is made of a running server with `backup --running`)",
                dir.display()
            )),
            other => Complaint::from(other),
        })?;
        for change in node.directory.lacking() {
            let _ = writeln!(
                std::io::stderr(),
                "gridfold: {change}. What people may do may be shown as it was before it"
            );
        }
        Ok(node)
    }
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Complaint(text, code)) => {
            let _ = writeln!(std::io::stderr(), "gridfold: {text}");
            code.map_or(ExitCode::FAILURE, ExitCode::from)
        }
    }
}

fn run(cli: Cli) -> Done {
    let config_is_named = cli.config.is_some();
    let config = Config::load(&cli.data, cli.config.as_deref(), std::env::vars())?;
    let context = Context {
        data: cli.data,
        config,
        config_is_named,
    };
    match cli.command {
        Command::Init(command) => command.run(&context),
        Command::Serve(command) => command.run(context),
        Command::User(command) => command.run(&context),
        Command::Grant(command) => command.run(&context),
        Command::Device(command) => command.run(&context),
        Command::Import(command) => command.run(&context),
        Command::Export(command) => command.run(&context),
        Command::Form(command) => command.run(&context),
        Command::Backup(command) => command.run(&context),
        Command::Restore(command) => command.run(&context),
        Command::Verify(command) => command.run(&context),
        Command::Clock(command) => command.run(&context),
        Command::Heal(command) => command.run(&context),
        Command::AcceptLoss(command) => command.run(&context),
        Command::Config => say(context.config.to_commented_toml().trim_end()),
    }
}

/// Writes a line to stdout. A reader that went away is no failure.
fn say(line: &str) -> Done {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn say_json(value: &impl serde::Serialize) -> Done {
    say(&serde_json::to_string_pretty(value)?)
}

/// The user that an id, a login or a name means.
fn find_user(node: &Node, text: &str) -> Result<UserId, Complaint> {
    let directory = node.directory.current();
    if let Some(user) = UserId::parse(text)
        .ok()
        .filter(|id| directory.user(id).is_some())
    {
        return Ok(user);
    }
    let (typed, login) = (text.trim().to_lowercase(), fold_keeping_accents(text));
    if let Some((_, user)) = node
        .auth
        .accounts
        .logins()?
        .iter()
        .find(|(l, _)| *l == typed || *l == login)
    {
        return Ok(UserId(*user));
    }
    let mut named = directory.users().filter(|u| u.name == text);
    match (named.next(), named.next()) {
        (Some(user), None) => Ok(user.id),
        (Some(_), Some(_)) => Err(Complaint::new(format!(
            "several users are named {text}: use the id, see `gridfold user list`"
        ))),
        (None, _) => Err(Complaint::new(format!(
            "there is no user {text}: see `gridfold user list`"
        ))),
    }
}

/// Somebody who is admin everywhere, in whose name the operator's commands edit.
fn an_admin(node: &Node, directory: &Directory) -> Result<UserId, Complaint> {
    let now = node.clock.now();
    directory
        .users()
        .filter(|u| u.active)
        .find(|u| {
            directory
                .active_grants(u.id, now)
                .any(|g| g.area.is_none() && g.role == Role::Admin)
        })
        .map(|u| u.id)
        .ok_or_else(|| Complaint::new("nobody is admin everywhere: name who imports with --as"))
}

fn time(text: &str) -> Result<gridfold_sync_core::time::Timestamp, Complaint> {
    crate::acts::read_time(text, "the time").map_err(complain)
}

fn is_file_free(path: &Path) -> Done {
    if path.exists() {
        return Err(Complaint::new(format!(
            "{} exists already: choose another name, nothing is overwritten",
            path.display()
        )));
    }
    Ok(())
}
