//! What functions answer of days and moments.

use super::answers::{Answers, Value};
use super::dates::{self, DAY_MS, Read};
use super::error::EvaluateError;
use super::evaluate::{Evaluator, Scope};
use super::function::Function as F;
use super::numbers;
use super::tree::Expr;
use crate::time::Timestamp;

/// Days of the years 1 to 9999, which others can read.
const WRITTEN_DAYS: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;

impl<A: Answers> Evaluator<'_, A> {
    pub(super) fn of_times(
        &self,
        function: F,
        arguments: &[Expr],
        scope: Scope<A::Node>,
    ) -> Result<Option<Value<A::Node>>, EvaluateError> {
        let setting = self.setting;
        let read = |expr: &Expr| self.read(expr, scope);
        Ok(Some(match (function, arguments) {
            (F::Today, _) => Value::Date(dates::day_at(setting.now, setting)),
            (F::Now, _) => Value::Moment(setting.now),
            (F::Date, [of]) => self.day(of, scope)?.map_or_else(Value::empty, Value::Date),
            (F::DateTime, [of]) => {
                let moment = match self.single(of, scope)? {
                    Value::Number(days) => dates::moment_of(days),
                    _ => read(of)?.map(|read| self.begins(read)),
                };
                moment.map_or_else(Value::empty, Value::Moment)
            }
            (F::DecimalDateTime, [of]) => Value::Number(match self.single(of, scope)? {
                Value::Number(days) => days,
                _ => read(of)?.map_or(f64::NAN, |read| days(self.begins(read).0)),
            }),
            (F::DecimalTime, [of]) => Value::Number(self.time_of_day(of, scope)?),
            (F::FormatDate | F::FormatDateTime, [of, pattern]) => {
                let pattern = self.text(pattern, scope)?;
                let shown = match self.single(of, scope)? {
                    // A day that was reckoned is one here, and not in Greenwich.
                    Value::Number(days) => numbers::whole((days * numbers::of(DAY_MS)).round()),
                    _ => read(of)?.map(|read| match read {
                        Read::Day(day) => day.saturating_mul(DAY_MS),
                        Read::Moment(at) => setting.zone.shown(at),
                    }),
                };
                let is_written = |ms: &i64| WRITTEN_DAYS.contains(&ms.div_euclid(DAY_MS));
                let shown = shown.filter(is_written);
                Value::Text(shown.map_or_else(String::new, |ms| dates::clock(ms, &pattern)))
            }
            (F::AddDate, [of, moved @ ..]) => self.add_date(of, moved, scope)?,
            (F::DifferenceInDays, [from, to]) => self.difference(from, to, scope, |a, b| b - a)?,
            (F::DifferenceInWeeks, [from, to]) => {
                self.difference(from, to, scope, |a, b| (b - a) / 7)?
            }
            (F::DifferenceInMonths, [from, to]) => {
                self.difference(from, to, scope, dates::months_between)?
            }
            (F::DifferenceInYears, [from, to]) => {
                self.difference(from, to, scope, |a, b| dates::months_between(a, b) / 12)?
            }
            (F::ParseTimestamp, [of]) => {
                let ms = numbers::whole(self.number(of, scope)?);
                ms.map_or_else(Value::empty, |ms| Value::Moment(Timestamp(ms)))
            }
            _ => return Ok(None),
        }))
    }

    fn single(&self, expr: &Expr, scope: Scope<A::Node>) -> Result<Value<A::Node>, EvaluateError> {
        Ok(self.value(expr, scope)?.single(self.answers))
    }

    /// The day or moment that a piece is; none for what is neither.
    fn read(&self, expr: &Expr, scope: Scope<A::Node>) -> Result<Option<Read>, EvaluateError> {
        Ok(match self.single(expr, scope)? {
            Value::Date(day) => Some(Read::Day(day)),
            Value::Moment(at) => Some(Read::Moment(at)),
            Value::Text(text) => dates::read(&text, self.setting),
            Value::Number(days) => numbers::whole(days).map(Read::Day),
            _ => None,
        })
    }

    /// The day that a piece is, in the zone of who asks.
    fn day(&self, expr: &Expr, scope: Scope<A::Node>) -> Result<Option<i64>, EvaluateError> {
        let day = self.read(expr, scope)?.map(|read| match read {
            Read::Day(day) => day,
            Read::Moment(at) => dates::day_at(at, self.setting),
        });
        Ok(day.filter(|day| WRITTEN_DAYS.contains(day)))
    }

    fn begins(&self, read: Read) -> Timestamp {
        match read {
            Read::Day(day) => dates::begins(day, self.setting),
            Read::Moment(at) => at,
        }
    }

    /// How much of a day has passed at a time of it.
    fn time_of_day(&self, of: &Expr, scope: Scope<A::Node>) -> Result<f64, EvaluateError> {
        let value = self.single(of, scope)?;
        let ms = match &value {
            Value::Text(text) => match dates::read(text, self.setting) {
                Some(Read::Moment(at)) => Some(self.setting.zone.shown(at)),
                Some(Read::Day(_)) => None,
                None => dates::time_of(text.trim()).map(|(ms, _)| ms),
            },
            Value::Moment(at) => Some(self.setting.zone.shown(*at)),
            _ => None,
        };
        Ok(ms.map_or(f64::NAN, |ms| days(ms.rem_euclid(DAY_MS))))
    }

    /// A day or moment moved by years, months, days, hours and minutes.
    fn add_date(
        &self,
        of: &Expr,
        moved: &[Expr],
        scope: Scope<A::Node>,
    ) -> Result<Value<A::Node>, EvaluateError> {
        let mut by = [0; 5];
        for (by, expr) in by.iter_mut().zip(moved) {
            let Some(whole) = numbers::whole(self.number(expr, scope)?) else {
                return Ok(Value::empty());
            };
            *by = whole;
        }
        let [years, months, days, hours, minutes] = by;
        let Some(read) = self.read(of, scope)? else {
            return Ok(Value::empty());
        };
        let (day, ms) = match read {
            Read::Day(day) => (day, 0),
            Read::Moment(at) => {
                let shown = self.setting.zone.shown(at);
                (shown.div_euclid(DAY_MS), shown.rem_euclid(DAY_MS))
            }
        };
        let added = hours.saturating_mul(60).saturating_add(minutes);
        let added = added.saturating_mul(60_000);
        let day = Some(day).filter(|day| WRITTEN_DAYS.contains(day));
        let day = day.and_then(|day| dates::add(day, years, months, days));
        let Some(day) = day.filter(|day| WRITTEN_DAYS.contains(day)) else {
            return Ok(Value::empty());
        };
        if matches!(read, Read::Day(_)) && added == 0 {
            return Ok(Value::Date(day));
        }
        let shown = (day * DAY_MS).saturating_add(ms).saturating_add(added);
        Ok(match WRITTEN_DAYS.contains(&shown.div_euclid(DAY_MS)) {
            true => Value::Moment(self.setting.zone.moment(shown)),
            false => Value::empty(),
        })
    }

    fn difference(
        &self,
        from: &Expr,
        to: &Expr,
        scope: Scope<A::Node>,
        of: impl FnOnce(i64, i64) -> i64,
    ) -> Result<Value<A::Node>, EvaluateError> {
        let both = (self.day(from, scope)?, self.day(to, scope)?);
        Ok(match both {
            (Some(from), Some(to)) => Value::Number(numbers::of(of(from, to))),
            _ => Value::empty(),
        })
    }
}

/// Milliseconds as days.
fn days(ms: i64) -> f64 {
    numbers::of(ms) / numbers::of(DAY_MS)
}
