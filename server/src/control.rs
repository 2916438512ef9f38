//! What an operator's command asks of the server that holds the data directory.
//!
//! What enters: one request from this machine, with a token that stands in a file that only the directory's owner reads. What leaves: how far it is, and what became of it.
//! What never happens here: anything from another machine, or without the token.

use gridfold_sync_core::codec::to_hex;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::auth::Password;
use crate::backup::{BackedUp, LostItems};
use crate::data_dir::DOOR_FILE_NAME;
use crate::node::Node;

/// How long a caller may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest request.
const MAX_REQUEST_BYTES: u64 = 64 << 10;

/// A backup of the running server.
#[derive(Serialize, Deserialize)]
struct BackupRequest {
    token: String,
    /// Where, absolute: the server writes it.
    file: PathBuf,
    /// What to seal it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    passphrase: Option<String>,
}

/// A line of the answer.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AnswerLine {
    /// Items written so far.
    Items(u64),
    /// What is not in it because it is damaged.
    Lost(LostItems),
    /// The backup is whole.
    Done(u64),
    /// It was not made, and why.
    Failed(String),
}

/// Where a server is reached, and what shows that somebody may read its data directory.
#[derive(Serialize, Deserialize)]
struct Door {
    port: u16,
    token: String,
}

/// Serves requests for as long as the process lives. Without a door the server works as well; a command then says that it is not reached.
pub(crate) fn listen(node: &Arc<Node>) {
    let opened = open(&node.dir).and_then(|(listener, token)| {
        // Held weakly, so that a server that stops is not kept by whoever may still ask.
        let node = Arc::downgrade(node);
        std::thread::Builder::new()
            .name("control".into())
            .spawn(move || {
                for stream in listener.incoming().filter_map(Result::ok) {
                    let Some(node) = node.upgrade() else { break };
                    if let Err(error) = answer(&node, &token, &stream) {
                        tracing::debug!(reason = %error, "a command went away");
                    }
                }
            })
    });
    if let Err(error) = opened {
        tracing::warn!(reason = %error, "no backup can be asked for while the server runs");
    }
}

fn open(dir: &Path) -> std::io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    let token = to_hex(&bytes);
    let door = Door {
        port: listener.local_addr()?.port(),
        token: token.clone(),
    };
    let path = dir.join(DOOR_FILE_NAME);
    crate::keys::create_private(&path)?;
    std::fs::write(path, serde_json::to_vec(&door)?)?;
    Ok((listener, token))
}

fn tell(to: &mut impl Write, what: &AnswerLine) -> std::io::Result<()> {
    serde_json::to_writer(&mut *to, what)?;
    to.write_all(b"\n")?;
    to.flush()
}

fn answer(node: &Node, token: &str, stream: &TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut to = stream;
    let mut line = Zeroizing::new(String::new());
    BufReader::new(stream.take(MAX_REQUEST_BYTES)).read_line(&mut line)?;
    let request: BackupRequest = serde_json::from_str(&line)?;
    if !bool::from(request.token.as_bytes().ct_eq(token.as_bytes())) {
        return Err(std::io::ErrorKind::PermissionDenied.into());
    }
    let passphrase = request.passphrase.map(Password::new);
    let mut gone = Ok(());
    let made = node.backup_sealed(&request.file, passphrase.as_ref(), &mut |items| {
        if gone.is_ok() {
            gone = tell(&mut to, &AnswerLine::Items(items));
        }
    });
    let told = match made {
        Ok(BackedUp { items, lost }) => {
            for lost in lost {
                tell(&mut to, &AnswerLine::Lost(lost))?;
            }
            AnswerLine::Done(items)
        }
        Err(error) => AnswerLine::Failed(error.to_string()),
    };
    tell(&mut to, &told)
}

/// Asks the server that runs on a data directory for a backup.
pub(crate) fn ask(
    dir: &Path,
    file: PathBuf,
    passphrase: Option<&str>,
    progress: &mut dyn FnMut(u64),
) -> std::io::Result<Result<BackedUp, String>> {
    let door: Door = serde_json::from_slice(&std::fs::read(dir.join(DOOR_FILE_NAME))?)?;
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, door.port))?;
    let request = BackupRequest {
        token: door.token,
        file,
        passphrase: passphrase.map(str::to_owned),
    };
    let mut line = Zeroizing::new(serde_json::to_vec(&request)?);
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut lost = Vec::new();
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?)? {
            AnswerLine::Items(items) => progress(items),
            AnswerLine::Lost(items) => lost.push(items),
            AnswerLine::Done(items) => return Ok(Ok(BackedUp { items, lost })),
            AnswerLine::Failed(why) => return Ok(Err(why)),
        }
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
}
