//! Paths: from where an expression stands to the questions they lead to.

use super::answers::{Answers, Value};
use super::error::EvaluateError;
use super::evaluate::{Evaluator, Scope};
use super::numbers;
use super::tree::{Axis, Path, Start, Step, Test};

impl<A: Answers> Evaluator<'_, A> {
    /// Questions that a path leads to, in the order of the form.
    pub(super) fn follow(
        &self,
        path: &Path,
        scope: Scope<A::Node>,
    ) -> Result<Vec<A::Node>, EvaluateError> {
        let mut nodes = match &path.start {
            Start::Root => vec![self.answers.root()],
            Start::Here => vec![scope.node],
            Start::Question(name) => self.answers.question(scope.here, name),
            Start::Of(inner) => match self.value(&inner.0, scope)? {
                Value::Nodes(nodes) => nodes,
                _ => Vec::new(),
            },
        };
        for step in &path.steps {
            let is_filter = matches!(path.start, Start::Question(_) | Start::Of(_))
                && step.axis == Axis::Itself
                && step.test == Test::Any;
            if is_filter {
                // `(a | b)[2]` chooses among all of them, not in each.
                nodes = self.choose(nodes, step, scope)?;
                continue;
            }
            let mut out = Vec::new();
            for node in &nodes {
                let found = self.go(*node, step)?;
                out.extend(self.choose(found, step, scope)?);
            }
            out.sort_unstable();
            out.dedup();
            nodes = out;
        }
        Ok(nodes)
    }

    /// Where one step leads from a node.
    fn go(&self, node: A::Node, step: &Step) -> Result<Vec<A::Node>, EvaluateError> {
        let answers = self.answers;
        let found = match (step.axis, &step.test) {
            (Axis::Attribute, Test::Name(name)) => {
                answers.attribute(node, name).into_iter().collect()
            }
            (Axis::Attribute, _) => Vec::new(),
            (Axis::Child, Test::Name(name)) => {
                let found = answers.named(node, name);
                self.spend(found.len())?;
                return Ok(found);
            }
            (Axis::Child, _) => answers.children(node),
            (Axis::Parent, _) => answers.parent(node).into_iter().collect(),
            (Axis::Itself, _) => vec![node],
            (Axis::Around, _) => {
                let around = std::iter::successors(answers.parent(node), |n| answers.parent(*n));
                around.collect()
            }
            (Axis::Inside, _) => {
                let mut out = Vec::new();
                let mut left = vec![node];
                while let Some(node) = left.pop() {
                    out.push(node);
                    let children = answers.children(node);
                    self.spend(children.len())?;
                    left.extend(children.into_iter().rev());
                }
                out
            }
        };
        self.spend(found.len())?;
        let fits = |node: &A::Node| match &step.test {
            Test::Name(name) => step.axis == Axis::Attribute || answers.name(*node) == name,
            Test::Named => !answers.name(*node).is_empty(),
            Test::Any => true,
        };
        Ok(found.into_iter().filter(fits).collect())
    }

    /// Those of some nodes that the predicates of a step choose.
    fn choose(
        &self,
        mut nodes: Vec<A::Node>,
        step: &Step,
        scope: Scope<A::Node>,
    ) -> Result<Vec<A::Node>, EvaluateError> {
        for predicate in &step.predicates {
            let size = nodes.len();
            let mut out = Vec::new();
            for (at, node) in nodes.into_iter().enumerate() {
                let inner = Scope {
                    here: scope.here,
                    node,
                    position: at + 1,
                    size,
                };
                let chosen = match self.value(&predicate.0, inner)? {
                    Value::Number(place) => place.to_bits() == numbers::of_count(at + 1).to_bits(),
                    other => other.to_boolean(self.answers),
                };
                if chosen {
                    out.push(node);
                }
            }
            nodes = out;
        }
        Ok(nodes)
    }
}
