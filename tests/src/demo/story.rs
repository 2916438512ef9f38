//! The story: workers go out for days without signal, and come back.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use gridfold_client::ClientError;
use gridfold_server::admit::{Base, ConsoleEdit};
use gridfold_server::clock::{Clock, SystemClock};
use gridfold_server::views::{ReadScope, RecordFilter};
use gridfold_sync_core::edit::Op;
use gridfold_sync_core::ids::{AreaCode, FieldKey, FormCode, RecordId};
use gridfold_sync_core::schema::Role;
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::Cell;

use super::clock::ShiftedClock;
use super::content::Content;
use super::intruder;
use super::phone::{Phone, STORE_KEY};
use super::town::{DemoError, Town};

const HOUR_MS: i64 = 3_600_000;
/// A day in milliseconds.
pub const DAY_MS: i64 = 24 * HOUR_MS;
/// Edits that the phone killed mid-write is told to make; it is killed after some of them.
const KILLED_AFTER: usize = 12;
/// How long before the end the worker on leave went out of reach.
pub const LEAVE_DAYS: i64 = 20;

/// What the story needs to know.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Phones of workers.
    pub phones: usize,
    /// Days offline.
    pub days: usize,
}

/// What happened on the way, for the report.
#[derive(Debug, Default)]
pub struct Told {
    /// One line each, in the order it happened.
    pub lines: Vec<String>,
}

impl Told {
    fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }
}

/// Plays the story against a serving town hall. Gives the phones as they are at the end.
///
/// # Errors
/// When the server or a phone fails in a way the story does not expect.
pub fn play(
    town: &Town,
    url: &str,
    dir: &Path,
    plan: &Plan,
    told: &mut Told,
    mut progress: impl FnMut(String),
) -> Result<Vec<Phone>, DemoError> {
    let (start, end) = (town.clock.now(), SystemClock.now());
    let mut content = Content::new(plan.seed);
    let grids = &town.grids;
    progress("enrolling".to_owned());
    let mut phones = Vec::new();
    let mut grants = Vec::new();
    for i in 0..plan.phones {
        let grid = &grids[i * grids.len() / plan.phones.max(1) % grids.len()];
        let name = format!("worker {}", i + 1);
        let (user, grant) = town.person(&name, Role::Worker, grid, start)?;
        // The last but one phone is two days slow, the one before it three days fast.
        let wrong_by_ms = match plan.phones - i {
            2 => -2 * DAY_MS,
            3 => 3 * DAY_MS,
            _ => 0,
        };
        let store = dir.join("phones").join(format!("phone-{}", i + 1));
        std::fs::create_dir_all(&store)?;
        let mut phone = Phone::create(
            name,
            user,
            &store,
            url,
            Arc::clone(&town.clock),
            wrong_by_ms,
        )?;
        phone
            .client()?
            .enrol(&phone.line, &town.invite(user, url)?)?;
        phone.sync()?;
        phones.push(phone);
        grants.push(grant);
    }
    told.say(format!(
        "{} phones enrolled by QR, each for one grid",
        phones.len()
    ));

    // The last worker captures a little and is out of reach for longer than late edits may take.
    let away = phones.len() - 1;
    let away_grid = first_grid(&phones[away])?;
    for _ in 0..3 {
        let visit = content.visit(None, town.clock.now());
        phones[away].create_record(&away_grid, "visit", visit)?;
    }
    town.end_grant(grants[away])?;
    told.say(format!(
        "{}'s grant ended while out of reach for {LEAVE_DAYS} days",
        phones[away].name
    ));

    town.clock
        .show(end.plus_millis(-(plan.days as i64) * DAY_MS));
    for (i, phone) in phones[..away].iter_mut().enumerate() {
        let grid = first_grid(phone)?;
        for n in 0..3 {
            phone.create_record(&grid, "household", content.household(i * 10 + n))?;
        }
    }
    sync_all(&mut phones[..away])?;
    sync_all(&mut phones[..away])?;
    for day in 0..plan.days {
        progress(format!("day {} of {}", day + 1, plan.days));
        town.clock
            .show(end.plus_millis((day as i64 - plan.days as i64) * DAY_MS + 8 * HOUR_MS));
        for phone in &mut phones[..away] {
            work_a_day(phone, &mut content, town.clock.now())?;
        }
        if day == 0 && away > 1 {
            phones[0].line.lose_replies(1);
            match phones[0].sync() {
                Err(ClientError::Offline { .. }) => told.say("worker 1's line was cut after the server had acted: everything is sent again, nothing twice"),
                Err(other) => return Err(other.into()),
                Ok(_) => return Err("the cut line was not noticed".into()),
            }
        }
        if day + 1 == plan.days {
            reassign(town, &mut phones, &grants, &mut content, told)?;
        }
        // Each evening only some come past a place with signal.
        for (i, phone) in phones[..away].iter_mut().enumerate() {
            if (i + day) % 3 == 0 && day + 1 < plan.days {
                phone.sync()?;
            }
        }
    }
    town.clock.show(end);
    progress("a phone is killed mid-write".to_owned());
    let kept = kill_mid_write(&mut phones[0], dir)?;
    told.say(format!("worker 1's phone was killed (kill -9) mid-write: {kept} of {KILLED_AFTER} acknowledged edits found again"));
    if kept < KILLED_AFTER {
        return Err("an acknowledged edit was not found after kill -9".into());
    }
    progress("a tampered phone pushes what it likes".to_owned());
    let grid = first_grid(&phones[0])?;
    let (user, _) = town.person("tampered", Role::Worker, &grid, town.clock.now())?;
    let qr = town.invite(user, url)?;
    let seed = u8::try_from(plan.seed % 251).unwrap_or(0) + 1;
    intruder::push_rule_breakers(url, &qr, &grid, town.clock.now(), seed)?;
    told.say("a tampered phone pushed five edits that break rules and one that does not: only the one counts");
    progress("everyone comes back".to_owned());
    sync_all(&mut phones)?;
    settle_some(town, told)?;
    // Twice more: first everyone sees what the others brought last, then nothing is left.
    sync_all(&mut phones)?;
    sync_all(&mut phones)?;
    Ok(phones)
}

fn first_grid(phone: &Phone) -> Result<AreaCode, DemoError> {
    phone
        .client()?
        .grids()
        .into_iter()
        .next()
        .ok_or_else(|| format!("{} has no grid", phone.name).into())
}

fn sync_all(phones: &mut [Phone]) -> Result<(), DemoError> {
    for phone in phones {
        while phone.sync()?.more {}
    }
    Ok(())
}

/// One day offline: visits, a matter, edits of records that colleagues edit too.
fn work_a_day(phone: &mut Phone, content: &mut Content, now: Timestamp) -> Result<(), DemoError> {
    let grid = first_grid(phone)?;
    let known = phone.client()?.query(gridfold_client::Query {
        form: Some(FormCode::new("household")?),
        limit: 50,
        ..gridfold_client::Query::default()
    });
    let households: Vec<RecordId> = known.items.iter().map(|r| r.record).collect();
    for i in 0..6 {
        let household = households.get(content.below(households.len())).copied();
        let visit = content.visit(household, now.plus_millis(i * HOUR_MS));
        let record = phone.create_record(&grid, "visit", visit)?;
        if i % 3 == 0 {
            let chars = phone.text_chars(record, "notes")?;
            phone.edit(record, content.follow_up(chars))?;
        }
    }
    phone.create_record(&grid, "matter", content.matter(now))?;
    if content.below(3) == 0 {
        phone.create_record(&grid, "meeting", content.meeting(now))?;
    }
    for household in households.iter().take(2) {
        phone.edit(*household, content.count_visit())?;
        let phone_number =
            gridfold_sync_core::edit::Value::Text(format!("1390000{:04}", content.below(10_000)));
        let field = FieldKey::new("phone")?;
        phone.edit(
            *household,
            vec![Op::Set {
                field,
                value: phone_number,
            }],
        )?;
    }
    Ok(())
}

/// Worker 2 is moved to another grid while offline with work not yet synced.
fn reassign(
    town: &Town,
    phones: &mut [Phone],
    grants: &[gridfold_sync_core::ids::GrantId],
    content: &mut Content,
    told: &mut Told,
) -> Result<(), DemoError> {
    if phones.len() < 4 {
        return Ok(());
    }
    let old = first_grid(&phones[1])?;
    let new = town
        .grids
        .iter()
        .find(|g| **g != old)
        .ok_or("one grid only")?
        .clone();
    town.end_grant(grants[1])?;
    town.grant(phones[1].user, Role::Worker, &new, town.clock.now())?;
    let visit = content.visit(None, town.clock.now());
    phones[1].create_record(&old, "visit", visit)?;
    told.say("worker 2 was reassigned to another grid while offline: what was captured before arrives late and is kept, then the old grid leaves the phone");
    Ok(())
}

/// The phone's app is killed with SIGKILL while it writes; then the store is opened again.
fn kill_mid_write(phone: &mut Phone, dir: &Path) -> Result<usize, DemoError> {
    let grid = first_grid(phone)?;
    phone.off();
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--write-until-killed")
        .arg(&phone.dir)
        .arg(grid.as_str())
        .current_dir(dir)
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().ok_or("no pipe")?;
    let mut acknowledged = Vec::new();
    for line in BufReader::new(stdout).lines().take(KILLED_AFTER) {
        acknowledged.push(RecordId::parse(line?.trim())?);
    }
    child.kill()?;
    child.wait()?;
    phone.on()?;
    if acknowledged.len() < KILLED_AFTER {
        return Err("the phone that was to be killed ended before it had written".into());
    }
    let mut kept = 0;
    for record in acknowledged {
        if phone.client()?.get(record).is_some() {
            kept += 1;
            phone.acknowledge(record)?;
        }
    }
    Ok(kept)
}

/// The child of [`kill_mid_write`]: captures visits, printing each once it is acknowledged, until killed.
///
/// # Errors
/// When the store cannot be opened.
pub fn write_until_killed(store: &Path, grid: &str) -> Result<(), DemoError> {
    use std::io::Write;
    let clock = Arc::new(ShiftedClock::default());
    let platform = Arc::new(super::clock::PhonePlatform {
        clock: Arc::clone(&clock),
        wrong_by_ms: 0,
    });
    let options = gridfold_client::OpenOptions {
        disk: gridfold_client::Folder::at(store),
        key: STORE_KEY.into(),
        platform,
    };
    let client = gridfold_client::Client::open(options)?;
    let mut content = Content::new(0);
    let (grid, visit) = (AreaCode::new(grid)?, FormCode::new("visit")?);
    let mut out = std::io::stdout().lock();
    // Bounded, should nobody come to kill it.
    for _ in 0..10_000 {
        let record = client.create_record(&grid, &visit, content.visit(None, clock.now()))?;
        writeln!(out, "{record}")?;
        out.flush()?;
    }
    Ok(())
}

/// A supervisor settles a few conflicts at the console: choosing is an edit like any other.
fn settle_some(town: &Town, told: &mut Told) -> Result<(), DemoError> {
    let mut filter = RecordFilter::of(ReadScope::all());
    filter.has_conflict = Some(true);
    filter.limit = 2;
    let mut settled = 0;
    for stored in town.node.views.list_full(&filter)?.rows {
        let mut ops = Vec::new();
        for (_, part) in &stored.parts {
            for (path, candidates) in part.conflicts() {
                let is_register = matches!(part.fields.get(path.field), Some(Cell::Register(_)));
                if let (true, Some(last)) = (is_register, candidates.last()) {
                    ops.push(Op::Set {
                        field: path.field.clone(),
                        value: last.value.clone(),
                    });
                }
            }
        }
        let edit = ConsoleEdit {
            record: stored.row.record,
            grid: stored.row.grid.clone(),
            form: stored.row.form.clone(),
            base: Base::Newest(None),
            wish: ops.into(),
            claimed: town.clock.now(),
        };
        let outcome = town.node.writer.edit(town.admin, vec![edit])?;
        settled += outcome
            .iter()
            .filter(|o| o.refusal().is_none() && !o.verdicts.is_empty())
            .count();
    }
    told.say(format!(
        "the supervisor settled {settled} conflicts; the rest stay visible, both sides of each"
    ));
    Ok(())
}
