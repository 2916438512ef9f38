//! Answers: what a phone takes for the word of its server.
//!
//! What enters: a request and the bytes that came back. What leaves: an answer that the server
//! signed for this device and this very request, or one that says nothing. What never happens here:
//! obeying what anybody between could have said; and from a server that signed once, nothing without
//! a signature is taken any more.

use gridfold_sync_core::limits::MAX_RESETS_PER_SYNC;
use gridfold_sync_core::wire::{
    ERASED_WIRE_VERSION, SIGNED_WIRE_VERSION, SyncRequest, SyncResponse,
};

use crate::error::ClientError;
use crate::shell::Shell;
use crate::shell::reply::Reply;
use crate::shell::transport::Transport;
use crate::types::SyncReport;

const SYNC_PATH: &str = "/v1/sync";
const SYNC_CONTENT_TYPE: &str = "application/vnd.gridfold.sync";

/// How one sync speaks with its server.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    /// The server knows perhaps only the first version.
    first_version: bool,
    /// Answers with resets so far.
    resets: u32,
}

/// What was asked, byte for byte, and what came back.
pub(crate) struct Exchanged {
    pub(crate) asked: Vec<u8>,
    pub(crate) reply: Reply,
}

impl Talk {
    /// Makes one round trip. A server of before answers a version that it does not know with 400;
    /// the same is then said in the first one, unless this server was ever heard to sign.
    pub(crate) fn exchange(
        &mut self,
        shell: &Shell,
        transport: &dyn Transport,
        request: &mut SyncRequest,
        report: &mut SyncReport,
    ) -> Result<Exchanged, ClientError> {
        if self.first_version {
            speak_first_version(request);
        }
        let mut done = send(shell, transport, request, report)?;
        let unknown = matches!(&done.reply, Reply::Problem(problem) if problem.status == 400);
        if unknown && request.seen.is_some() && !shell.server_signs()? {
            // Said again at once, not as another turn: what a sync may cost must not keep it
            // from ever getting through.
            self.first_version = true;
            speak_first_version(request);
            done = send(shell, transport, request, report)?;
        } else if unknown && request.version() == ERASED_WIRE_VERSION {
            // It asks for what is missing then, and the log goes on under another name.
            request.leave_erased_out();
            done = send(shell, transport, request, report)?;
        }
        Ok(done)
    }

    /// Reads the body that came back.
    pub(crate) fn read(
        &mut self,
        shell: &Shell,
        request: &SyncRequest,
        asked: &[u8],
        body: &[u8],
    ) -> Result<SyncResponse, ClientError> {
        // A body that was cut, or is not the server's, is a broken connection; so is one of another
        // version, since a server answers in the version of the request.
        let offline = ClientError::Offline { retry_after: None };
        let account = shell.account()?;
        let author = account.author();
        let Ok(mut answer) = SyncResponse::decode(body, request, author) else {
            return Err(offline);
        };
        if request.version() < SIGNED_WIRE_VERSION {
            // Nobody knows who ordered it.
            answer.directives.clear();
            answer.erasures = None;
        } else if !answer.is_proved(request, asked, author, &account.server_key()) {
            return Err(offline);
        }
        if !answer.resets.is_empty() {
            self.resets += 1;
            if self.resets > MAX_RESETS_PER_SYNC {
                return Err(offline);
            }
        }
        Ok(answer)
    }
}

impl Shell {
    /// Whether the server of this account was heard to sign an answer.
    fn server_signs(&self) -> Result<bool, ClientError> {
        let server = self.account()?.server_key;
        Ok(self.state.read().core.session.signed_by == Some(server))
    }
}

fn speak_first_version(request: &mut SyncRequest) {
    (request.seen, request.report, request.trip) = (None, None, None);
}

fn send(
    shell: &Shell,
    transport: &dyn Transport,
    request: &SyncRequest,
    report: &mut SyncReport,
) -> Result<Exchanged, ClientError> {
    let asked = request.encode();
    report.bytes_up += asked.len() as u64;
    report.round_trips += 1;
    let reply = shell.call(transport, SYNC_PATH, SYNC_CONTENT_TYPE, asked.clone())?;
    Ok(Exchanged { asked, reply })
}
