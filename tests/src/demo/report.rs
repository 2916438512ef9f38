//! What the demo shows at the end.

use serde_json::{Value as Json, json};

use super::check::Outcome;
use super::phone::Phone;
use super::story::Told;
use super::town::Town;

/// One object with everything that was counted.
#[must_use]
pub fn to_json(town: &Town, phones: &[Phone], outcome: &Outcome, told: &Told) -> Json {
    let syncs: Vec<Json> = phones
        .iter()
        .flat_map(|phone| {
            phone.syncs.iter().map(move |s| {
                json!({
                    "phone": phone.name, "round_trips": s.round_trips, "bytes_up": s.bytes_up,
                    "bytes_down": s.bytes_down, "pushed": s.pushed, "pulled": s.pulled,
                    "admitted": s.admitted, "refused": s.refused,
                })
            })
        })
        .collect();
    let imports: Vec<Json> = town
        .imports
        .iter()
        .map(|(file, report)| json!({ "file": file, "report": report }))
        .collect();
    json!({
        "records": outcome.records,
        "edits": outcome.edits,
        "conflicts": outcome.conflicts,
        "refused": outcome.refused,
        "refused_by_reason": outcome.reasons,
        "late": outcome.late,
        "lost": outcome.lost,
        "replicas_equal": outcome.replicas_equal,
        "records_compared": outcome.compared,
        "differing": outcome.differing,
        "imports": imports,
        "story": told.lines,
        "syncs": syncs,
    })
}

/// The tables.
#[must_use]
pub fn to_text(town: &Town, phones: &[Phone], outcome: &Outcome, told: &Told) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let mut line = |text: std::fmt::Arguments<'_>| {
        let _ = writeln!(out, "{text}");
    };
    line(format_args!("\nWhat happened"));
    for told in &told.lines {
        line(format_args!("  - {told}"));
    }
    line(format_args!("\nImported"));
    for (file, report) in &town.imports {
        match report {
            Some(r) => line(format_args!(
                "  {file}: {} rows, {} added, {} refused, {} duplicates, {} areas made",
                r.rows, r.added, r.refused, r.duplicates, r.areas_added
            )),
            None => line(format_args!("  {file}: not found, left out (see --data)")),
        }
    }
    line(format_args!(
        "\n{:<12} {:>9} {:>6} {:>8} {:>8} {:>7} {:>12} {:>10} {:>10}",
        "phone",
        "captured",
        "syncs",
        "admitted",
        "refused",
        "pulled",
        "round trips",
        "bytes up",
        "bytes down"
    ));
    for phone in phones {
        let sum =
            |of: fn(&gridfold_client::SyncReport) -> u64| phone.syncs.iter().map(of).sum::<u64>();
        line(format_args!(
            "{:<12} {:>9} {:>6} {:>8} {:>8} {:>7} {:>12} {:>10} {:>10}",
            phone.name,
            phone.acknowledged.len(),
            phone.syncs.len(),
            sum(|s| s.pushed),
            sum(|s| s.refused),
            sum(|s| s.pulled),
            sum(|s| u64::from(s.round_trips)),
            sum(|s| s.bytes_up),
            sum(|s| s.bytes_down)
        ));
    }
    line(format_args!("\nAt the server"));
    line(format_args!(
        "  records                  {}",
        outcome.records
    ));
    line(format_args!("  edits                    {}", outcome.edits));
    line(format_args!(
        "  records in conflict      {}",
        outcome.conflicts
    ));
    line(format_args!("  edits kept though late   {}", outcome.late));
    line(format_args!(
        "  edits refused, all kept  {}",
        outcome.refused
    ));
    for (code, n) in &outcome.reasons {
        line(format_args!(
            "    {code:<24} {n:>3}  {}",
            gridfold_sync_core::notice::text(code, gridfold_sync_core::notice::Locale::En)
        ));
    }
    line(format_args!(
        "\nAcknowledged edits lost    {}",
        outcome.lost
    ));
    line(format_args!(
        "Phones and server equal    {} ({} records compared)",
        if outcome.replicas_equal { "yes" } else { "NO" },
        outcome.compared
    ));
    for differing in outcome.differing.iter().take(10) {
        line(format_args!("  differs: {differing}"));
    }
    out
}
