//! The numbers of a report: how many records of a filter there are by what they are grouped by, what they count as, and how long they took.
//!
//! What enters: filters, within what a reader may see, and what to count. What leaves: numbers by group, each of which the list of records of the same filter gives too: both are made of the same conditions.

use std::collections::HashMap;

use gridfold_sync_core::ids::FieldKey;
use gridfold_sync_core::time::Timestamp;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};

use crate::views::fact;
use crate::views::plan::{self, Branch};
use crate::views::sql::Conditions;
use crate::views::{Fact, RecordFilter, Span, Views, ViewsError, general};

/// What records are grouped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// Their grid.
    Grid,
    /// Their status, as the reader may know it.
    Status,
    /// What was chosen in a field; what holds several counts with each.
    Chosen(FieldKey),
}

/// What is asked of the records of a filter.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The filter.
    pub filter: RecordFilter,
    /// The groups, at most two; none counts all as one.
    pub by: Vec<By>,
    /// What is counted of them.
    pub facts: Vec<Fact>,
    /// Whether how satisfied people are is added up.
    pub satisfaction: bool,
    /// How long which steps took.
    pub durations: Vec<Durations>,
    /// How many of them, households, were visited in that time.
    pub visited: Option<Span>,
    /// Now, by the server's clock.
    pub now: Timestamp,
}

/// From when something was reported until what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durations {
    /// The first step.
    Answered,
    /// It was done.
    Done,
}

impl Durations {
    fn column(self) -> &'static str {
        match self {
            Self::Answered => "m.answered",
            Self::Done => "m.done",
        }
    }
    fn fact(self) -> Fact {
        match self {
            Self::Answered => Fact::Answered,
            Self::Done => Fact::Done,
        }
    }
}

/// The numbers of one group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counted {
    /// What the group has in common, one for each of `by`; none for what has no value there.
    pub key: Vec<Option<String>>,
    /// How many records.
    pub n: u64,
    /// How many of them are each of the facts, in their order.
    pub facts: Vec<u64>,
    /// How satisfied they are, added up.
    pub satisfaction: u64,
    /// How many were visited.
    pub visited: u64,
    /// How long each took, in milliseconds, in no order, for each of the durations.
    pub durations: Vec<Vec<i64>>,
}

impl Counted {
    /// Takes in the numbers of another group.
    pub fn add(&mut self, other: Self) {
        self.n += other.n;
        self.satisfaction += other.satisfaction;
        self.visited += other.visited;
        self.facts.resize(other.facts.len(), 0);
        for (sum, n) in self.facts.iter_mut().zip(other.facts) {
            *sum += n;
        }
        self.durations.resize(other.durations.len(), Vec::new());
        for (all, more) in self.durations.iter_mut().zip(other.durations) {
            all.extend(more);
        }
    }
}

/// What is put before the conditions of a filter.
#[derive(Default)]
struct Parts {
    keys: Vec<String>,
    joins: Conditions,
}

fn parts(asked: &Asked) -> Parts {
    let mut out = Parts::default();
    for (at, by) in asked.by.iter().enumerate() {
        match by {
            By::Grid => out.keys.push("r.grid".to_owned()),
            By::Status => out.keys.push(general::status(&asked.filter)),
            By::Chosen(field) => {
                let mut on = Conditions::default();
                on.add(format!("c{at}.record = r.id"));
                on.with(format!("c{at}.field = ?"), field.to_string());
                on.readable_in(&format!("c{at}.class"), &asked.filter.scope);
                out.joins
                    .add(format!("LEFT JOIN chosen c{at} ON {}", on.all()));
                out.joins.values.extend(on.values);
                out.keys.push(format!("c{at}.value"));
            }
        }
    }
    out
}

/// The groups as they grow, by their key.
struct Groups {
    at: HashMap<Vec<Option<String>>, usize>,
    all: Vec<Counted>,
    facts: usize,
    durations: usize,
}

impl Groups {
    fn new(asked: &Asked) -> Self {
        Self {
            at: HashMap::new(),
            all: Vec::new(),
            facts: asked.facts.len(),
            durations: asked.durations.len(),
        }
    }

    /// The group of a row, whose key stands first in it.
    fn of(&mut self, row: &Row<'_>, keys: usize) -> Result<&mut Counted, ViewsError> {
        let key = (0..keys)
            .map(|i| row.get(i))
            .collect::<rusqlite::Result<Vec<Option<String>>>>()?;
        let next = self.all.len();
        let at = match self.at.get(&key) {
            Some(at) => *at,
            None => {
                self.at.insert(key.clone(), next);
                self.all.push(Counted {
                    key,
                    facts: vec![0; self.facts],
                    durations: vec![Vec::new(); self.durations],
                    ..Counted::default()
                });
                next
            }
        };
        self.all.get_mut(at).ok_or(ViewsError::Damaged)
    }
}

fn add_counts(
    conn: &Connection,
    asked: &Asked,
    parts: &Parts,
    branch: &Branch,
    groups: &mut Groups,
) -> Result<(), ViewsError> {
    let mut select = parts.keys.clone();
    let mut values: Vec<Sql> = Vec::new();
    select.push("COUNT(*)".to_owned());
    let mut sum = |c: Conditions, of: &str| {
        select.push(format!("SUM(CASE WHEN {} THEN {of} ELSE 0 END)", c.all()));
        values.extend(c.values);
    };
    let scope = &asked.filter.scope;
    for fact in &asked.facts {
        sum(fact::of(*fact, scope, asked.now), "1");
    }
    if asked.satisfaction {
        sum(
            fact::of(Fact::Evaluated, scope, asked.now),
            "m.satisfaction",
        );
    }
    if let Some(span) = asked.visited {
        sum(fact::visited(span, scope), "1");
    }
    let keys = parts.keys.len();
    let group = match keys {
        0 => String::new(),
        _ => {
            let all: Vec<String> = (1..=keys).map(|n| n.to_string()).collect();
            format!(" GROUP BY {}", all.join(", "))
        }
    };
    let measured = match asked.facts.is_empty() && !asked.satisfaction {
        true => "",
        false => "LEFT JOIN measured m ON m.record = r.id",
    };
    let sql = format!(
        "SELECT {} FROM records r {} {measured} {} WHERE {}{group}",
        select.join(", "),
        branch.index,
        parts.joins.sql.join(" "),
        branch.conditions.all(),
    );
    values.extend(parts.joins.values.iter().cloned());
    values.extend(branch.conditions.values.iter().cloned());
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        let group = groups.of(row, keys)?;
        let mut next = keys;
        let mut number = || {
            next += 1;
            let n: Option<i64> = row.get(next - 1)?;
            Ok::<u64, ViewsError>(n.unwrap_or(0).max(0).unsigned_abs())
        };
        group.n += number()?;
        for n in &mut group.facts {
            *n += number()?;
        }
        if asked.satisfaction {
            group.satisfaction += number()?;
        }
        if asked.visited.is_some() {
            group.visited += number()?;
        }
    }
    Ok(())
}

fn add_durations(
    conn: &Connection,
    asked: &Asked,
    parts: &Parts,
    branch: &Branch,
    groups: &mut Groups,
) -> Result<(), ViewsError> {
    let keys = parts.keys.len();
    for (at, durations) in asked.durations.iter().enumerate() {
        let fact = fact::of(durations.fact(), &asked.filter.scope, asked.now);
        let mut select = parts.keys.clone();
        // Of what does not tell when it happened, such as a task: since it was written.
        select.push(format!(
            "{} - COALESCE(r.happened, {})",
            durations.column(),
            general::column(&asked.filter, "captured")
        ));
        let sql = format!(
            "SELECT {} FROM records r {} CROSS JOIN measured m ON m.record = r.id {} WHERE {} AND {}",
            select.join(", "),
            branch.index,
            parts.joins.sql.join(" "),
            branch.conditions.all(),
            fact.all(),
        );
        let values = parts.joins.values.iter();
        let values = values.chain(&branch.conditions.values).chain(&fact.values);
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            let took: i64 = row.get(keys)?;
            // A clock may be wrong, but nothing is answered before it was reported.
            if let Some(all) = groups.of(row, keys)?.durations.get_mut(at) {
                all.push(took.max(0));
            }
        }
    }
    Ok(())
}

impl Views {
    /// The numbers of reports, all at one state of the views.
    ///
    /// # Errors
    /// When the views cannot be read.
    pub fn report(&self, asked: &[Asked]) -> Result<Vec<Vec<Counted>>, ViewsError> {
        self.pool.with_one_look(|conn| {
            let mut out = Vec::with_capacity(asked.len());
            for asked in asked {
                let mut groups = Groups::new(asked);
                let parts = parts(asked);
                let branches = plan::branches(conn, &asked.filter, plan::For::Count)?;
                for branch in branches.unwrap_or_default() {
                    add_counts(conn, asked, &parts, &branch, &mut groups)?;
                    add_durations(conn, asked, &parts, &branch, &mut groups)?;
                }
                out.push(groups.all);
            }
            Ok(out)
        })
    }
}
