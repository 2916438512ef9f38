//! Lists: filters, text, order and pages over the summaries in memory. What work is, whose, and when
//! it is due is the core's to say, as it is at the server.

use std::cmp::{Ordering, Reverse};

use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::search::{SearchQuery, natural_key};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::Work;

use crate::shell::Shell;
use crate::shell::carry::those_at_server;
use crate::shell::rows::Row;
use crate::shell::state::{Account, Bearings};
use crate::types::{Delivery, Page, Query, RecordSummary, Sort};

/// Records of a page when the query names no limit.
const DEFAULT_LIMIT: usize = 50;
/// Most records of a page.
const MAX_LIMIT: usize = 1_000;

/// Where a record stands in an order; the id settles ties, newest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Time(Reverse<Timestamp>, Reverse<RecordId>),
    /// When it is due.
    Due(Timestamp, Reverse<RecordId>),
    /// The natural key of the title.
    Title(String, Reverse<RecordId>),
}

/// None of a record that the order leaves out.
fn place(sort: Sort, record: RecordId, row: &Row) -> Option<Place> {
    Some(match sort {
        Sort::Updated => Place::Time(Reverse(row.updated), Reverse(record)),
        Sort::Captured => Place::Time(Reverse(row.captured), Reverse(record)),
        Sort::Title => Place::Title(natural_key(&row.title), Reverse(record)),
        Sort::Due => Place::Due(row.work.as_ref()?.due?, Reverse(record)),
    })
}

fn cursor(place: &Place) -> String {
    match place {
        Place::Time(Reverse(at), Reverse(record)) => format!("{record}t{}", at.millis()),
        Place::Due(at, Reverse(record)) => format!("{record}d{}", at.millis()),
        Place::Title(key, Reverse(record)) => format!("{record}s{key}"),
    }
}

fn parse_cursor(text: &str) -> Option<Place> {
    let (record, rest) = text.split_at_checked(36)?;
    let record = Reverse(RecordId::parse(record).ok()?);
    match rest.split_at_checked(1)? {
        ("t", at) => Some(Place::Time(Reverse(Timestamp(at.parse().ok()?)), record)),
        ("d", at) => Some(Place::Due(Timestamp(at.parse().ok()?), record)),
        ("s", key) => Some(Place::Title(key.to_owned(), record)),
        _ => None,
    }
}

/// A query with what it is asked by: whose phone, and when.
struct Asked<'a> {
    query: &'a Query,
    text: Option<SearchQuery>,
    /// What records say of whoever's phone it is.
    me: Vec<String>,
    now: Timestamp,
}

impl<'a> Asked<'a> {
    fn of(query: &'a Query, bearings: &'a Bearings, now: Timestamp) -> Self {
        let account = bearings.account.as_deref();
        Self {
            query,
            text: query.text.as_deref().and_then(SearchQuery::read),
            me: account.map_or_else(Vec::new, |account| meant(bearings, account)),
            // As the server reckons, whatever the phone's clock says.
            now: now.plus_millis(bearings.sync.clock_skew_ms),
        }
    }

    fn finds(&self, row: &Row) -> bool {
        let query = self.query;
        let is = |want: &Option<_>, have: &_| want.as_ref().is_none_or(|w| w == have);
        (query.include_deleted || !row.deleted)
            && is(&query.form, &row.form)
            && query.grid.as_ref().is_none_or(|g| *g == row.grid)
            && query.household.is_none_or(|h| row.household == Some(h))
            && query
                .status
                .as_ref()
                .is_none_or(|s| row.status.as_ref() == Some(s))
            && query.from.is_none_or(|from| row.captured >= from)
            && query.to.is_none_or(|to| row.captured < to)
            && (!asks_for_work(query) || row.work.as_ref().is_some_and(|w| self.is_asked_for(w)))
            && self.text.as_ref().is_none_or(|t| t.finds(&row.search))
    }

    fn is_asked_for(&self, work: &Work) -> bool {
        let query = self.query;
        (!query.mine || work.is_of(&self.me))
            && (!query.open || work.is_open())
            && (!query.overdue || work.is_overdue(self.now))
            && (!query.due_soon || work.is_due_soon(self.now))
            && query
                .due_before
                .is_none_or(|before| work.due.is_some_and(|due| due < before))
            && query.about.is_none_or(|about| work.about == Some(about))
    }
}

fn asks_for_work(query: &Query) -> bool {
    query.mine
        || query.open
        || query.overdue
        || query.due_soon
        || query.due_before.is_some()
        || query.about.is_some()
}

/// What records say of this phone's user: by the name that they have now, or had when the phone was enrolled.
fn meant(bearings: &Bearings, account: &Account) -> Vec<String> {
    let id = account.user.to_string();
    match bearings.held.as_deref() {
        Some(held) => held.directory.meant_by(&id),
        None => vec![id, account.user_name.clone()],
    }
}

impl Shell {
    pub(crate) fn query(&self, query: &Query) -> Page<RecordSummary> {
        let state = self.state.read();
        let asked = Asked::of(query, &state.bearings, self.platform.now());
        let limit = match query.limit as usize {
            0 => DEFAULT_LIMIT,
            n => n.min(MAX_LIMIT),
        };
        let after = query.after.as_deref().and_then(parse_cursor);
        let mut total = 0u64;
        let mut found: Vec<(Place, &Row, RecordId)> = Vec::new();
        for (record, row) in &state.rows {
            if !asked.finds(row) {
                continue;
            }
            let Some(place) = place(query.sort, *record, row) else {
                continue;
            };
            total += 1;
            if after
                .as_ref()
                .is_none_or(|a| place.cmp(a) == Ordering::Greater)
            {
                found.push((place, row, *record));
            }
        }
        let more = found.len() > limit;
        if more {
            found.select_nth_unstable_by(limit, |a, b| a.0.cmp(&b.0));
            found.truncate(limit);
        }
        found.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let next = found
            .last()
            .filter(|_| more)
            .map(|(place, ..)| cursor(place));
        let mut items: Vec<RecordSummary> = found
            .into_iter()
            .map(|(_, row, record)| RecordSummary {
                record,
                form: row.form.clone(),
                grid: row.grid.clone(),
                household: row.household,
                status: row.status.clone(),
                title: row.title.clone(),
                work: row.work.clone().unwrap_or_default(),
                captured: row.captured,
                updated: row.updated,
                conflicts: row.conflicts,
                deleted: row.deleted,
                pending: state.pending.contains_key(&record),
                refused: state.refused_of(&record),
                delivery: state.delivery(&record, row),
            })
            .collect();
        drop(state);
        self.note_receipts(&mut items);
        Page { items, next, total }
    }

    /// What a receipt that came back by carrying proves. Without it a list shows less than is
    /// known, never more.
    fn note_receipts(&self, items: &mut [RecordSummary]) {
        let here = Some(Delivery::OnThisPhone);
        if !items.iter().any(|item| item.delivery == here) {
            return;
        }
        let there = self.read(|rx| those_at_server(rx, &self.state.read()));
        for item in items.iter_mut().filter(|item| item.delivery == here) {
            if there
                .as_ref()
                .is_ok_and(|there| there.contains(&item.record))
            {
                item.delivery = Some(Delivery::AtServer);
            }
        }
    }

    pub(crate) fn count(&self, query: &Query) -> u64 {
        let state = self.state.read();
        let asked = Asked::of(query, &state.bearings, self.platform.now());
        let found = state
            .rows
            .iter()
            .filter(|(record, row)| asked.finds(row) && place(query.sort, **record, row).is_some());
        found.count() as u64
    }
}
