//! The numbers of a report: of what each is counted, and what it makes of it.

use std::sync::Arc;

use gridfold_sync_core::notice::Locale;
use gridfold_sync_core::schema::{FieldMeaning, Form, FormMeaning};

use crate::views::{Counted, Durations, Fact};
use crate::words::{Said, said};

const HOUR_MS: f64 = 3_600_000.0;

/// A number of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Count,
    Closed,
    OnTime,
    InGrid,
    Response,
    Handling,
    Satisfaction,
    Coverage,
}

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// So many.
    Records,
    /// So many of all, from 0 to 1.
    Share,
    /// Hours: the median, and within what nine of ten are.
    Hours,
    /// From 0 to 100.
    Points,
}

impl Unit {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Share => "share",
            Self::Hours => "hours",
            Self::Points => "points",
        }
    }
}

/// A number with what it comes of.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Number {
    pub(super) value: Option<f64>,
    /// Within what nine of ten are.
    pub(super) most: Option<f64>,
    pub(super) n: u64,
    pub(super) of: Option<u64>,
}

/// Which of a group's records are meant: all, some that count as something, or those that were visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    All,
    Fact(Fact),
    Visited,
}

impl Measure {
    const ALL: [Self; 8] = [
        Self::Count,
        Self::Closed,
        Self::OnTime,
        Self::InGrid,
        Self::Response,
        Self::Handling,
        Self::Satisfaction,
        Self::Coverage,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Closed => "closed",
            Self::OnTime => "on_time",
            Self::InGrid => "in_grid",
            Self::Response => "response",
            Self::Handling => "handling",
            Self::Satisfaction => "satisfaction",
            Self::Coverage => "coverage",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.name() == name)
    }

    fn said(self) -> Said {
        match self {
            Self::Count => said!("measure_count"),
            Self::Closed => said!("measure_closed"),
            Self::OnTime => said!("measure_on_time"),
            Self::InGrid => said!("measure_in_grid"),
            Self::Response => said!("measure_response"),
            Self::Handling => said!("measure_handling"),
            Self::Satisfaction => said!("measure_satisfaction"),
            Self::Coverage => said!("measure_coverage"),
        }
    }

    pub(super) fn label(self, locale: Locale) -> String {
        self.said().text(locale)
    }

    pub(super) fn unit(self) -> Unit {
        match self {
            Self::Count => Unit::Records,
            Self::Closed | Self::OnTime | Self::InGrid | Self::Coverage => Unit::Share,
            Self::Response | Self::Handling => Unit::Hours,
            Self::Satisfaction => Unit::Points,
        }
    }

    /// Whether the forms have what it counts.
    pub(super) fn fits(self, forms: &[Arc<Form>]) -> bool {
        let all = |fits: fn(&Form) -> bool| forms.iter().all(|form| fits(form));
        match self {
            Self::Count => true,
            Self::Closed | Self::InGrid | Self::Response | Self::Handling => {
                all(|form| form.lifecycle.is_some())
            }
            Self::OnTime => {
                all(|form| form.lifecycle.is_some() && form.field_for(FieldMeaning::Due).is_some())
            }
            Self::Satisfaction => all(|form| form.field_for(FieldMeaning::Satisfaction).is_some()),
            Self::Coverage => all(|form| form.is(FormMeaning::Household)),
        }
    }

    /// The records behind it, and those that they are a share of.
    pub(super) fn rows(self) -> (Rows, Option<Rows>) {
        match self {
            Self::Count => (Rows::All, None),
            Self::Closed => (Rows::Fact(Fact::Closed), Some(Rows::All)),
            Self::OnTime => (Rows::Fact(Fact::OnTime), Some(Rows::Fact(Fact::Judged))),
            Self::InGrid => (Rows::Fact(Fact::InGrid), Some(Rows::Fact(Fact::Done))),
            Self::Response => (Rows::Fact(Fact::Answered), None),
            Self::Handling => (Rows::Fact(Fact::Done), None),
            Self::Satisfaction => (Rows::Fact(Fact::Evaluated), None),
            Self::Coverage => (Rows::Visited, Some(Rows::All)),
        }
    }

    fn durations(self) -> Option<Durations> {
        match self {
            Self::Response => Some(Durations::Answered),
            Self::Handling => Some(Durations::Done),
            Self::Count
            | Self::Closed
            | Self::OnTime
            | Self::InGrid
            | Self::Satisfaction
            | Self::Coverage => None,
        }
    }
}

/// What is asked of the views for some measures.
#[derive(Debug, Clone, Default)]
pub(super) struct Needs {
    pub(super) facts: Vec<Fact>,
    pub(super) durations: Vec<Durations>,
    pub(super) satisfaction: bool,
    pub(super) visited: bool,
}

impl Needs {
    pub(super) fn of(measures: &[Measure]) -> Self {
        let mut out = Self::default();
        for measure in measures {
            let (rows, of) = measure.rows();
            for rows in std::iter::once(rows).chain(of) {
                match rows {
                    Rows::Fact(fact) if !out.facts.contains(&fact) => out.facts.push(fact),
                    Rows::Fact(_) | Rows::All => {}
                    Rows::Visited => out.visited = true,
                }
            }
            out.durations.extend(measure.durations());
            out.satisfaction |= *measure == Measure::Satisfaction;
        }
        out
    }

    fn count(&self, rows: Rows, counted: &Counted) -> u64 {
        match rows {
            Rows::All => counted.n,
            Rows::Visited => counted.visited,
            Rows::Fact(fact) => {
                let at = self.facts.iter().position(|of| *of == fact);
                at.and_then(|at| counted.facts.get(at))
                    .copied()
                    .unwrap_or_default()
            }
        }
    }

    /// The number that a measure makes of what was counted.
    pub(super) fn number(&self, measure: Measure, counted: &mut Counted) -> Number {
        let (rows, of) = measure.rows();
        let n = self.count(rows, counted);
        let of = of.map(|of| self.count(of, counted));
        let share = |n: u64, of: u64| (of > 0).then(|| as_f64(n) / as_f64(of));
        let mut out = Number {
            value: None,
            most: None,
            n,
            of,
        };
        match measure.unit() {
            Unit::Records => out.value = Some(as_f64(n)),
            Unit::Share => out.value = share(n, of.unwrap_or_default()),
            Unit::Points => out.value = share(counted.satisfaction, n),
            Unit::Hours => {
                let wanted = measure.durations();
                let at = self.durations.iter().position(|of| Some(*of) == wanted);
                if let Some(all) = at.and_then(|at| counted.durations.get_mut(at)) {
                    out.value = quantile(all, 1, 2);
                    out.most = quantile(all, 9, 10);
                }
            }
        }
        out
    }
}

/// Numbers of records are far from where this loses any.
fn as_f64(n: u64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "there are fewer records than 2^53"
    )]
    let n = n as f64;
    n
}

/// Within what a share of them is, in hours: the smallest of them that so many do not exceed.
fn quantile(all: &mut [i64], share: usize, of: usize) -> Option<f64> {
    let at = (all.len() * share).div_ceil(of).checked_sub(1)?;
    let (_, ms, _) = all.select_nth_unstable(at);
    #[expect(clippy::cast_precision_loss, reason = "a time of less than 2^53 ms")]
    let ms = *ms as f64;
    Some(ms / HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_nine_of_ten_are_values_that_were_met() {
        let hours = |all: &[i64]| all.iter().map(|h| h * 3_600_000).collect::<Vec<_>>();
        let mut ten = hours(&[10, 1, 9, 2, 8, 3, 7, 4, 6, 5]);
        assert_eq!(quantile(&mut ten, 1, 2), Some(5.0));
        assert_eq!(quantile(&mut ten, 9, 10), Some(9.0));
        assert_eq!(quantile(&mut hours(&[3]), 9, 10), Some(3.0));
        assert_eq!(quantile(&mut [], 1, 2), None);
    }
}
