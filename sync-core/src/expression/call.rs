//! What functions answer; those of times are in `call_times`, those of repeats in `call_nodes`.

use super::answers::{Answers, Value};
use super::error::EvaluateError;
use super::evaluate::{Evaluator, Scope};
use super::function::Function as F;
use super::numbers;
use super::texts;
use super::tree::Expr;
use crate::limits::MAX_EXPRESSION_TEXT_BYTES;

impl<A: Answers> Evaluator<'_, A> {
    /// What a function says of its arguments. There are as many as it takes: that was looked at when
    /// it was parsed.
    pub(super) fn call(
        &self,
        function: F,
        arguments: &[Expr],
        scope: Scope<A::Node>,
    ) -> Result<Value<A::Node>, EvaluateError> {
        if let Some(value) = self.of_nodes(function, arguments, scope)? {
            return Ok(value);
        }
        if let Some(value) = self.of_times(function, arguments, scope)? {
            return Ok(value);
        }
        if let Some(value) = self.of_logic(function, arguments, scope)? {
            return Ok(value);
        }
        if let Some(value) = self.of_texts(function, arguments, scope)? {
            return Ok(value);
        }
        self.of_numbers(function, arguments, scope)
            .map(Value::Number)
    }

    fn of_logic(
        &self,
        function: F,
        arguments: &[Expr],
        scope: Scope<A::Node>,
    ) -> Result<Option<Value<A::Node>>, EvaluateError> {
        Ok(Some(match (function, arguments) {
            (F::If, [asked, then, or]) => {
                let taken = if self.holds(asked, scope)? { then } else { or };
                self.value(taken, scope)?
            }
            (F::Not, [of]) => Value::Boolean(!self.holds(of, scope)?),
            (F::True, _) => Value::Boolean(true),
            (F::False, _) => Value::Boolean(false),
            (F::Boolean, [of]) => Value::Boolean(self.holds(of, scope)?),
            (F::BooleanFromString, [of]) => {
                let text = self.text(of, scope)?;
                Value::Boolean(matches!(text.trim(), "1" | "true"))
            }
            (F::Coalesce, all) => {
                for argument in all {
                    let value = self.value(argument, scope)?;
                    if !value.to_text(self.answers, self.setting).is_empty() {
                        return Ok(Some(value.single(self.answers)));
                    }
                }
                Value::empty()
            }
            (F::Checklist, [least, most, of @ ..]) => {
                let mut count = 0.0;
                for argument in of {
                    count += f64::from(u8::from(self.holds(argument, scope)?));
                }
                self.lies(least, most, count, scope)?
            }
            (F::WeightedChecklist, [least, most, of @ ..]) => {
                let mut weight = 0.0;
                for pair in of.chunks_exact(2) {
                    if let [argument, weighs] = pair
                        && self.holds(argument, scope)?
                    {
                        weight += self.number(weighs, scope)?;
                    }
                }
                self.lies(least, most, weight, scope)?
            }
            _ => return Ok(None),
        }))
    }

    /// Whether a count lies between two; less than 0 is no bound.
    fn lies(
        &self,
        least: &Expr,
        most: &Expr,
        count: f64,
        scope: Scope<A::Node>,
    ) -> Result<Value<A::Node>, EvaluateError> {
        let (least, most) = (self.number(least, scope)?, self.number(most, scope)?);
        let fits = (least < 0.0 || count >= least) && (most < 0.0 || count <= most);
        Ok(Value::Boolean(fits))
    }

    fn of_texts(
        &self,
        function: F,
        arguments: &[Expr],
        scope: Scope<A::Node>,
    ) -> Result<Option<Value<A::Node>>, EvaluateError> {
        let text = |expr: &Expr| self.text(expr, scope);
        let or_here = |first: Option<&Expr>| match first {
            Some(expr) => self.text(expr, scope),
            None => {
                let value = self.answers.value(scope.node);
                Ok(value.to_text(self.answers, self.setting))
            }
        };
        Ok(Some(match (function, arguments) {
            (F::String, all) => Value::Text(or_here(all.first())?),
            (F::Concat, all) => Value::Text(self.joined("", all, scope)?),
            (F::Join, [between, all @ ..]) => {
                let between = text(between)?;
                Value::Text(self.joined(&between, all, scope)?)
            }
            (F::StringLength, all) => {
                let count = or_here(all.first())?.chars().count();
                Value::Number(numbers::of_count(count))
            }
            (F::Substring, [of, from, length @ ..]) => {
                let length = length.first().map(|e| self.number(e, scope)).transpose()?;
                Value::Text(texts::substring(
                    &text(of)?,
                    self.number(from, scope)?,
                    length,
                ))
            }
            (F::Substr, [of, from, end @ ..]) => {
                let end = end.first().map(|e| self.number(e, scope)).transpose()?;
                Value::Text(texts::substr(&text(of)?, self.number(from, scope)?, end))
            }
            (F::SubstringBefore, [of, at]) => {
                let (of, at) = (text(of)?, text(at)?);
                Value::Text(of.split_once(&at).map_or("", |(b, _)| b).to_owned())
            }
            (F::SubstringAfter, [of, at]) => {
                let (of, at) = (text(of)?, text(at)?);
                Value::Text(of.split_once(&at).map_or("", |(_, a)| a).to_owned())
            }
            (F::Contains, [of, part]) => Value::Boolean(text(of)?.contains(&text(part)?)),
            (F::StartsWith, [of, part]) => Value::Boolean(text(of)?.starts_with(&text(part)?)),
            (F::EndsWith, [of, part]) => Value::Boolean(text(of)?.ends_with(&text(part)?)),
            (F::NormalizeSpace, all) => Value::Text(texts::normalize_space(&or_here(all.first())?)),
            (F::Translate, [of, from, to]) => {
                let (of, from, to) = (text(of)?, text(from)?, text(to)?);
                self.spend(of.len().saturating_mul(from.len()) / 64)?;
                Value::Text(texts::translate(&of, &from, &to))
            }
            (F::Regex, [of, pattern]) => {
                let (of, pattern) = (text(of)?, text(pattern)?);
                self.spend(of.len().saturating_mul(pattern.len()) / 64)?;
                match texts::pattern(&pattern) {
                    Ok(pattern) => Value::Boolean(pattern.is_match(&of)),
                    Err(()) => return Err(EvaluateError::BadPattern(pattern)),
                }
            }
            (F::Uuid, _) => Value::Text(self.uuid()),
            (F::Selected, [of, choice]) => {
                let (of, choice) = (text(of)?, text(choice)?);
                let choice = choice.trim();
                // Nothing is chosen where there is nothing.
                let is_none = choice.is_empty() && of.trim().is_empty();
                Value::Boolean(is_none || texts::chosen(&of).any(|name| name == choice))
            }
            (F::SelectedAt, [of, at]) => {
                let (of, at) = (text(of)?, self.number(at, scope)?);
                let at = numbers::whole(at).and_then(|at| usize::try_from(at).ok());
                let name = at.and_then(|at| texts::chosen(&of).nth(at));
                Value::Text(name.unwrap_or_default().to_owned())
            }
            (F::CountSelected, [of]) => {
                Value::Number(numbers::of_count(texts::chosen(&text(of)?).count()))
            }
            (F::ChoiceName, [choice, question]) => {
                let (choice, question) = (text(choice)?, text(question)?);
                let label = self.answers.choice_label(&question, &choice, scope.here);
                Value::Text(label.unwrap_or_default())
            }
            (F::Base64Decode, [of]) => Value::Text(texts::base64_decode(&text(of)?)),
            (F::Digest, [of, with, form @ ..]) => {
                let form = form.first().map(text).transpose()?;
                let digest = texts::digest(&text(of)?, &text(with)?, form.as_deref());
                Value::Text(digest.ok_or(EvaluateError::NotAnswered(function.as_str()))?)
            }
            (F::Pulldata | F::ExtensionLib | F::Itext | F::Version, all) => {
                let all = all.iter().map(text).collect::<Result<Vec<_>, _>>()?;
                Value::Text(self.answers.tell(function.as_str(), &all)?)
            }
            _ => return Ok(None),
        }))
    }

    /// Texts of all arguments, and of all that a path among them leads to, one after the other.
    fn joined(
        &self,
        between: &str,
        arguments: &[Expr],
        scope: Scope<A::Node>,
    ) -> Result<String, EvaluateError> {
        let mut out = String::new();
        let mut is_first = true;
        for argument in arguments {
            let values = match self.value(argument, scope)? {
                Value::Nodes(nodes) => nodes.iter().map(|n| self.answers.value(*n)).collect(),
                other => vec![other],
            };
            for value in values {
                if !std::mem::take(&mut is_first) {
                    out.push_str(between);
                }
                out.push_str(&value.to_text(self.answers, self.setting));
                if out.len() > MAX_EXPRESSION_TEXT_BYTES {
                    return Err(EvaluateError::TooLong);
                }
            }
        }
        Ok(out)
    }

    fn of_numbers(
        &self,
        function: F,
        arguments: &[Expr],
        scope: Scope<A::Node>,
    ) -> Result<f64, EvaluateError> {
        let number = |at: usize| match arguments.get(at) {
            Some(expr) => self.number(expr, scope),
            None => Ok(self.answers.value(scope.node).to_number(self.answers)),
        };
        Ok(match function {
            F::Number => number(0)?,
            F::Int => number(0)?.trunc(),
            F::Round => {
                let places = if arguments.len() > 1 { number(1)? } else { 0.0 };
                let of = number(0)?;
                numbers::whole(places).map_or(f64::NAN, |places| numbers::round(of, places))
            }
            F::Floor => number(0)?.floor(),
            F::Ceiling => number(0)?.ceil(),
            F::Abs => number(0)?.abs(),
            F::Pow => number(0)?.powf(number(1)?),
            F::Sqrt => number(0)?.sqrt(),
            F::Exp => number(0)?.exp(),
            F::Exp10 => 10f64.powf(number(0)?),
            F::Log => number(0)?.ln(),
            F::Log10 => number(0)?.log10(),
            F::Sin => number(0)?.sin(),
            F::Cos => number(0)?.cos(),
            F::Tan => number(0)?.tan(),
            F::Asin => number(0)?.asin(),
            F::Acos => number(0)?.acos(),
            F::Atan => number(0)?.atan(),
            F::Atan2 => number(0)?.atan2(number(1)?),
            F::Pi => std::f64::consts::PI,
            F::Random => {
                let [high, _] = self.draw();
                // 53 bits are what lies between 0 and 1.
                let bits = i64::try_from(high >> 11).unwrap_or(0);
                numbers::of(bits) / numbers::of(1 << 53)
            }
            // All others were answered before.
            _ => f64::NAN,
        })
    }

    /// Numbers that nobody can guess, others each time.
    fn draw(&self) -> [u64; 2] {
        let turn = self.drawn.get();
        self.drawn.set(turn + 1);
        let chance = self.setting.chance;
        let mut out = [turn, !turn];
        for (at, word) in out.iter_mut().enumerate() {
            let bytes = chance.iter().skip(at * 8).take(8);
            let seed = bytes.fold(0u64, |all, b| (all << 8) | u64::from(*b));
            let mut mixed = seed.wrapping_add(word.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *word = mixed ^ (mixed >> 31);
        }
        out
    }

    fn uuid(&self) -> String {
        let [high, low] = self.draw();
        uuid::Builder::from_random_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
            .into_uuid()
            .to_string()
    }
}
