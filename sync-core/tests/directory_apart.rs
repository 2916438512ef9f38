//! Areas of one name are told apart, and only those.

use gridfold_sync_core::directory::{Area, Directory, DirectoryChange};
use gridfold_sync_core::ids::AreaCode;

fn code(text: &str) -> AreaCode {
    AreaCode::new(text).unwrap()
}

/// Two streets, each with a community of the same name and grids of the same names, and one that has its own.
fn town() -> Directory {
    let mut directory = Directory::default();
    let areas = [
        ("a", None, "东街", "street"),
        ("b", None, "西街", "street"),
        ("a-1", Some("a"), "和平社区", "community"),
        ("a-2", Some("a"), "幸福社区", "community"),
        ("b-1", Some("b"), "和平社区", "community"),
        ("a-1-1", Some("a-1"), "第一网格", "grid"),
        ("a-2-1", Some("a-2"), "第一网格", "grid"),
        ("b-1-1", Some("b-1"), "第一网格", "grid"),
        ("b-1-2", Some("b-1"), "第二网格", "grid"),
    ];
    let areas = areas.map(|(area, parent, name, level)| Area {
        code: code(area),
        parent: parent.map(code),
        name: name.to_owned(),
        level: level.to_owned(),
    });
    directory.apply(DirectoryChange::Areas {
        areas: areas.into(),
    });
    directory
}

fn told(codes: &[&str]) -> Vec<(String, String)> {
    let codes: Vec<AreaCode> = codes.iter().map(|c| code(c)).collect();
    let told = town().told_apart(&codes);
    told.into_iter()
        .map(|(code, way)| (code.to_string(), way))
        .collect()
}

fn is(told: &[(String, String)], wanted: &[(&str, &str)]) {
    let told: Vec<(&str, &str)> = told.iter().map(|(c, w)| (c.as_str(), w.as_str())).collect();
    assert_eq!(told, wanted);
}

#[test]
fn areas_of_one_name_are_told_by_what_they_lie_in_only_as_far_up_as_it_takes() {
    is(
        &told(&["a-1", "a-2", "b-1"]),
        &[("a-1", "东街"), ("b-1", "西街")],
    );
    is(
        &told(&["a-1-1", "a-2-1", "b-1-1", "b-1-2"]),
        &[
            ("a-1-1", "东街 / 和平社区"),
            ("a-2-1", "幸福社区"),
            ("b-1-1", "西街 / 和平社区"),
        ],
    );
}

#[test]
fn a_name_that_is_there_once_says_enough() {
    is(&told(&["a-1", "a-2"]), &[]);
    is(&told(&["a-1-1", "b-1-2", "a-1-1"]), &[]);
    is(&told(&["a", "nowhere"]), &[]);
}
