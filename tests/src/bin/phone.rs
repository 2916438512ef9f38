//! One worker's phone for stories told in other languages: the real client on a real store.
//! Each line of input is a JSON command, each line of output its answer: `{"ok":…}` or `{"error":…}`.
#![expect(
    clippy::print_stdout,
    reason = "answers go to whoever tells the story, line by line"
)]

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use gridfold_client::{
    Client, Folder, OpenOptions, Platform as _, Query, SyncOptions, SystemPlatform, UreqTransport,
};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{FieldKey, FormCode, RecordId};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tests::demo::content::Content;
use tests::demo::phone::STORE_KEY;

/// A phone in the hand of a story.
#[derive(Debug, Parser)]
#[command(name = "phone")]
struct Options {
    /// Where its store is; made when it is not there.
    #[arg(long)]
    store: PathBuf,
    /// The server.
    #[arg(long)]
    server: String,
    /// Seed of what it captures.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What a worker does.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Act {
    /// Scans the code of an invitation.
    Enrol { qr: String },
    /// Captures a record of a form that [`Content`] knows.
    Capture { form: String },
    /// Writes a text into a short field.
    Set {
        record: String,
        field: String,
        text: String,
    },
    /// Takes note of a task.
    Acknowledge { record: String },
    /// A step of the lifecycle.
    Step {
        record: String,
        action: String,
        #[serde(default)]
        note: String,
    },
    /// Syncs until there is nothing more.
    Sync,
    /// What the phone shows of a record.
    Get { record: String },
    /// The records of a form it holds.
    List { form: String },
}

struct Hand {
    client: Client,
    line: UreqTransport,
    content: Content,
}

type Told = Result<Json, Box<dyn Error>>;

impl Hand {
    fn act(&mut self, act: Act) -> Told {
        match act {
            Act::Enrol { qr } => {
                let identity = self.client.enrol(&self.line, &qr)?;
                self.sync()?;
                Ok(json!({ "device": identity.device.to_string() }))
            }
            Act::Capture { form } => self.capture(&form),
            Act::Set {
                record,
                field,
                text,
            } => {
                let field = FieldKey::new(&field)?;
                let value = Value::Text(text);
                self.client
                    .edit(RecordId::parse(&record)?, vec![Op::Set { field, value }])?;
                Ok(json!({}))
            }
            Act::Acknowledge { record } => {
                self.client.acknowledge(RecordId::parse(&record)?)?;
                Ok(json!({}))
            }
            Act::Step {
                record,
                action,
                note,
            } => {
                self.client
                    .transition(RecordId::parse(&record)?, &action, &note)?;
                Ok(json!({}))
            }
            Act::Sync => self.sync(),
            Act::Get { record } => Ok(self.client.get(RecordId::parse(&record)?).map_or(
                Json::Null,
                |d| {
                    json!({ "fields": d.fields, "status": d.status, "conflicts": d.conflicts.len() })
                },
            )),
            Act::List { form } => self.list(&form),
        }
    }

    fn capture(&mut self, form: &str) -> Told {
        let now = SystemPlatform.now();
        let number = self.content.below(90);
        let ops = match form {
            "household" => self.content.household(number),
            "visit" => self.content.visit(None, now),
            "matter" => self.content.matter(now),
            "meeting" => self.content.meeting(now),
            other => return Err(format!("nothing to capture for `{other}`").into()),
        };
        let grid = self
            .client
            .grids()
            .into_iter()
            .next()
            .ok_or("the phone has no grid")?;
        let record = self
            .client
            .create_record(&grid, &FormCode::new(form)?, ops)?;
        Ok(json!({ "record": record.to_string() }))
    }

    fn sync(&mut self) -> Told {
        let (mut pushed, mut refused) = (0, 0);
        loop {
            let report = self.client.sync(&self.line, &SyncOptions::default())?;
            pushed += report.pushed;
            refused += report.refused;
            if !report.more {
                return Ok(json!({ "pushed": pushed, "refused": refused }));
            }
        }
    }

    fn list(&self, form: &str) -> Told {
        let page = self.client.query(Query {
            form: Some(FormCode::new(form)?),
            limit: 200,
            ..Query::default()
        });
        let rows = page.items.iter();
        Ok(rows
            .map(
                |r| json!({ "record": r.record.to_string(), "title": r.title, "status": r.status }),
            )
            .collect())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    std::fs::create_dir_all(&options.store)?;
    let client = Client::open_or_create(OpenOptions {
        disk: Folder::at(&options.store),
        key: STORE_KEY.into(),
        platform: Arc::new(SystemPlatform),
    })?;
    let mut hand = Hand {
        client,
        line: UreqTransport::new(&options.server),
        content: Content::new(options.seed),
    };
    for line in std::io::stdin().lock().lines() {
        let told = serde_json::from_str(&line?)
            .map_err(Into::into)
            .and_then(|act| hand.act(act));
        let answer = match told {
            Ok(ok) => json!({ "ok": ok }),
            Err(error) => json!({ "error": error.to_string() }),
        };
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}
