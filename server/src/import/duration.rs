//! Deadlines in a cell of a table: `5个工作日`, or for several urgencies `一般：5个工作日；紧急：8个工作小时`.
//!
//! What enters: the text of a cell and the urgencies of the catalogue. What leaves: deadlines, each for an urgency or for
//! all. What never happens here: a guess; what is not understood is told by its part.

use gridfold_sync_core::calendar::{Deadline, Unit};
use gridfold_sync_core::directory::Urgency;
use gridfold_sync_core::ids::ChoiceKey;
use gridfold_sync_core::search::fold;

use super::reason::RowReason;
use crate::words::said;

/// A deadline, and for which urgency it is.
pub(super) type ForUrgency = (Option<ChoiceKey>, Deadline);

/// The code of the urgency that somebody typed, by code or name.
pub(super) fn urgency_called(typed: &str, urgencies: &[Urgency]) -> Result<ChoiceKey, RowReason> {
    let wanted = fold(typed);
    let found = urgencies.iter().find(|urgency| {
        let names = [urgency.code.as_str(), &urgency.label.zh, &urgency.label.en];
        names.iter().any(|name| fold(name) == wanted)
    });
    let unknown = || said!("row_bad_urgency", what = typed).into();
    found
        .map(|urgency| urgency.code.clone())
        .ok_or_else(unknown)
}

fn unit_called(word: &str) -> Option<Unit> {
    let word = word.strip_prefix('个').unwrap_or(word);
    Some(match word {
        "工作小时" | "工作时" | "workinghours" | "workinghour" => Unit::WorkingHours,
        "工作日" | "workingdays" | "workingday" => Unit::WorkingDays,
        "小时" | "hours" | "hour" | "h" => Unit::Hours,
        "天" | "日" | "自然日" | "days" | "day" | "d" => Unit::Days,
        _ => return None,
    })
}

/// `5个工作日`; a number alone is hours, as it was before there were units.
fn one(text: &str) -> Option<Deadline> {
    let text: String = fold(text)
        .chars()
        .filter(|c| !matches!(c, ' ' | '_'))
        .collect();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (amount, word) = text.split_at(end);
    Some(Deadline {
        amount: amount.parse().ok()?,
        unit: match word {
            "" => Unit::Hours,
            word => unit_called(word)?,
        },
    })
}

/// The deadlines of a cell.
pub(super) fn deadlines(
    column: &'static str,
    cell: &str,
    urgencies: &[Urgency],
) -> Result<Vec<ForUrgency>, RowReason> {
    let parts = cell.split([';', '；', '\n']).map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (urgency, text) = match part.split_once([':', '：', '=']) {
                Some((name, text)) => (Some(urgency_called(name.trim(), urgencies)?), text),
                None => (None, part),
            };
            let unknown =
                || RowReason::from(said!("row_bad_duration", column = column, what = part));
            Ok((urgency, one(text.trim()).ok_or_else(unknown)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_read_as_offices_write_them() {
        let read = |text: &str| one(text).map(|d| (d.amount, d.unit.as_str().to_owned()));
        for (text, amount, unit) in [
            ("5个工作日", 5, "working_days"),
            ("５ 工作日", 5, "working_days"),
            ("8 working_hours", 8, "working_hours"),
            ("8个工作小时", 8, "working_hours"),
            ("24小时", 24, "hours"),
            ("72", 72, "hours"),
            ("7 Days", 7, "days"),
            ("3个自然日", 3, "days"),
        ] {
            assert_eq!(read(text), Some((amount, unit.to_owned())), "{text}");
        }
        for text in [
            "",
            "soon",
            "5 moons",
            "-1 day",
            "1.5小时",
            "工作日",
            "99999999999天",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
