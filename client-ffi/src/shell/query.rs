//! Lists: filters, text, order and pages over the summaries in memory.

use std::cmp::{Ordering, Reverse};

use gridfold_sync_core::ids::RecordId;
use gridfold_sync_core::search::{SearchQuery, natural_key};
use gridfold_sync_core::time::Timestamp;

use crate::shell::Shell;
use crate::shell::carry::those_at_server;
use crate::shell::rows::Row;
use crate::types::{Delivery, Page, Query, RecordSummary, Sort};

/// Records of a page when the query names no limit.
const DEFAULT_LIMIT: usize = 50;
/// Most records of a page.
const MAX_LIMIT: usize = 1_000;

/// Where a record stands in an order; the id settles ties, newest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Time(Reverse<Timestamp>, Reverse<RecordId>),
    /// The natural key of the title.
    Title(String, Reverse<RecordId>),
}

fn place(sort: Sort, record: RecordId, row: &Row) -> Place {
    match sort {
        Sort::Updated => Place::Time(Reverse(row.updated), Reverse(record)),
        Sort::Captured => Place::Time(Reverse(row.captured), Reverse(record)),
        Sort::Title => Place::Title(natural_key(&row.title), Reverse(record)),
    }
}

fn cursor(place: &Place) -> String {
    match place {
        Place::Time(Reverse(at), Reverse(record)) => format!("{record}t{}", at.millis()),
        Place::Title(key, Reverse(record)) => format!("{record}s{key}"),
    }
}

fn parse_cursor(text: &str) -> Option<Place> {
    let (record, rest) = text.split_at_checked(36)?;
    let record = Reverse(RecordId::parse(record).ok()?);
    match rest.split_at_checked(1)? {
        ("t", at) => Some(Place::Time(Reverse(Timestamp(at.parse().ok()?)), record)),
        ("s", key) => Some(Place::Title(key.to_owned(), record)),
        _ => None,
    }
}

fn matches(query: &Query, text: Option<&SearchQuery>, row: &Row) -> bool {
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
        && text.is_none_or(|t| t.finds(&row.search))
}

impl Shell {
    pub(crate) fn query(&self, query: &Query) -> Page<RecordSummary> {
        let state = self.state.read();
        let text = query.text.as_deref().and_then(SearchQuery::read);
        let limit = match query.limit as usize {
            0 => DEFAULT_LIMIT,
            n => n.min(MAX_LIMIT),
        };
        let after = query.after.as_deref().and_then(parse_cursor);
        let mut total = 0u64;
        let mut found: Vec<(Place, &Row, RecordId)> = Vec::new();
        for (record, row) in &state.rows {
            if !matches(query, text.as_ref(), row) {
                continue;
            }
            total += 1;
            let place = place(query.sort, *record, row);
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
        let text = query.text.as_deref().and_then(SearchQuery::read);
        state
            .rows
            .values()
            .filter(|row| matches(query, text.as_ref(), row))
            .count() as u64
    }
}
