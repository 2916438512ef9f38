//! A worker looks on the phone and a supervisor on the page, for the same words, and both see the
//! same records in the same order: a real server over HTTP, a real phone.

use crate::town::{Town, area};
use gridfold_client::{Client, Query, Sort};
use gridfold_sync_core::edit::{Op, Value};
use gridfold_sync_core::ids::{FieldKey, FormCode, RecordId};
use gridfold_sync_core::schema::Role;

/// Summaries in the order that people count in, and who reported it and how they are reached, which is personal.
const MATTERS: [(&str, &str); 9] = [
    ("2号楼 安乐里", "022-27318899"),
    ("１０号楼 安乐里", "13912345678"),
    ("Café Élan, O’Brien Str.", ""),
    ("cafeteria", ""),
    ("安乐里", "王小明 18702212345"),
    ("安\u{F914}里5号楼B座", ""),
    ("幸福里３号楼Ａ座102", ""),
    ("幸福里3号楼B座 王", ""),
    ("幸福里13号楼２单元102", "11010119900307123X"),
];

/// What is typed, and which of them it finds.
const CASES: [(&str, &[usize]); 38] = [
    // Width and canonical form.
    ("3号楼", &[6, 7]),
    ("３号楼", &[6, 7]),
    ("Ａ座", &[6]),
    ("b座", &[5, 7]),
    ("10号楼", &[1]),
    ("\u{6A02}", &[5]),
    ("\u{F914}里", &[5]),
    // Accents, case, signs.
    ("cafe", &[2, 3]),
    ("CAFÉ", &[2, 3]),
    ("cafe\u{301}t", &[3]),
    ("elan", &[2]),
    ("O'Brien", &[2]),
    ("o’BRIEN str", &[2]),
    // Beginnings of words, and no other parts.
    ("caf", &[2, 3]),
    ("afe", &[]),
    // Several words, in any order.
    ("幸福里 102", &[6, 8]),
    ("102 幸福", &[6, 8]),
    ("单元\u{3000}幸福", &[8]),
    ("幸福里 B 3", &[7]),
    ("安乐里 王", &[4]),
    ("幸福里 103", &[]),
    // Numbers: from their beginnings, long ones to their ends.
    ("10", &[1, 6, 8]),
    ("2102", &[]),
    ("8899", &[0]),
    ("27318899", &[0]),
    ("022-2731", &[0]),
    ("345678", &[1]),
    ("123x", &[8]),
    // Chinese without spaces, of one and two characters.
    ("福", &[6, 7, 8]),
    ("福里", &[6, 7, 8]),
    ("里福", &[]),
    // Names by the first letters of their Pinyin, whole or by the given name.
    ("wxm", &[4]),
    ("WX", &[4]),
    ("xm", &[4]),
    ("xfl 102", &[6, 8]),
    ("wm", &[]),
    // Not over the end of a field.
    ("里王", &[]),
    ("!", &[]),
];

fn set(field: &str, text: &str) -> Op {
    Op::Set {
        field: FieldKey::new(field).unwrap(),
        value: Value::Text(text.to_owned()),
    }
}

fn matter(phone: &Client, summary: &str, reporter: &str) -> RecordId {
    let mut ops = vec![set("summary", summary)];
    if !reporter.is_empty() {
        ops.push(set("reporter_name", reporter));
    }
    let form = FormCode::new("matter").unwrap();
    phone.create_record(&area("g1"), &form, ops).unwrap()
}

fn on_phone(phone: &Client, typed: &str) -> Vec<RecordId> {
    let query = Query {
        text: Some(typed.to_owned()),
        sort: Sort::Title,
        ..Query::default()
    };
    let page = phone.query(query.clone());
    assert_eq!(page.total, page.items.len() as u64);
    assert_eq!(phone.count(query), page.total);
    page.items.into_iter().map(|item| item.record).collect()
}

fn on_server(town: &Town, token: &str, typed: &str) -> Vec<RecordId> {
    let typed: String = typed.bytes().map(|b| format!("%{b:02X}")).collect();
    let path = format!("/v1/records?sort=title&text={typed}");
    let (status, page) = town.call(&path, Some(token), None);
    assert_eq!(status, 200, "{page}");
    let rows = page["records"].as_array().unwrap();
    rows.iter()
        .map(|row| RecordId::parse(row["record_id"].as_str().unwrap()).unwrap())
        .collect()
}

#[test]
fn phone_and_server_find_the_same_records_in_the_same_order() {
    let home = tempfile::tempdir().unwrap();
    let town = Town::new(&home.path().join("data"));
    let worker = town.person(1, Role::Worker, "g1");
    town.person(4, Role::Supervisor, "g1");
    town.person(6, Role::Auditor, "g1");
    let phone = town.phone(&home.path().join("phone"), worker);
    // Not in the order they are listed in.
    let mut records = [RecordId::from_bytes([0; 16]); MATTERS.len()];
    for i in (0..MATTERS.len()).map(|i| (i * 4 + 2) % MATTERS.len()) {
        records[i] = matter(&phone, MATTERS[i].0, MATTERS[i].1);
    }
    town.sync(&phone);
    let supervisor = town.token("p4");
    let named = |found: Vec<RecordId>| -> Vec<usize> {
        let place = |id| records.iter().position(|r| *r == id).unwrap();
        found.into_iter().map(place).collect()
    };
    for (typed, expected) in CASES {
        assert_eq!(named(on_phone(&phone, typed)), expected, "phone: {typed}");
        let found = named(on_server(&town, &supervisor, typed));
        assert_eq!(found, expected, "server: {typed}");
    }
    // White space asks for nothing.
    let all: Vec<usize> = (0..MATTERS.len()).collect();
    assert_eq!(named(on_phone(&phone, " \u{3000}")), all);
    assert_eq!(named(on_server(&town, &supervisor, " \u{3000}")), all);

    // A word that stands only in what somebody may not read finds nothing for them.
    let auditor = town.token("p6");
    for typed in ["8899", "小明", "安乐里 王", "123x"] {
        assert_eq!(
            named(on_server(&town, &auditor, typed)),
            [0usize; 0],
            "{typed}"
        );
    }
    assert_eq!(named(on_server(&town, &auditor, "安乐里")), [0, 1, 4]);
}
