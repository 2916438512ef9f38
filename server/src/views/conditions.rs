//! The conditions of a filter as SQL. Every value is bound; only names of columns that stand here are written.

use gridfold_sync_core::ids::AreaCode;
use gridfold_sync_core::time::Timestamp;
use rusqlite::types::Value as Sql;

use crate::views::fact;
use crate::views::general;
pub(super) use crate::views::sql::{Conditions, ids, json_list};
use crate::views::text::match_expression;
use crate::views::work::{DONE, HOUSEHOLD, UNACKNOWLEDGED};
use crate::views::{Overdue, RecordFilter, SortKey, ViewsError};

/// The grids that a filter looks at; none means all, an empty list nothing.
pub(super) fn grids(filter: &RecordFilter) -> Option<Vec<&AreaCode>> {
    match (&filter.scope.grids, filter.grids.is_empty()) {
        (None, true) => None,
        (None, false) => Some(filter.grids.iter().collect()),
        (Some(scope), true) => Some(scope.iter().collect()),
        (Some(scope), false) => Some(filter.grids.iter().filter(|g| scope.contains(*g)).collect()),
    }
}

/// What a filter asks besides grids, forms, statuses, text and order, which the plan decides how to look up.
#[expect(
    clippy::too_many_lines,
    reason = "one condition after the other, each a few lines"
)]
pub(super) fn of(filter: &RecordFilter) -> Conditions {
    let mut c = Conditions::default();
    // What is derived is asked as the reader may know it; a column over everything beside it only leads to an index.
    let all = general::reads_all(filter);
    let column = |name| general::column(filter, name);
    c.add("r.live = 1");
    if !filter.include_deleted {
        c.add("r.deleted = 0");
    }
    // Of what is linked to it there are two looks, which the plan makes.
    if !filter.linked {
        household(&mut c, filter);
    }
    if let Some(from) = filter.from {
        c.with("r.changed >= ?", from.millis());
        if !all {
            c.with("r.changed_general >= ?", from.millis());
        }
    }
    if let Some(until) = filter.until {
        c.with(format!("{} < ?", column("changed")), until.millis());
    }
    if let Some(from) = filter.received_from {
        c.with("r.received >= ?", from.millis());
        if !all {
            c.with("r.received_general >= ?", from.millis());
        }
    }
    if let Some(user) = filter.by_others_than {
        let classes: Vec<String> = filter
            .scope
            .classes
            .iter()
            .map(|c| format!("'{}'", *c as u8))
            .collect();
        // The name of a stream ends in the number of its class.
        c.add(format!(
            "EXISTS (SELECT 1 FROM entries e JOIN streams s ON s.id = e.stream WHERE e.record = r.id
             AND e.received >= ? AND e.user <> ? AND e.verdict < 2 AND substr(s.name, -1) IN ({}))",
            classes.join(",")
        ));
        let since = filter.received_from.map_or(i64::MIN, Timestamp::millis);
        c.values
            .extend([Sql::Integer(since), Sql::Blob(user.bytes().to_vec())]);
    }
    match filter.has_conflict {
        Some(true) if all => c.add("r.conflicts > 0"),
        Some(true) => c.add("r.conflicts > 0 AND r.conflicts_general > 0"),
        Some(false) => c.add(format!("{} = 0", column("conflicts"))),
        None => {}
    }
    match filter.late {
        Some(true) if all => c.add("r.late = 1"),
        Some(true) => c.add("r.late = 1 AND r.late_general = 1"),
        Some(false) => c.add(format!("{} = 0", column("late"))),
        None => {}
    }
    if filter.open {
        c.add("r.work > 0");
    }
    if filter.open || filter.overdue.is_some() || filter.unacknowledged {
        c.readable("r.main_class", filter);
    }
    for (column, class, (from, until)) in [
        ("happened", "r.happened_class", filter.happened),
        ("closed", "r.main_class", filter.closed),
    ] {
        if from.is_some() || until.is_some() {
            c.add(format!("r.{column} IS NOT NULL"));
            c.readable(class, filter);
        }
        if let Some(from) = from {
            c.with(format!("r.{column} >= ?"), from.millis());
        }
        if let Some(until) = until {
            c.with(format!("r.{column} < ?"), until.millis());
        }
    }
    if let Some(from) = filter.due_from {
        c.with("r.due >= ?", from.millis());
    }
    if let Some(before) = filter.due_before {
        c.with("r.due < ?", before.millis());
    }
    if let Some(doers) = &filter.doers {
        c.one_of("r.doer", doers.clone());
    }
    if let Some((clock, now)) = filter.overdue {
        let column = match clock {
            Overdue::Captured => "r.due",
            Overdue::Received => "r.due_received",
        };
        c.add(format!("r.work > 0 AND r.work < {DONE}"));
        c.with(format!("{column} < ?"), now.millis());
    }
    if filter.unacknowledged {
        c.add(format!("r.work > 0 AND r.work = {UNACKNOWLEDGED}"));
    }
    steps(&mut c, filter);
    if let Some(since) = filter.not_visited_since {
        c.add(format!("r.means = {HOUSEHOLD}"));
        c.with("r.visited < ?", since.millis());
        c.readable("r.visited_class", filter);
    }
    counted(&mut c, filter);
    if let Some(area) = &filter.bbox {
        let e7 = |degrees: f64| Sql::Integer(to_e7(degrees));
        c.add("r.lat BETWEEN ? AND ?");
        c.values.extend([e7(area.south), e7(area.north)]);
        c.add(if area.west <= area.east {
            "r.lon BETWEEN ? AND ?"
        } else {
            "(r.lon >= ? OR r.lon <= ?)"
        });
        c.values.extend([e7(area.west), e7(area.east)]);
        c.readable("r.place_class", filter);
    }
    if let Some(polygon) = &filter.within {
        let corners: Vec<f64> = polygon.0.iter().flat_map(|(x, y)| [*x, *y]).collect();
        let bytes: Vec<u8> = corners.iter().flat_map(|v| v.to_le_bytes()).collect();
        c.add("r.lat IS NOT NULL");
        c.with("inside(r.lat, r.lon, ?)", bytes);
        c.readable("r.place_class", filter);
    }
    if !filter.about.is_empty() {
        c.is_of("r.about", &filter.about);
        c.readable("r.about_class", filter);
    }
    if let Some(rules) = &filter.past_retention {
        let mut any = Vec::with_capacity(rules.len());
        for (form, before) in rules {
            any.push(format!("(r.form = ? AND {} < ?)", column("changed")));
            c.values
                .extend([Sql::from(form.to_string()), before.millis().into()]);
        }
        c.add(format!("r.work = 0 AND ({})", any.join(" OR ")));
        if !all {
            c.add("r.received_general > 0");
            c.readable("r.main_class", filter);
        }
    }
    if let Some(column) = filter.lacks.and_then(|key| optional(filter, key)) {
        c.add(format!("{column} IS NULL"));
    }
    c
}

/// Whether a filter asks for steps beside the status.
pub(super) fn asks_for_steps(filter: &RecordFilter) -> bool {
    !filter.steps.is_empty() || filter.steps_by.is_some()
}

/// The steps beside the status that a filter asks for: a record is found by them.
fn steps(c: &mut Conditions, filter: &RecordFilter) {
    if !asks_for_steps(filter) {
        return;
    }
    let mut taken = Conditions::default();
    if !filter.steps.is_empty() {
        taken.one_of("action", filter.steps.iter().map(ToString::to_string));
    }
    if let Some(by) = &filter.steps_by {
        let marks = vec!["?"; by.len()].join(",");
        taken.add(format!("user IN ({marks})"));
        let ids = by.iter().map(|id| Sql::Blob(id.bytes().to_vec()));
        taken.values.extend(ids);
    }
    c.add(format!(
        "r.id IN (SELECT record FROM steps WHERE {})",
        taken.all()
    ));
    c.values.extend(taken.values);
    c.readable("r.main_class", filter);
}

/// What reports count by, by the same conditions as these.
fn counted(c: &mut Conditions, filter: &RecordFilter) {
    for chosen in &filter.chosen {
        let mut here = Conditions::default();
        here.with("c.field = ?", chosen.field.to_string());
        here.readable("c.class", filter);
        let is_any = !chosen.values.is_empty();
        if is_any {
            here.one_of("c.value", chosen.values.iter().cloned());
        }
        let not = if is_any { "" } else { "NOT " };
        c.add(format!(
            "{not}EXISTS (SELECT 1 FROM chosen c WHERE c.record = r.id AND {})",
            here.all()
        ));
        c.values.extend(here.values);
    }
    if let Some((fact, now)) = filter.counts_as {
        let fact = fact::of(fact, &filter.scope, now);
        c.add(format!(
            "EXISTS (SELECT 1 FROM measured m WHERE m.record = r.id AND {})",
            fact.all()
        ));
        c.values.extend(fact.values);
    }
    if let Some(span) = filter.visited {
        let visited = fact::visited(span, &filter.scope);
        c.add(format!("r.means = {HOUSEHOLD}"));
        c.add(visited.all());
        c.values.extend(visited.values);
    }
}

/// What is about the household of a filter.
pub(super) fn household(c: &mut Conditions, filter: &RecordFilter) {
    if !filter.household.is_empty() {
        c.is_of("r.household", &filter.household);
        c.readable("r.household_class", filter);
    }
}

/// What refers to a record about the household of a filter and is not about it itself. Of a record that the reader may not know nothing is told by what refers to it.
pub(super) fn linked(c: &mut Conditions, filter: &RecordFilter) -> Result<(), ViewsError> {
    let mut between = Conditions::default();
    between.is_of("m.household", &filter.household);
    between.add("m.live = 1");
    if !filter.include_deleted {
        between.add("m.deleted = 0");
    }
    between.readable("m.household_class", filter);
    if let Some(grids) = &filter.scope.grids {
        let grids: Vec<&AreaCode> = grids.iter().collect();
        between.with(
            "m.grid IN (SELECT value FROM json_each(?))",
            json_list(&grids)?,
        );
    }
    c.add(format!(
        "r.about IN (SELECT m.record FROM records m INDEXED BY records_household WHERE {})",
        between.all()
    ));
    c.values.extend(between.values);
    c.readable("r.about_class", filter);
    let marks = vec!["?"; filter.household.len()].join(",");
    c.add(format!(
        "(r.household IS NULL OR r.household NOT IN ({marks}))"
    ));
    c.values.extend(ids(&filter.household));
    Ok(())
}

/// The column of a key that a record may lack.
pub(super) fn optional(filter: &RecordFilter, key: SortKey) -> Option<String> {
    match key {
        SortKey::Due => Some("r.due".to_owned()),
        SortKey::Status => Some(general::status(filter)),
        SortKey::Changed | SortKey::Captured | SortKey::Received | SortKey::Title => None,
    }
}

/// The conditions on grids, forms and statuses, for a plan that does not look these up by an index.
pub(super) fn rest(
    c: &mut Conditions,
    filter: &RecordFilter,
    grids: Option<&[&AreaCode]>,
) -> Result<(), ViewsError> {
    if let Some(grids) = grids {
        // The plus keeps SQLite from looking the grids up by themselves.
        c.with(
            "+r.grid IN (SELECT value FROM json_each(?))",
            json_list(grids)?,
        );
    }
    if !filter.forms.is_empty() {
        c.one_of("+r.form", filter.forms.iter().map(ToString::to_string));
    }
    if !filter.statuses.is_empty() {
        c.one_of("+r.status", filter.statuses.iter().cloned());
        c.readable("r.main_class", filter);
    }
    Ok(())
}

fn to_e7(degrees: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "degrees were checked to lie in the world"
    )]
    let e7 = (degrees * 1e7).round() as i64;
    e7
}

/// What the full-text index is asked for; none when nothing can be found.
pub(super) fn text(filter: &RecordFilter, text: &str) -> Option<String> {
    let columns: Vec<&str> = filter.scope.classes.iter().map(|c| c.name()).collect();
    match_expression(text, &columns)
}
