//! What functions answer of questions and repeats.

use super::answers::{Answers, Value};
use super::error::EvaluateError;
use super::evaluate::{Evaluator, Scope};
use super::function::Function as F;
use super::numbers;
use super::tree::{Expr, Path, Start};

impl<A: Answers> Evaluator<'_, A> {
    pub(super) fn of_nodes(
        &self,
        function: F,
        arguments: &[Expr],
        scope: Scope<A::Node>,
    ) -> Result<Option<Value<A::Node>>, EvaluateError> {
        let nodes = |expr: &Expr| -> Result<Vec<A::Node>, EvaluateError> {
            Ok(match self.value(expr, scope)? {
                Value::Nodes(nodes) => nodes,
                _ => Vec::new(),
            })
        };
        Ok(Some(match (function, arguments) {
            (F::Count, [of]) => Value::Number(numbers::of_count(nodes(of)?.len())),
            (F::CountNonEmpty, [of]) => {
                let values = nodes(of)?.into_iter().map(|n| self.answers.value(n));
                let filled = values.filter(|v| !self.is_empty(v));
                Value::Number(numbers::of_count(filled.count()))
            }
            (F::Sum, all) => {
                let filled = self.filled(all, scope)?;
                // The sum of nothing is 0, whichever sign a machine gives it.
                Value::Number(filled.iter().fold(0.0, |sum, number| sum + number))
            }
            (F::Max, all) => Value::Number(extreme(&self.filled(all, scope)?, f64::max)),
            (F::Min, all) => Value::Number(extreme(&self.filled(all, scope)?, f64::min)),
            (F::Position, []) => Value::Number(numbers::of_count(scope.position)),
            (F::Position, [of]) => match nodes(of)?.first() {
                Some(node) => Value::Number(numbers::of_count(self.place(*node)?)),
                None => Value::empty(),
            },
            (F::Last, _) => Value::Number(numbers::of_count(scope.size)),
            (F::Name, all) => {
                let node = match all.first() {
                    Some(of) => nodes(of)?.first().copied(),
                    None => Some(scope.node),
                };
                Value::Text(node.map_or("", |n| self.answers.name(n)).to_owned())
            }
            // In which order choices are shown is whoever shows them's.
            (F::Randomize, [of, ..]) => Value::Nodes(nodes(of)?),
            (F::Current, _) => Value::Nodes(vec![scope.here]),
            (F::Instance, [name]) => {
                let name = self.text(name, scope)?;
                Value::Nodes(self.answers.list(&name).into_iter().collect())
            }
            (F::IndexedRepeat, [of, turns @ ..]) => {
                Value::Nodes(self.indexed_repeat(of, turns, scope)?)
            }
            (F::Once, [of]) => {
                let kept = self.answers.value(scope.here);
                match self.is_empty(&kept) {
                    true => self.value(of, scope)?,
                    false => kept,
                }
            }
            _ => return Ok(None),
        }))
    }

    fn is_empty(&self, value: &Value<A::Node>) -> bool {
        value.to_text(self.answers, self.setting).is_empty()
    }

    /// Numbers of all arguments, and of all that a path among them leads to, without empty ones.
    fn filled(&self, arguments: &[Expr], scope: Scope<A::Node>) -> Result<Vec<f64>, EvaluateError> {
        let mut out = Vec::new();
        for argument in arguments {
            let values = match self.value(argument, scope)? {
                Value::Nodes(nodes) => nodes.iter().map(|n| self.answers.value(*n)).collect(),
                other => vec![other],
            };
            let filled = values.iter().filter(|value| !self.is_empty(value));
            out.extend(filled.map(|value| value.to_number(self.answers)));
        }
        Ok(out)
    }

    /// The place of a node among those of its name that lie in the same, from 1.
    fn place(&self, node: A::Node) -> Result<usize, EvaluateError> {
        let Some(parent) = self.answers.parent(node) else {
            return Ok(1);
        };
        let beside = self.answers.named(parent, self.answers.name(node));
        self.spend(beside.len())?;
        Ok(beside
            .iter()
            .position(|n| *n == node)
            .map_or(1, |at| at + 1))
    }

    /// Those of a question that lie in one turn of a repeat, or of several that lie in each other.
    fn indexed_repeat(
        &self,
        of: &Expr,
        turns: &[Expr],
        scope: Scope<A::Node>,
    ) -> Result<Vec<A::Node>, EvaluateError> {
        let mut found = self.of_every_turn(of, scope)?;
        let mut inside: Option<A::Node> = None;
        for pair in turns.chunks(2) {
            let [repeat, at] = pair else {
                return Ok(Vec::new());
            };
            let mut repeats = self.of_every_turn(repeat, scope)?;
            if let Some(outer) = inside {
                repeats.retain(|node| self.lies_in(*node, outer));
            }
            let at = numbers::whole(self.number(at, scope)?).and_then(|at| at.checked_sub(1));
            let at = at.and_then(|at| usize::try_from(at).ok());
            let Some(turn) = at.and_then(|at| repeats.get(at)).copied() else {
                return Ok(Vec::new());
            };
            self.spend(found.len())?;
            found.retain(|node| self.lies_in(*node, turn));
            inside = Some(turn);
        }
        Ok(found)
    }

    /// What a path leads to; of a question by its name those of every turn.
    fn of_every_turn(
        &self,
        expr: &Expr,
        scope: Scope<A::Node>,
    ) -> Result<Vec<A::Node>, EvaluateError> {
        match expr {
            Expr::Path(Path {
                start: Start::Question(name),
                steps,
            }) if steps.is_empty() => Ok(self.answers.question(self.answers.root(), name)),
            Expr::Path(path) => self.follow(path, scope),
            _ => Ok(Vec::new()),
        }
    }

    fn lies_in(&self, node: A::Node, outer: A::Node) -> bool {
        let mut around = std::iter::successors(Some(node), |n| self.answers.parent(*n));
        around.any(|n| n == outer)
    }
}

/// The greatest or least of some numbers; none is no number.
fn extreme(numbers: &[f64], of: fn(f64, f64) -> f64) -> f64 {
    numbers.iter().copied().reduce(of).unwrap_or(f64::NAN)
}
