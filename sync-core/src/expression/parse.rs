//! From words to an expression.

use super::dates;
use super::error::{ExpressionError, Fault};
use super::function::Function;
use super::texts;
use super::token::{self, Token, Word, words};
use super::tree::{Axis, Expr, Inner, Operator, Path, Start, Step, Test};
use crate::limits::{MAX_EXPRESSION_BYTES, MAX_EXPRESSION_DEPTH};

/// Operators by rank, the loosest first.
const RANKS: [&[(&str, Operator)]; 7] = [
    &[("or", Operator::Or)],
    &[("and", Operator::And)],
    &[("=", Operator::Equal), ("!=", Operator::NotEqual)],
    &[
        ("<", Operator::Less),
        ("<=", Operator::LessOrEqual),
        (">", Operator::More),
        (">=", Operator::MoreOrEqual),
    ],
    &[("+", Operator::Plus), ("-", Operator::Minus)],
    &[
        ("*", Operator::Times),
        ("div", Operator::Divide),
        ("mod", Operator::Remainder),
    ],
    &[("|", Operator::Union)],
];
/// The rank that binds closer than a sign before it.
const UNION: usize = 6;

pub(super) fn parse(text: &str) -> Result<Expr, ExpressionError> {
    if text.len() > MAX_EXPRESSION_BYTES {
        return Err(token::error(text, 0, Fault::TooLong));
    }
    let words = words(text)?;
    let mut parser = Parser {
        text,
        words: &words,
        next: 0,
        depth: 0,
    };
    let expr = parser.row(0)?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.unexpected("an operator")),
    }
}

struct Parser<'a> {
    text: &'a str,
    words: &'a [Word],
    next: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.words.get(self.next).map(|word| &word.token)
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(s)) if *s == sign)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is = self.is(sign);
        self.next += usize::from(is);
        is
    }

    fn fault_at(&self, word: usize, fault: Fault) -> ExpressionError {
        let at = self.words.get(word).map_or(self.text.len(), |w| w.at);
        token::error(self.text, at, fault)
    }

    fn unexpected(&self, expected: &'static str) -> ExpressionError {
        let Some(word) = self.words.get(self.next) else {
            return self.fault_at(self.next, Fault::Ends);
        };
        let end = self.words.get(self.next + 1);
        let end = end.map_or(self.text.len(), |w| w.at);
        let found = self.text.get(word.at..end).unwrap_or_default().trim();
        let found = found.to_owned();
        self.fault_at(self.next, Fault::Unexpected { found, expected })
    }

    fn wants(&mut self, sign: &str, expected: &'static str) -> Result<(), ExpressionError> {
        match self.takes(sign) {
            true => Ok(()),
            false => Err(self.unexpected(expected)),
        }
    }

    /// Operators of one rank.
    fn row(&mut self, rank: usize) -> Result<Expr, ExpressionError> {
        let Some(operators) = RANKS.get(rank) else {
            return self.path();
        };
        if rank == UNION {
            let mut negative = false;
            let mut signs = 0;
            while self.takes("-") {
                negative = !negative;
                signs += 1;
            }
            let of = self.row_of(operators, rank)?;
            return Ok(match (signs, negative) {
                (0, _) => of,
                (_, true) => Expr::Negate(Box::new(of)),
                // Twice the other sign is a number all the same.
                (_, false) => Expr::Negate(Box::new(Expr::Negate(Box::new(of)))),
            });
        }
        self.row_of(operators, rank)
    }

    fn row_of(
        &mut self,
        operators: &[(&str, Operator)],
        rank: usize,
    ) -> Result<Expr, ExpressionError> {
        let first = self.row(rank + 1)?;
        let mut rest = Vec::new();
        'row: loop {
            for (sign, operator) in operators {
                if self.takes(sign) {
                    rest.push((*operator, self.row(rank + 1)?));
                    continue 'row;
                }
            }
            break;
        }
        Ok(match rest.is_empty() {
            true => first,
            false => Expr::Row(Box::new(first), rest),
        })
    }

    fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, ExpressionError>,
    ) -> Result<T, ExpressionError> {
        self.depth += 1;
        if self.depth > MAX_EXPRESSION_DEPTH {
            return Err(self.fault_at(self.next, Fault::TooDeep));
        }
        let out = inner(self);
        self.depth -= 1;
        out
    }

    /// A path, or a value with steps behind it.
    fn path(&mut self) -> Result<Expr, ExpressionError> {
        let start = match self.peek() {
            None => return Err(self.fault_at(self.next, Fault::Ends)),
            Some(Token::Text(text)) => {
                let text = text.clone();
                self.next += 1;
                return Ok(Expr::Text(text));
            }
            Some(Token::Number(number)) => {
                let number = *number;
                self.next += 1;
                return Ok(Expr::Number(number));
            }
            Some(Token::Question(name)) => {
                let name = name.clone();
                self.next += 1;
                Start::Question(name)
            }
            Some(Token::Name(_)) if self.is_call() => {
                let call = self.deeper(Self::call)?;
                if !self.is("[") && !self.is("/") && !self.is("//") {
                    return Ok(call);
                }
                Start::Of(Box::new(Inner(call)))
            }
            Some(Token::Sign("(")) => {
                self.next += 1;
                let inner = self.deeper(|p| p.row(0))?;
                self.wants(")", "a closing bracket")?;
                if !self.is("[") && !self.is("/") && !self.is("//") {
                    return Ok(inner);
                }
                Start::Of(Box::new(Inner(inner)))
            }
            Some(Token::Sign("/" | "//")) => Start::Root,
            Some(Token::Name(_) | Token::Sign("." | ".." | "@" | "any")) => Start::Here,
            Some(Token::Sign(_)) => return Err(self.unexpected("a value")),
        };
        self.steps(start)
    }

    /// Whether a name is that of a function, and not a test like `node()`.
    fn is_call(&self) -> bool {
        let follows = self.words.get(self.next + 1).map(|w| &w.token);
        let is_test = matches!(self.peek(), Some(Token::Name(n)) if n == "node" || n == "text");
        matches!(follows, Some(Token::Sign("("))) && !is_test
    }

    fn call(&mut self) -> Result<Expr, ExpressionError> {
        let at = self.next;
        let Some(Token::Name(name)) = self.peek() else {
            return Err(self.unexpected("a function"));
        };
        let Some(function) = Function::named(name) else {
            return Err(self.fault_at(at, Fault::UnknownFunction(name.clone())));
        };
        self.next += 2;
        let mut arguments = Vec::new();
        if !self.takes(")") {
            loop {
                arguments.push(self.row(0)?);
                if self.takes(")") {
                    break;
                }
                self.wants(",", "a comma or a closing bracket")?;
            }
        }
        let found = arguments.len();
        let (least, most) = function.takes();
        if found < least || most.is_some_and(|most| found > most) {
            let name = function.as_str();
            let fault = Fault::Arguments {
                name,
                least,
                most,
                found,
            };
            return Err(self.fault_at(at, fault));
        }
        // What is written there is known before anybody answers.
        let fault = match (function, arguments.as_slice()) {
            (Function::Date | Function::DateTime, [Expr::Text(text)]) => {
                let is_date = text.is_empty() || dates::reads(text);
                (!is_date).then(|| Fault::NoDate(text.clone()))
            }
            (Function::Regex, [_, Expr::Text(pattern)]) => {
                let is_pattern = texts::pattern(pattern).is_ok();
                (!is_pattern).then(|| Fault::BadPattern(pattern.clone()))
            }
            _ => None,
        };
        match fault {
            Some(fault) => Err(self.fault_at(at, fault)),
            None => Ok(Expr::Call(function, arguments)),
        }
    }

    fn steps(&mut self, start: Start) -> Result<Expr, ExpressionError> {
        let mut steps = Vec::new();
        match start {
            Start::Here => steps.push(self.step()?),
            Start::Root => {
                if self.takes("//") {
                    steps.push(inside());
                    steps.push(self.step()?);
                } else {
                    self.next += 1;
                    if self.begins_step() {
                        steps.push(self.step()?);
                    }
                }
            }
            Start::Question(_) | Start::Of(_) => {
                let predicates = self.predicates()?;
                if !predicates.is_empty() {
                    steps.push(Step {
                        axis: Axis::Itself,
                        test: Test::Any,
                        predicates,
                    });
                }
            }
        }
        loop {
            if self.takes("//") {
                steps.push(inside());
            } else if !self.takes("/") {
                break;
            }
            steps.push(self.step()?);
        }
        Ok(Expr::Path(Path { start, steps }))
    }

    fn begins_step(&self) -> bool {
        matches!(
            self.peek(),
            Some(Token::Name(_) | Token::Sign("." | ".." | "@" | "any"))
        )
    }

    fn step(&mut self) -> Result<Step, ExpressionError> {
        let short = match self.peek() {
            Some(Token::Sign(".")) => Some(Axis::Itself),
            Some(Token::Sign("..")) => Some(Axis::Parent),
            _ => None,
        };
        let (axis, test) = match short {
            Some(axis) => {
                self.next += 1;
                (axis, Test::Any)
            }
            None => (self.axis()?, self.test()?),
        };
        let predicates = self.predicates()?;
        Ok(Step {
            axis,
            test,
            predicates,
        })
    }

    fn axis(&mut self) -> Result<Axis, ExpressionError> {
        if self.takes("@") {
            return Ok(Axis::Attribute);
        }
        let follows = self.words.get(self.next + 1).map(|w| &w.token);
        let (Some(Token::Name(name)), Some(Token::Sign("::"))) = (self.peek(), follows) else {
            return Ok(Axis::Child);
        };
        let axis = match name.as_str() {
            "child" => Axis::Child,
            "parent" => Axis::Parent,
            "self" => Axis::Itself,
            "descendant-or-self" => Axis::Inside,
            "ancestor" => Axis::Around,
            "attribute" => Axis::Attribute,
            other => {
                let fault = Fault::UnknownAxis(other.to_owned());
                return Err(self.fault_at(self.next, fault));
            }
        };
        self.next += 2;
        Ok(axis)
    }

    fn test(&mut self) -> Result<Test, ExpressionError> {
        if self.takes("any") {
            return Ok(Test::Named);
        }
        let Some(Token::Name(name)) = self.peek() else {
            return Err(self.unexpected("the name of a question"));
        };
        let name = name.clone();
        self.next += 1;
        if (name == "node" || name == "text") && self.takes("(") {
            self.wants(")", "a closing bracket")?;
            return Ok(Test::Any);
        }
        Ok(Test::Name(name))
    }

    fn predicates(&mut self) -> Result<Vec<Inner>, ExpressionError> {
        let mut out = Vec::new();
        while self.takes("[") {
            out.push(Inner(self.deeper(|p| p.row(0))?));
            self.wants("]", "a closing square bracket")?;
        }
        Ok(out)
    }
}

fn inside() -> Step {
    Step {
        axis: Axis::Inside,
        test: Test::Any,
        predicates: Vec::new(),
    }
}
