//! What an expression reads, told from the questions of a form before anything is answered.

use super::function::Function;
use super::tree::{Axis, Expr, Operator, Path, Start, Step, Test};

/// The questions of a form, each once, however often a repeat has it.
pub trait Shape {
    /// A question, group or repeat.
    type Node: Copy + Ord;

    /// What `/` means.
    fn root(&self) -> Self::Node;
    /// What a node lies in.
    fn parent(&self, node: Self::Node) -> Option<Self::Node>;
    /// What lies in a node, in order.
    fn children(&self, node: Self::Node) -> Vec<Self::Node>;
    /// The name of a node.
    fn name(&self, node: Self::Node) -> &str;
    /// Questions of a name.
    fn question(&self, name: &str) -> Vec<Self::Node>;
}

/// A question that an expression reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read<N> {
    /// The question.
    pub of: N,
    /// What lies around both and is not left on the way: of a repeat around it only the own turn is
    /// read.
    pub within: N,
}

/// What an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reads<N> {
    /// Questions, each once for each way.
    pub questions: Vec<Read<N>>,
    /// Lists, by name.
    pub lists: Vec<String>,
    /// Names of questions that there are none of.
    pub missing: Vec<String>,
}

/// What was found on a way so far; nothing where it is not among the questions, but in a list.
type Found<N> = Vec<Read<N>>;

pub(super) fn reads<S: Shape>(expr: &Expr, shape: &S, here: S::Node) -> Reads<S::Node> {
    let mut reader = Reader {
        shape,
        here,
        out: Reads {
            questions: Vec::new(),
            lists: Vec::new(),
            missing: Vec::new(),
        },
    };
    let at = Read {
        of: here,
        within: here,
    };
    reader.see(expr, Some(at));
    reader.out.questions.sort_unstable();
    reader.out.questions.dedup();
    reader.out
}

struct Reader<'a, S: Shape> {
    shape: &'a S,
    here: S::Node,
    out: Reads<S::Node>,
}

impl<S: Shape> Reader<'_, S> {
    /// Notes what a piece reads from a node, and gives the questions that it leads to.
    fn see(&mut self, expr: &Expr, at: Option<Read<S::Node>>) -> Found<S::Node> {
        match expr {
            Expr::Text(_) | Expr::Number(_) => Vec::new(),
            Expr::Negate(of) => {
                self.see(of, at);
                Vec::new()
            }
            Expr::Row(first, rest) => {
                let mut found = self.see(first, at);
                let mut is_union = true;
                for (operator, right) in rest {
                    found.extend(self.see(right, at));
                    is_union &= *operator == Operator::Union;
                }
                if is_union { found } else { Vec::new() }
            }
            Expr::Call(function, arguments) => self.see_call(*function, arguments, at),
            Expr::Path(path) => {
                let found = self.see_path(path, at);
                self.out.questions.extend(&found);
                found
            }
        }
    }

    fn see_call(
        &mut self,
        function: Function,
        arguments: &[Expr],
        at: Option<Read<S::Node>>,
    ) -> Found<S::Node> {
        if let (Function::Instance, [Expr::Text(name)]) = (function, arguments)
            && !self.out.lists.contains(name)
        {
            self.out.lists.push(name.clone());
        }
        let mut first = Vec::new();
        for (place, argument) in arguments.iter().enumerate() {
            let before = self.out.questions.len();
            let mut found = self.see(argument, at);
            if function == Function::IndexedRepeat && (place == 0 || place % 2 == 1) {
                // Any turn may be meant, not the own one.
                let root = self.shape.root();
                let seen = self.out.questions.iter_mut().skip(before);
                for read in seen.filter(|read| found.contains(read)) {
                    read.within = root;
                }
                for read in &mut found {
                    read.within = root;
                }
            }
            if place == 0 {
                first = found;
            }
        }
        match function {
            Function::Current => vec![Read {
                of: self.here,
                within: self.here,
            }],
            Function::IndexedRepeat | Function::Randomize => first,
            _ => Vec::new(),
        }
    }

    fn see_path(&mut self, path: &Path, at: Option<Read<S::Node>>) -> Found<S::Node> {
        let mut found = match &path.start {
            Start::Root => vec![Read {
                of: self.shape.root(),
                within: self.shape.root(),
            }],
            Start::Here => at.into_iter().collect(),
            Start::Question(name) => {
                let named = self.shape.question(name);
                if named.is_empty() {
                    self.miss(name);
                }
                let around = named.into_iter().map(|of| Read {
                    of,
                    within: self.around(of),
                });
                around.collect()
            }
            Start::Of(inner) => self.see(&inner.0, at),
        };
        for step in &path.steps {
            let is_known = !found.is_empty();
            let mut next: Found<S::Node> = found.iter().flat_map(|n| self.go(*n, step)).collect();
            next.sort_unstable();
            next.dedup();
            if next.is_empty() && is_known {
                match &step.test {
                    Test::Name(name) if step.axis != Axis::Attribute => self.miss(name),
                    _ => {}
                }
                // What its predicates say is read all the same.
                for predicate in path.steps.iter().flat_map(|step| &step.predicates) {
                    self.see(&predicate.0, None);
                }
                return Vec::new();
            }
            found = next;
            for predicate in &step.predicates {
                match found.is_empty() {
                    true => {
                        self.see(&predicate.0, None);
                    }
                    false => {
                        for read in found.clone() {
                            self.see(&predicate.0, Some(read));
                        }
                    }
                }
            }
        }
        found
    }

    fn miss(&mut self, name: &str) {
        if !self.out.missing.iter().any(|known| known == name) {
            self.out.missing.push(name.to_owned());
        }
    }

    /// The nearest that lies around the question an expression stands at and another.
    fn around(&self, of: S::Node) -> S::Node {
        let up = |from| std::iter::successors(Some(from), |n| self.shape.parent(*n));
        let mine: Vec<S::Node> = up(self.here).collect();
        let other = self.shape.parent(of).unwrap_or(of);
        let shared = up(other).find(|node| mine.contains(node));
        shared.unwrap_or_else(|| self.shape.root())
    }

    fn go(&self, from: Read<S::Node>, step: &Step) -> Found<S::Node> {
        let shape = self.shape;
        let fits = |node: &S::Node| match &step.test {
            Test::Name(name) => shape.name(*node) == name,
            Test::Named | Test::Any => true,
        };
        let keep = |nodes: Vec<S::Node>, within: Option<S::Node>| -> Found<S::Node> {
            let nodes = nodes.into_iter().filter(fits);
            let reads = nodes.map(|of| Read {
                of,
                within: within.unwrap_or(of),
            });
            reads.collect()
        };
        match step.axis {
            Axis::Attribute => Vec::new(),
            Axis::Child => keep(shape.children(from.of), Some(from.within)),
            Axis::Itself => keep(vec![from.of], Some(from.within)),
            Axis::Inside => {
                let mut out = Vec::new();
                let mut left = vec![from.of];
                while let Some(node) = left.pop() {
                    out.push(node);
                    left.extend(shape.children(node));
                }
                keep(out, Some(from.within))
            }
            Axis::Parent => {
                let parent: Vec<_> = shape.parent(from.of).into_iter().collect();
                // Out of what is around both, more is read.
                let leaves = from.of == from.within;
                keep(parent, (!leaves).then_some(from.within))
            }
            Axis::Around => {
                let around = std::iter::successors(shape.parent(from.of), |n| shape.parent(*n));
                keep(around.collect(), None)
            }
        }
    }
}
