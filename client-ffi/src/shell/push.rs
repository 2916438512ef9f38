//! Being told that there is news while the app is closed: what the app's platform gave for it goes to the server, since
//! only the library has the device's token.
//!
//! What enters: where the platform's push service is to be written to. What leaves: the server's word on it. What never
//! happens here: anything of what the news is, which only a sync brings.

use serde::{Deserialize, Serialize};

use crate::error::ClientError;
use crate::shell::Shell;
use crate::shell::http::read;
use crate::shell::reply::JSON;
use crate::shell::transport::AsyncTransport;
use crate::types::{PushState, PushSubscription};

const PATH: &str = "/v1/push";

#[derive(Serialize)]
struct Change<'a> {
    subscription: Option<Address<'a>>,
}

#[derive(Serialize)]
struct Address<'a> {
    endpoint: &'a str,
    p256dh: &'a str,
    auth: &'a str,
}

#[derive(Deserialize)]
struct State {
    #[serde(default)]
    key: Option<String>,
    subscribed: bool,
}

impl Shell {
    pub(crate) async fn push(
        &self,
        transport: &dyn AsyncTransport,
    ) -> Result<PushState, ClientError> {
        match self.ask(transport, "GET", Vec::new()).await {
            // A server of before knows of no such thing.
            Err(ClientError::Rejected { code, .. }) if code == "not_found" => Ok(PushState {
                key: None,
                subscribed: false,
            }),
            other => state(&other?),
        }
    }

    pub(crate) async fn set_push(
        &self,
        transport: &dyn AsyncTransport,
        subscription: Option<&PushSubscription>,
    ) -> Result<PushState, ClientError> {
        let change = Change {
            subscription: subscription.map(|given| Address {
                endpoint: &given.endpoint,
                p256dh: &given.p256dh,
                auth: &given.auth,
            }),
        };
        let body = serde_json::to_vec(&change).map_err(|_| ClientError::internal("push/encode"))?;
        state(&self.ask(transport, "POST", body).await?)
    }

    async fn ask(
        &self,
        transport: &dyn AsyncTransport,
        method: &str,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, ClientError> {
        self.call_by(method, transport, PATH, JSON, body)
            .await?
            .body()
    }
}

fn state(body: &[u8]) -> Result<PushState, ClientError> {
    let state: State = read(body)?;
    Ok(PushState {
        key: state.key,
        subscribed: state.subscribed,
    })
}
