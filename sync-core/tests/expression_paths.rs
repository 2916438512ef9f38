//! Expressions: paths, repeats, lists, and what is read of them before anything is answered.

use gridfold_sync_core::expression::{Expression, Function, Path, Start, Value};

use crate::common::answers::Tree;

/// A repeat `r` with `v` of 5, nothing and 7, and a note of where each stands.
struct Form {
    tree: Tree,
    turns: Vec<usize>,
}

fn form() -> Form {
    let mut tree = Tree::default();
    tree.text(Tree::DATA, "city", "east");
    let mut turns = Vec::new();
    for v in [Some(5.0), None, Some(7.0)] {
        let turn = tree.add(Tree::DATA, "r", Value::empty());
        let value = v.map_or_else(Value::empty, Value::Number);
        tree.add(turn, "v", value);
        turns.push(tree.text(turn, "note", ""));
    }
    tree.list(
        "streets",
        &[
            &[("name", "s1"), ("label", "First"), ("city", "west")],
            &[("name", "s2"), ("label", "Second"), ("city", "east")],
            &[("name", "s3"), ("label", "Third"), ("city", "east")],
        ],
    );
    Form { tree, turns }
}

#[test]
fn what_is_empty_in_a_repeat_is_passed_over_by_sums_and_extremes() {
    let Form { tree, .. } = form();
    let says = |expression| tree.says(Tree::DATA, expression);
    assert_eq!(says("sum(/data/r/v)"), "12");
    assert_eq!(says("max(/data/r/v)"), "7");
    assert_eq!(says("min(/data/r/v)"), "5");
    assert_eq!(says("count(/data/r/v)"), "3");
    assert_eq!(says("count-non-empty(/data/r/v)"), "2");
    assert_eq!(says("join(',', /data/r/v)"), "5,,7");
    assert_eq!(says("concat(/data/r/v)"), "57");
    assert_eq!(says("sum(/data/r/v) div count(/data/r/v)"), "4");
}

#[test]
fn any_turn_of_a_repeat_may_be_the_one_that_is_compared() {
    let Form { tree, .. } = form();
    let says = |expression| tree.says(Tree::DATA, expression);
    assert_eq!(says("/data/r/v = 7"), "true");
    assert_eq!(says("/data/r/v > 5"), "true");
    assert_eq!(says("/data/r/v = 6"), "false");
    assert_eq!(says("string(/data/r/v)"), "5");
}

#[test]
fn predicates_choose_by_place_and_by_what_was_answered() {
    let Form { tree, .. } = form();
    let says = |expression| tree.says(Tree::DATA, expression);
    assert_eq!(says("count(/data/r[v > 5])"), "1");
    assert_eq!(says("sum(/data/r/v[. != ''])"), "12");
    assert_eq!(says("/data/r[3]/v"), "7");
    assert_eq!(says("/data/r[position() = last()]/v"), "7");
    assert_eq!(says("/data/r[1][v = 7]/v"), "");
    assert_eq!(says("(/data/r/v)[3]"), "7");
    // In each turn there is one only.
    assert_eq!(says("count(/data/r/v[1])"), "3");
    assert_eq!(says("count(//v)"), "3");
    assert_eq!(says("count(/data/*)"), "4");
    assert_eq!(says("name(/data/*[1])"), "city");
    assert_eq!(says("count(/data/r/v | /data/city)"), "4");
}

#[test]
fn a_turn_reads_its_own_answers_and_knows_its_place() {
    let Form { tree, turns } = form();
    let says = |turn: usize, expression| tree.says(turns[turn], expression);
    assert_eq!(says(0, "../v"), "5");
    assert_eq!(says(2, "${v}"), "7");
    assert_eq!(says(2, "position(..)"), "3");
    assert_eq!(says(1, "count(${r})"), "3");
    assert_eq!(says(1, "indexed-repeat(${v}, ${r}, position(..) - 1)"), "5");
    assert_eq!(says(0, "indexed-repeat(${v}, ${r}, 3)"), "7");
    assert_eq!(says(0, "indexed-repeat(${v}, ${r}, 0)"), "");
    assert_eq!(says(0, "indexed-repeat(${v}, ${r}, 9)"), "");
    assert_eq!(
        says(2, "../../r[position() = position(current()/..) - 2]/v"),
        "5"
    );
}

#[test]
fn lists_are_filtered_by_what_was_answered() {
    let Form { tree, .. } = form();
    let says = |expression: &str| tree.says(Tree::DATA, expression);
    let items = "instance('streets')/root/item";
    assert_eq!(says(&format!("count({items}[city = ${{city}}])")), "2");
    assert_eq!(says(&format!("{items}[name = 's2']/label")), "Second");
    assert_eq!(
        says(&format!("join(' ', {items}[city = /data/city]/name)")),
        "s2 s3"
    );
    assert_eq!(says(&format!("{items}[name = 'none']/label")), "");
    assert_eq!(says("count(instance('unknown')/root/item)"), "0");
}

#[test]
fn once_keeps_what_is_there() {
    let mut tree = Tree::default();
    let kept = tree.text(Tree::DATA, "kept", "old");
    let new = tree.text(Tree::DATA, "new", "");
    assert_eq!(tree.says(kept, "once('fresh')"), "old");
    assert_eq!(tree.says(new, "once('fresh')"), "fresh");
}

#[test]
fn what_an_expression_depends_on_is_told() {
    let text =
        "if(${a} > 1, /data/b[c = ../d], concat(instance('l')/root/item[x = current()/y]/z, ''))";
    let expression = Expression::parse(text).unwrap();
    let first = |path: &Path| match &path.start {
        Start::Question(name) => format!("${name}"),
        Start::Root => "/".to_owned(),
        Start::Here => ".".to_owned(),
        Start::Of(_) => "()".to_owned(),
    };
    let starts: Vec<_> = expression.paths().into_iter().map(first).collect();
    assert_eq!(starts, ["$a", "/", ".", ".", "()", ".", "()"]);
    let called = [
        Function::If,
        Function::Concat,
        Function::Instance,
        Function::Current,
    ];
    assert_eq!(expression.functions(), called);
}
