//! Tables and progress bars.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Complaint, Done, say};

/// Redrawn this often at most.
const TICK: Duration = Duration::from_millis(200);

/// Prints rows under a head, in columns as wide as they need.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> Done {
    let mut widths: Vec<usize> = head.iter().map(|h| width(h)).collect();
    for row in rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = (*w).max(width(cell));
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut out = String::new();
        for (cell, w) in cells.zip(&widths) {
            out.push_str(cell);
            out.push_str(&" ".repeat((w + 2).saturating_sub(width(cell))));
        }
        out.trim_end().to_owned()
    };
    say(&line(&mut head.iter().copied()))?;
    for row in rows {
        say(&line(&mut row.iter().map(String::as_str)))?;
    }
    Ok(())
}

/// Columns a text takes on a terminal: Chinese characters take two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| {
            if ('\u{1100}'..='\u{ffef}').contains(&c) {
                2
            } else {
                1
            }
        })
        .sum()
}

/// A bar over so many bytes, on a terminal only.
pub(super) fn bytes_bar(total: u64) -> Result<ProgressBar, Complaint> {
    let bar = ProgressBar::new(total);
    bar.set_style(ProgressStyle::with_template(
        "{bar:40} {bytes}/{total_bytes} {eta}",
    )?);
    Ok(bar)
}

/// A counter of things done, on a terminal only.
pub(super) fn counter(what: &'static str) -> Result<ProgressBar, Complaint> {
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template(
        "{spinner} {human_pos} {msg} ({elapsed})",
    )?);
    bar.set_message(what);
    bar.enable_steady_tick(TICK);
    Ok(bar)
}
