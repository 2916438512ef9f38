//! Expressions: what is none is told with its place, and none takes work without an end.

use gridfold_sync_core::expression::{
    EvaluateError, Expression, ExpressionError, Fault, Function, Value,
};
use gridfold_sync_core::limits::{MAX_EXPRESSION_BYTES, MAX_EXPRESSION_DEPTH};
use proptest::prelude::*;

use crate::common::answers::{self, Tree, setting};

fn fault(text: &str) -> (usize, Fault) {
    let ExpressionError { at, fault } = Expression::parse(text).unwrap_err();
    (at, fault)
}

#[test]
fn an_error_says_where_and_what() {
    let unknown = |name: &str| Fault::UnknownFunction(name.to_owned());
    assert_eq!(fault("1 + foo(2)"), (5, unknown("foo")));
    // Counted in characters, as people count.
    assert_eq!(fault("'日本' = bar()"), (8, unknown("bar")));
    assert_eq!(fault(""), (1, Fault::Ends));
    assert_eq!(fault("1 +"), (4, Fault::Ends));
    assert_eq!(fault("'abc"), (1, Fault::OpenText));
    assert_eq!(fault("1.2.3"), (1, Fault::BadNumber("1.2.3".to_owned())));
    assert_eq!(fault("a # b"), (3, Fault::BadCharacter('#')));
    assert_eq!(fault("${a b}"), (1, Fault::BadCharacter('$')));
    assert_eq!(
        fault("following::a"),
        (1, Fault::UnknownAxis("following".to_owned()))
    );
    assert_eq!(
        fault("1 + date('2024-02-30')"),
        (5, Fault::NoDate("2024-02-30".to_owned()))
    );
    assert_eq!(
        fault("regex(., '[')"),
        (1, Fault::BadPattern("[".to_owned()))
    );
    assert!(matches!(fault("(1 + 2"), (7, Fault::Ends)));
    let (at, found) = fault("1 2");
    assert_eq!(at, 3);
    assert_eq!(
        found.to_string(),
        "\u{201c}2\u{201d} stands where an operator is expected"
    );
}

#[test]
fn arguments_are_counted_for_each_function() {
    let told = fault("if(1, 2)").1.to_string();
    assert_eq!(told, "if() takes 3, not 2");
    assert_eq!(
        fault("round()").1.to_string(),
        "round() takes 1 to 2, not 0"
    );
    assert_eq!(
        fault("join()").1.to_string(),
        "join() takes 1 or more, not 0"
    );
    for function in Function::ALL {
        let (least, most) = function.takes();
        let ones = |count: usize| vec!["."; count].join(", ");
        let call = |count| Expression::parse(&format!("{}({})", function.as_str(), ones(count)));
        assert!(call(least).is_ok(), "{function:?}");
        if let Some(few) = least.checked_sub(1) {
            assert!(call(few).is_err(), "{function:?}");
        }
        if let Some(most) = most {
            assert!(
                call(most).is_ok() && call(most + 1).is_err(),
                "{function:?}"
            );
        }
    }
}

#[test]
fn every_function_answers_with_nothing_to_go_by() {
    let tree = Tree::default();
    for function in Function::ALL {
        let (least, _) = function.takes();
        let call = format!("{}({})", function.as_str(), vec!["."; least].join(", "));
        let said = Expression::parse(&call)
            .unwrap()
            .evaluate(&tree, Tree::DATA, &setting());
        match function {
            // A way of digesting that is not known is told, too.
            Function::Pulldata
            | Function::ExtensionLib
            | Function::Itext
            | Function::Version
            | Function::Digest => {
                assert_eq!(said, Err(EvaluateError::NotAnswered(function.as_str())));
            }
            _ => assert!(said.is_ok(), "{function:?}: {said:?}"),
        }
    }
}

#[test]
fn what_is_too_long_or_too_deep_is_refused_and_what_is_wide_is_not() {
    let long = format!("'{}'", "a".repeat(MAX_EXPRESSION_BYTES));
    assert_eq!(fault(&long).1, Fault::TooLong);
    let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Expression::parse(&nested(MAX_EXPRESSION_DEPTH)).is_ok());
    assert_eq!(fault(&nested(MAX_EXPRESSION_DEPTH + 1)).1, Fault::TooDeep);
    assert_eq!(
        fault(&"a[".repeat(MAX_EXPRESSION_DEPTH + 1)).1,
        Fault::TooDeep
    );
    let tree = Tree::default();
    assert_eq!(tree.says(Tree::DATA, &vec!["1"; 4_000].join("+")), "4000");
    assert_eq!(
        tree.says(Tree::DATA, &format!("{}1", "-".repeat(4_001))),
        "-1"
    );
}

#[test]
fn what_takes_too_many_steps_ends() {
    let mut tree = Tree::default();
    for _ in 0..300 {
        tree.text(Tree::DATA, "a", "1");
    }
    let says = |text: &str| {
        let expression = Expression::parse(text).unwrap();
        expression.evaluate(&tree, Tree::DATA, &setting())
    };
    assert_eq!(says("count(//a[. = '1'])"), Ok(Value::Number(300.0)));
    let all = says("count(//a[count(//a[count(//a) > 1]) > 1])");
    assert_eq!(all, Err(EvaluateError::TooManySteps));
}

#[test]
fn a_text_that_grows_without_an_end_is_refused() {
    let mut tree = Tree::default();
    tree.text(Tree::DATA, "a", &"x".repeat(100_000));
    let expression = Expression::parse("concat(/data/a, /data/a, /data/a)").unwrap();
    let said = expression.evaluate(&tree, Tree::DATA, &setting());
    assert_eq!(said, Err(EvaluateError::TooLong));
}

/// Pieces that expressions are made of, well or badly put together.
fn pieces() -> impl Strategy<Value = Vec<&'static str>> {
    let all = vec![
        "${a}",
        "a",
        ".",
        "..",
        "/",
        "//",
        "/data/a",
        "[",
        "]",
        "(",
        ")",
        ",",
        "*",
        "|",
        "+",
        "-",
        "=",
        "!=",
        "<",
        ">=",
        "and",
        "or",
        "mod",
        "div",
        "1",
        "2.5",
        "-1",
        "'x'",
        "'2024-02-29'",
        "concat(",
        "if(",
        "sum(",
        "date(",
        "round(",
        "add-date(",
        "today()",
        "now()",
        "substr(",
        "position(",
        "format-date(",
        "@b",
        "node()",
        "current()",
        "99999999999999999999",
        "''",
    ];
    proptest::collection::vec(proptest::sample::select(all), 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_text_of_pieces_breaks_it(pieces in pieces()) {
        for between in ["", " "] {
            answers::run(&pieces.join(between));
        }
    }

    #[test]
    fn no_text_at_all_breaks_it(text in "\\PC{0,64}") {
        answers::run(&text);
        if let Err(error) = Expression::parse(&text) {
            prop_assert!(error.at <= text.chars().count() + 1);
        }
    }

    #[test]
    fn a_number_is_read_as_it_was_written(number in proptest::num::f64::NORMAL) {
        let tree = Tree::default();
        let written = Value::<usize>::Number(number).to_text(&tree, &setting());
        prop_assert!(!written.contains(['e', 'E']), "{written}");
        let read = Value::<usize>::Text(written).to_number(&tree);
        prop_assert_eq!(read.to_bits(), number.to_bits());
    }

    #[test]
    fn rounding_moves_a_number_by_half_a_place_at_most(number in -1e9f64..1e9, places in -3i32..6) {
        let tree = Tree::default();
        let said = tree.says(Tree::DATA, &format!("round({number}, {places})"));
        let rounded: f64 = said.parse().unwrap();
        let half = 0.5 * 10f64.powi(-places) + number.abs() * 1e-14;
        prop_assert!((rounded - number).abs() <= half * 1.000_001, "{number} {places} {said}");
    }
}
