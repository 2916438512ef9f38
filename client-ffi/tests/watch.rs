//! Watches at the boundary: a wait that is given up loses no event.
#![allow(
    clippy::disallowed_methods,
    reason = "a test may start a thread without a name"
)]

use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::common::{FakeServer, KEY, grid};
use futures_lite::future::{block_on, poll_once};
use gridfold_client::ffi::{
    AutoSyncSettings, Client, ClientError, ClientEvent, FieldContent, FieldValue, HttpHeader,
    HttpReply, HttpRequest, Locale, OpenConfig, Operation, SyncSettings, Transport, TransportError,
    Watch, WatchTarget,
};

/// The server model as an app's transport.
struct Wire(Arc<FakeServer>);

#[async_trait::async_trait]
impl Transport for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpReply, TransportError> {
        let headers = request.headers.into_iter();
        let asked = gridfold_client::HttpRequest {
            method: request.method,
            path: request.path,
            headers: headers.map(|h| (h.name, h.value)).collect(),
            body: request.body,
        };
        let reply = gridfold_client::Transport::call(&*self.0, asked).unwrap();
        let headers = reply.headers.into_iter();
        Ok(HttpReply {
            status: reply.status,
            headers: headers
                .map(|(name, value)| HttpHeader { name, value })
                .collect(),
            body: reply.body,
        })
    }
}

/// Runs a story and fails when it hangs.
fn within(seconds: u64, story: impl Future<Output = ()> + Send + 'static) {
    let (ended, end) = channel();
    std::thread::spawn(move || {
        block_on(story);
        let _ = ended.send(());
    });
    end.recv_timeout(Duration::from_secs(seconds)).unwrap();
}

fn address(round: u32) -> Vec<Operation> {
    vec![Operation::Set {
        field: "address".to_owned(),
        value: FieldValue::Text {
            text: round.to_string(),
        },
    }]
}

fn shown(event: &ClientEvent) -> &str {
    let ClientEvent::Record { record: Some(it) } = event else {
        return "no record";
    };
    match &it.fields["address"] {
        FieldContent::Value {
            value: FieldValue::Text { text },
        } => text,
        _ => "no text",
    }
}

/// A record, and a watch of it that has told how it is.
async fn watched(dir: &tempfile::TempDir) -> (Arc<Client>, String, Arc<Watch>) {
    let server = FakeServer::new();
    let code = server.hire("甲", "c");
    let config = OpenConfig {
        path: dir.path().join("store").to_string_lossy().into_owned(),
        locale: Locale::Zh,
    };
    let client = Client::open(config, KEY.to_vec(), Arc::new(Wire(server)))
        .await
        .unwrap();
    client
        .enrol(code, Some("http://server".to_owned()))
        .await
        .unwrap();
    let record = client
        .create(
            grid(1).to_string(),
            "household".to_owned(),
            address(0),
            None,
        )
        .await
        .unwrap();
    let watch = client
        .watch(WatchTarget::Record {
            record_id: record.clone(),
        })
        .unwrap();
    watch.next_event().await.unwrap();
    (client, record, watch)
}

#[test]
fn a_wait_that_is_given_up_loses_no_event() {
    within(60, async {
        let dir = tempfile::tempdir().unwrap();
        let (client, record, watch) = watched(&dir).await;
        let mut given_up = 0;
        for round in 1..50 {
            client
                .edit(record.clone(), address(round), None)
                .await
                .unwrap();
            if let Some(event) = poll_once(watch.next_event()).await {
                assert_eq!(shown(&event.unwrap()), round.to_string());
                continue;
            }
            given_up += 1;
            let event = watch.next_event().await.unwrap();
            assert_eq!(shown(&event), round.to_string());
        }
        assert!(given_up > 0, "no wait was given up while it read");
    });
}

#[test]
fn who_waits_beside_a_wait_that_is_given_up_is_told() {
    within(60, async {
        let dir = tempfile::tempdir().unwrap();
        let (client, record, watch) = watched(&dir).await;
        let mut given_up = 0;
        for round in 1..50 {
            client
                .edit(record.clone(), address(round), None)
                .await
                .unwrap();
            let mut first = Box::pin(watch.next_event());
            if poll_once(&mut first).await.is_some() {
                continue;
            }
            let mut second = Box::pin(watch.next_event());
            assert!(poll_once(&mut second).await.is_none(), "the first reads it");
            drop(first);
            given_up += 1;
            assert_eq!(shown(&second.await.unwrap()), round.to_string());
        }
        assert!(given_up > 0, "no wait was given up while it read");
    });
}

/// A server whose syncs never come to an end.
struct Stuck {
    server: Wire,
    called: async_channel::Sender<()>,
}

#[async_trait::async_trait]
impl Transport for Stuck {
    async fn call(&self, request: HttpRequest) -> Result<HttpReply, TransportError> {
        if request.path == "/v1/sync" {
            let _ = self.called.send(()).await;
            std::future::pending::<()>().await;
        }
        self.server.call(request).await
    }
}

#[test]
fn closing_on_the_thread_that_serves_the_transport_ends_the_sync() {
    for by_itself in [false, true] {
        within(60, async move {
            let dir = tempfile::tempdir().unwrap();
            let server = FakeServer::new();
            let code = server.hire("甲", "c");
            let (called, calls) = async_channel::bounded(9);
            let config = OpenConfig {
                path: dir.path().join("store").to_string_lossy().into_owned(),
                locale: Locale::Zh,
            };
            let transport = Stuck {
                server: Wire(server.clone()),
                called,
            };
            let client = Client::open(config.clone(), KEY.to_vec(), Arc::new(transport));
            let client = client.await.unwrap();
            let address_of = Some("http://server".to_owned());
            client.enrol(code, address_of).await.unwrap();
            let run = async {
                if by_itself {
                    let settings = AutoSyncSettings {
                        interval_s: 900,
                        debounce_s: 0,
                    };
                    client.run_auto_sync(settings).await.map(|()| true)
                } else {
                    let settings = SyncSettings { budget_bytes: 0 };
                    client.sync(settings).await.map(|_| true)
                }
            };
            let close = async {
                calls.recv().await.unwrap();
                client.shut_down();
            };
            let (ended, ()) = futures_lite::future::zip(run, close).await;
            if by_itself {
                assert_eq!(ended, Ok(true));
            } else {
                assert_eq!(ended, Err(ClientError::Cancelled));
            }
            assert_eq!(client.status().await.err(), Some(ClientError::Closed));
            let again = Client::open_existing(config, KEY.to_vec(), Arc::new(Wire(server)));
            assert!(again.await.is_ok(), "the store is free");
        });
    }
}
