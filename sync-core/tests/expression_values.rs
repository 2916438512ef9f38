//! Expressions: what they come to, where engines of the field agree and where they do not.

use gridfold_sync_core::expression::Value;
use gridfold_sync_core::time::{Timestamp, parse_date};

use crate::common::answers::Tree;

fn day(text: &str) -> Value<usize> {
    Value::Date(i64::from(parse_date(text).unwrap()))
}

/// `a` and `gone` are not answered; `n` is the number 0, `d` 2024-03-10, `m` the choices b and a.
fn form() -> Tree {
    let mut tree = Tree::default();
    let data = Tree::DATA;
    tree.add(data, "a", Value::empty());
    tree.add(data, "n", Value::Number(0.0));
    tree.add(data, "d", day("2024-03-10"));
    tree.text(data, "m", "a b");
    tree.text(data, "t", "12345");
    // 2024-03-05T10:00+08:00, twice.
    tree.add(data, "at", Value::Moment(Timestamp(1_709_604_000_000)));
    tree.text(data, "z", "2024-03-05T02:00:00.000Z");
    tree
}

fn all_say(cases: &[(&str, &str)]) {
    let tree = form();
    let wrong: Vec<String> = cases
        .iter()
        .map(|(expression, want)| (expression, want, tree.says(Tree::DATA, expression)))
        .filter(|(_, want, said)| said != *want)
        .map(|(expression, want, said)| format!("{expression} = {said:?}, not {want:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_empty_stays_empty_in_what_is_reckoned_of_it() {
    all_say(&[
        ("${a} + 1", ""),
        ("${a} * 0", ""),
        ("coalesce(${a}, 0) + 1", "1"),
        ("number(${a})", ""),
        ("sum(${a})", "0"),
        ("${a} - date('2024-03-01')", ""),
        ("${a} > date('2024-03-01')", "false"),
        ("${a} < date('2024-03-01')", "false"),
        ("today() - ${a}", ""),
        ("decimal-date-time(${a})", ""),
        ("format-date(${a}, '%Y')", ""),
        ("date(${a})", ""),
        ("max(${a})", ""),
    ]);
}

#[test]
fn what_is_empty_is_less_than_nothing_and_equals_only_itself() {
    all_say(&[
        ("if(${a} < 5, 'T', 'F')", "F"),
        ("if(${a} != 5, 'T', 'F')", "T"),
        ("if(${a} = 0, 'T', 'F')", "F"),
        ("if(${a} = '', 'T', 'F')", "T"),
        ("if(not(${a} > 5), 'T', 'F')", "T"),
        ("if(${a} >= 0, 'T', 'F')", "F"),
    ]);
}

#[test]
fn a_value_holds_by_its_type() {
    all_say(&[
        ("if(${a}, 'y', 'n')", "n"),
        ("if(${n}, 'y', 'n')", "n"),
        ("not(${a})", "true"),
        ("if(${a} and true(), 'y', 'n')", "n"),
        ("if('false', 'y', 'n')", "y"),
        ("if(0, 'y', 'n')", "n"),
        ("if('0', 'y', 'n')", "y"),
        ("if(${a} = true(), 'y', 'n')", "n"),
        ("true() = 1", "true"),
        ("true() = 'true'", "true"),
        ("1 = 1", "true"),
        ("boolean-from-string('1')", "true"),
        ("boolean-from-string('true')", "true"),
        ("boolean-from-string('yes')", "false"),
    ]);
}

#[test]
fn numbers_are_written_without_exponents() {
    all_say(&[
        ("0.1 + 0.2", "0.30000000000000004"),
        ("1 div 3", "0.3333333333333333"),
        ("10 div 2", "5"),
        ("1000000 * 1000000", "1000000000000"),
        ("0.0000001 * 1", "0.0000001"),
        ("100000000.5 * 1", "100000000.5"),
        ("1000000000000000000000 * 10", "10000000000000000000000"),
        ("1 div 0", "Infinity"),
        ("-1 div 0", "-Infinity"),
        ("0 div 0", ""),
        ("- 0", "0"),
        ("--3", "3"),
        ("number('1,5')", ""),
        ("number('1e3')", ""),
        ("number(' -1.50 ')", "-1.5"),
        ("number('')", ""),
        ("int(-3.7)", "-3"),
        ("int('abc')", ""),
        ("-5 mod 3", "-2"),
        ("5 mod -3", "2"),
        ("pow(2, 10)", "1024"),
    ]);
}

#[test]
fn rounding_goes_by_the_digits_that_are_written() {
    all_say(&[
        ("round(2.5)", "3"),
        ("round(-2.5)", "-2"),
        ("round(-1.5)", "-1"),
        ("round(-2.51)", "-3"),
        ("round(0.5)", "1"),
        ("round(1.005, 2)", "1.01"),
        ("round(2.345, 2)", "2.35"),
        ("round(1.25, 1)", "1.3"),
        ("round(9.99, 1)", "10"),
        ("round(1250, -2)", "1300"),
        ("round(49, -2)", "0"),
        ("round(5, -9)", "0"),
        ("round('')", ""),
        ("floor(-1.1)", "-2"),
        ("ceiling(1.1)", "2"),
    ]);
}

#[test]
fn a_date_is_a_whole_day() {
    all_say(&[
        ("date('2024-02-28') + 2", "19783"),
        ("date(date('2024-02-28') + 2)", "2024-03-01"),
        ("${d} - date('2024-03-01')", "9"),
        ("${d} - '2024-03-01'", "9"),
        ("${d} > '2024-03-09'", "true"),
        ("${d} > date('2024-03-09')", "true"),
        ("${d} = '2024-03-10'", "true"),
        ("${d} + 0 = 19792", "true"),
        ("string(${d})", "2024-03-10"),
        ("date('2024-3-5')", "2024-03-05"),
        ("date(19781)", "2024-02-28"),
        ("date(19781.5)", "2024-02-28"),
        ("format-date(${d}, '%e %b %Y %n')", "10 Mar 2024 3"),
        ("format-date(${d} + 1, '%Y-%m-%d')", "2024-03-11"),
        (
            "int((date('2024-03-10') - date('2000-02-29')) div 365.25)",
            "24",
        ),
        ("string(today() + 1)", "20518"),
        ("decimal-date-time('2024-03-05')", "19786.666666666668"),
        ("decimal-date-time(${d} + 1)", "19793"),
        ("date(concat('2024-02-', '30'))", ""),
        ("date(concat('hel', 'lo'))", ""),
    ]);
}

#[test]
fn moments_are_compared_as_such_and_shown_where_one_is() {
    all_say(&[
        ("today()", "2026-03-05"),
        ("now()", "2026-03-05T10:20:30.000+08:00"),
        ("today() = date(now())", "true"),
        ("now() > today()", "true"),
        ("round(now() - today(), 4)", "0.4309"),
        ("${at} = date-time(${z})", "true"),
        (
            "date-time('2024-03-05T02:00:00Z')",
            "2024-03-05T10:00:00.000+08:00",
        ),
        ("date-time('2024-03-05')", "2024-03-05T00:00:00.000+08:00"),
        ("date-time(19781.5)", "2024-02-28T20:00:00.000+08:00"),
        ("date('2024-03-05T23:30:00.000Z')", "2024-03-06"),
        (
            "format-date('2024-03-05T23:30:00.000Z', '%Y-%m-%d')",
            "2024-03-06",
        ),
        (
            "format-date-time(${z}, '%Y-%m-%d %H:%M:%S')",
            "2024-03-05 10:00:00",
        ),
        (
            "decimal-date-time('2024-03-05T10:00:00.000+08:00')",
            "19787.083333333332",
        ),
        ("decimal-time('06:00')", "0.25"),
        ("decimal-time('06:00:00.000+08:00')", "0.25"),
        (
            "format-date-time('2024-03-05T09:07:05.123+08:00', '%H %h %M %S %3 %e %b %a')",
            "09 9 07 05 123 5 Mar Tue",
        ),
    ]);
}

#[test]
fn days_are_moved_and_counted_by_the_calendar() {
    all_say(&[
        ("add-date('2024-01-31', 0, 1)", "2024-02-29"),
        ("add-date('2024-02-29', 1)", "2025-02-28"),
        ("add-date('2024-03-05', 0, 0, -5)", "2024-02-29"),
        ("add-date('2024-03-05', 0, -15)", "2022-12-05"),
        ("difference-in-months('2024-01-31', '2024-02-29')", "0"),
        ("difference-in-months('2023-12-15', '2024-02-15')", "2"),
        ("cht:difference-in-years('2000-02-29', '2024-02-28')", "23"),
        ("difference-in-days('2024-02-28', '2024-03-01')", "2"),
        ("difference-in-weeks('2024-03-01', '2024-03-20')", "2"),
        ("difference-in-days(${a}, '2024-03-01')", ""),
    ]);
}

#[test]
fn choices_are_whole_names() {
    all_say(&[
        ("selected(${m}, 'a')", "true"),
        ("selected(${m}, ' a ')", "true"),
        ("selected(${m}, 'b a')", "false"),
        ("selected(${m}, '')", "false"),
        ("selected('a  b', 'b')", "true"),
        ("selected('ab c', 'a')", "false"),
        ("count-selected('a  b ')", "2"),
        ("count-selected(${a})", "0"),
        ("selected-at(${m}, 0)", "a"),
        ("selected-at(${m}, 9)", ""),
        ("selected-at(${m}, -1)", ""),
        ("jr:choice-name('lamp', '${kind}')", "Street lamp"),
        ("jr:choice-name('nothing', '${kind}')", ""),
    ]);
}

#[test]
fn texts_are_matched_whole_and_cut_by_characters() {
    all_say(&[
        ("regex(${t}, '[0-9]{3}')", "false"),
        ("regex(${t}, '[0-9]+')", "true"),
        ("regex(${t}, '^[0-9]+$')", "true"),
        ("regex(${t}, '1|2345')", "false"),
        ("regex(${a}, '.*')", "true"),
        ("substr('hello', 1, 3)", "el"),
        ("substr('hello', -3)", "llo"),
        ("substr('hello', 0, -1)", "hell"),
        ("substring('12345', 2, 3)", "234"),
        ("substring('12345', 1.5, 2.6)", "234"),
        ("substring('12345', 0, 3)", "12"),
        ("substring-before('1999/04', '/')", "1999"),
        ("substring-after('1999/04', '/')", "04"),
        ("substring-after('1999', '/')", ""),
        ("translate('bar', 'abc', 'AB')", "BAr"),
        ("translate('-a-', '-', '')", "a"),
        ("normalize-space('  a   b ')", "a b"),
        ("string-length('日本語')", "3"),
        ("contains('abc', 'd')", "false"),
        ("join(', ', 'a', 'b')", "a, b"),
        ("concat('a', 1, true())", "a1true"),
    ]);
}

#[test]
fn operators_bind_as_xpath_has_them() {
    all_say(&[
        ("1 + 2 * 3", "7"),
        ("10 - 3 - 2", "5"),
        ("8 div 4 div 2", "1"),
        ("1 = 2 or 3 = 3", "true"),
        ("true() or false() and false()", "true"),
        ("1 < 2 = true()", "true"),
        ("-2 + 5", "3"),
        ("2 * -3", "-6"),
        // Names take a hyphen with them, and are operators only after a value.
        ("6 div 2", "3"),
        ("checklist(1, 2, true(), false(), 1 = 1)", "true"),
        ("checklist(-1, 1, true(), 1 = 1)", "false"),
        ("weighted-checklist(5, 9, true(), 3, true(), 4)", "true"),
    ]);
}

#[test]
fn chance_is_another_each_time_it_is_asked() {
    let tree = form();
    let said = tree.says(Tree::DATA, "concat(random(), ' ', random())");
    let (one, other) = said.split_once(' ').unwrap();
    assert_ne!(one, other);
    let between = |text: &str| (0.0..1.0).contains(&text.parse::<f64>().unwrap());
    assert!(between(one) && between(other), "{said}");
    let uuid = tree.says(Tree::DATA, "uuid()");
    assert_eq!(uuid.len(), 36);
    assert_eq!(&uuid[14..15], "4", "{uuid}");
}

#[test]
fn a_digest_and_what_is_in_base64_are_read_as_others_write_them() {
    let tree = Tree::default();
    let says = |expression: &str| tree.says(Tree::DATA, expression);
    assert_eq!(
        says("digest('abc', 'SHA-256', 'hex')"),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(
        says("digest('abc', 'SHA-256')"),
        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
    );
    assert_eq!(says("base64-decode('aGk=')"), "hi");
    assert_eq!(says("base64-decode('no base64!')"), "");
}

#[test]
fn nothing_is_chosen_where_there_is_nothing() {
    let tree = Tree::default();
    let says = |expression: &str| tree.says(Tree::DATA, expression);
    assert_eq!(says("selected('', '')"), "true");
    assert_eq!(says("selected('a b', '')"), "false");
    assert_eq!(says("selected('a b', ' b ')"), "true");
}

#[test]
fn a_hyphen_after_a_kind_of_character_is_the_plain_one() {
    let tree = Tree::default();
    let says = |expression: &str| tree.says(Tree::DATA, expression);
    let address = r"^[\w-\.]+@([\w-]+\.)+[\w-]{2,}$";
    assert_eq!(
        says(&format!("regex('a-b.c@d-e.org', '{address}')")),
        "true"
    );
    assert_eq!(says(&format!("regex('a b@d.org', '{address}')")), "false");
    assert_eq!(says("regex('b', '[a-c]')"), "true");
}
