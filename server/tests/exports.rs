//! Files of records: what is in them whichever version of a form a record was made with, as the programs that people
//! open them with read it.

use std::collections::BTreeMap;
use std::io::Cursor;

use crate::api_support::{Client, World};
use crate::town_support::add;
use calamine::{Data, Reader as _, Xlsx};
use serde_json::{Value, json};

fn made(admin: &Client, form: &str, fields: &Value) -> String {
    add(admin, "c-a-1", form, fields.clone())
}

/// The rows of a CSV file by their headings.
fn csv(admin: &Client, query: &str) -> Vec<BTreeMap<String, String>> {
    let bytes = admin
        .get(&format!("/v1/export/records?format=csv&{query}"))
        .bytes;
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes);
    let mut reader = csv::Reader::from_reader(bytes);
    let headings = reader.headers().unwrap().clone();
    let named = |row: csv::StringRecord| {
        let pairs = headings.iter().zip(row.iter());
        pairs.map(|(h, v)| (h.to_owned(), v.to_owned())).collect()
    };
    reader.records().map(|row| named(row.unwrap())).collect()
}

/// The sheets of a workbook, as a spreadsheet reads them.
fn workbook(admin: &Client, query: &str) -> BTreeMap<String, Vec<Vec<Data>>> {
    let reply = admin.get(&format!("/v1/export/records?format=xlsx&{query}"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(reply.bytes)).unwrap();
    let names = book.sheet_names();
    let rows = |book: &mut Xlsx<_>, name: &str| {
        let range = book.worksheet_range(name).unwrap();
        range.rows().map(<[Data]>::to_vec).collect()
    };
    names
        .into_iter()
        .map(|name| (name.clone(), rows(&mut book, &name)))
        .collect()
}

/// The value of the first record under a heading.
fn under<'a>(sheet: &'a [Vec<Data>], heading: &str) -> &'a Data {
    let at = sheet[0]
        .iter()
        .position(|d| *d == Data::String(heading.to_owned()));
    &sheet[1][at.unwrap_or_else(|| panic!("{heading}: {:?}", sheet[0]))]
}

fn office() -> (World, Client) {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    (world, admin)
}

#[test]
fn what_a_revision_dropped_is_in_the_file_of_records_that_have_it() {
    let (_world, admin) = office();
    made(
        &admin,
        "visit",
        &json!({ "purpose": "care", "people_met": 3, "notes": "before" }),
    );
    let mut form = admin.get("/v1/forms/visit/latest").ok();
    let version = form["version"].as_u64().unwrap();
    form["version"] = json!(version + 1);
    let fields = form["fields"].as_array_mut().unwrap();
    fields.retain(|f| f["key"] != "people_met");
    let purpose = fields.iter_mut().find(|f| f["key"] == "purpose").unwrap();
    let choices = purpose["choices"].as_array_mut().unwrap();
    let care = choices.iter().position(|c| c["key"] == "care").unwrap();
    let care = choices.remove(care);
    admin.post("/v1/forms", &form).ok();
    made(&admin, "visit", &json!({ "notes": "after" }));
    for query in ["form=visit", "form=visit&fields=people_met,notes"] {
        let rows = csv(&admin, query);
        let before = rows.iter().find(|r| r["notes"] == "before").unwrap();
        let after = rows.iter().find(|r| r["notes"] == "after").unwrap();
        assert_eq!(
            (&*before["people_met"], &*after["people_met"]),
            ("3", ""),
            "{query}"
        );
    }
    let mut reader = admin.clone();
    for (language, which) in [("en", "en"), ("zh-CN", "zh")] {
        reader.headers = vec![("accept-language", language.to_owned())];
        let rows = csv(&reader, "form=visit&headings=labels");
        let label = care["label"][which].as_str().unwrap();
        assert!(
            rows.iter().any(|r| r.values().any(|v| v == label)),
            "{label}: {rows:?}"
        );
    }
}

#[test]
fn repeated_items_are_words_for_people_and_a_sheet_of_their_own() {
    let (_world, mut admin) = office();
    admin.headers = vec![("accept-language", "zh-CN".to_owned())];
    let members = json!([
        { "key": "m1", "name": "张三", "relation": "户主", "birth_year": 1950 },
        { "key": "m2", "name": "李四" },
    ]);
    let id = made(
        &admin,
        "household",
        &json!({ "address": "幸福里1号", "members": members }),
    );
    let row = csv(&admin, "form=household&headings=labels").remove(0);
    let cell = &row["家庭成员"];
    assert_eq!(cell.lines().count(), 2);
    assert!(
        cell.contains("：张三；") && cell.contains("：1950"),
        "{cell}"
    );
    assert!(!cell.contains("m1"), "{cell}");

    let book = workbook(&admin, "form=household&headings=labels");
    let sheet = &book["家庭成员"];
    assert_eq!(sheet.len(), 3, "a heading and two members: {sheet:?}");
    assert_eq!(sheet[1][0], Data::String(id));
    assert!(sheet[1].contains(&Data::String("张三".to_owned())));
    assert!(sheet[1].contains(&Data::Float(1950.0)));
    assert!(sheet[2].contains(&Data::String("李四".to_owned())));
}

#[test]
fn nothing_is_cut_without_a_word() {
    let (_world, mut admin) = office();
    admin.headers = vec![("accept-language", "en".to_owned())];
    // One character outside the basic plane: a spreadsheet counts it twice.
    let long = format!("{}{}", "说".repeat(899), '\u{20bb7}');
    let id = made(&admin, "matter", &json!({ "kind": "路灯" }));
    for n in 1..=4 {
        let comments: Vec<Value> = (0..n * 12)
            .map(|i| json!({ "key": format!("c{i}"), "text": format!("{long}{i}end") }))
            .collect();
        let change = json!({ "fields": { "comments": comments } });
        admin.patch(&format!("/v1/records/{id}"), &change).ok();
    }
    let book = workbook(&admin, "form=matter&headings=labels");
    let texts = book.values().flatten().flatten().map(ToString::to_string);
    let texts: Vec<String> = texts.collect();
    for i in 0..48 {
        let whole = format!("{long}{i}end");
        assert!(texts.contains(&whole), "comment {i} is whole");
    }
    assert!(
        texts
            .iter()
            .any(|t| t.starts_with("48 items: see the sheet"))
    );
}

#[test]
fn a_workbook_has_days_moments_and_numbers_as_what_they_are() {
    let (_world, mut admin) = office();
    admin.headers = vec![("accept-language", "en".to_owned())];
    let form = json!({
        "code": "meter", "version": 1, "class": "general", "label": { "zh": "表", "en": "Meter" },
        "fields": [
            { "key": "read_at", "type": "date_time", "label": { "zh": "时", "en": "Read" } },
            { "key": "day", "type": "date", "label": { "zh": "日", "en": "Day" } },
            { "key": "count", "type": "integer", "label": { "zh": "数", "en": "Count" } },
            { "key": "long", "type": "integer", "label": { "zh": "长", "en": "Long" } },
            { "key": "part", "type": "decimal", "label": { "zh": "小数", "en": "Part" } },
            { "key": "phone", "type": "text", "label": { "zh": "电话", "en": "Phone" } },
        ],
    });
    admin.post("/v1/forms", &form).ok();
    let fields = json!({
        "read_at": "2026-07-01T04:00:00Z", "day": "2026-07-02", "count": 12,
        "long": 1_234_567_890_123_456_i64, "part": "21.5", "phone": "+8613800138000",
    });
    made(&admin, "meter", &fields);
    let sheet = workbook(&admin, "form=meter&headings=labels&tz=Europe/Berlin").remove("records");
    let sheet = sheet.unwrap();
    let moment = |heading: &str| match under(&sheet, heading) {
        Data::DateTime(at) => at.to_ymd_hms_milli(),
        other => panic!("{heading} is {other:?}"),
    };
    // Summer time there: two hours ahead, and not one.
    assert_eq!(moment("Read"), (2026, 7, 1, 6, 0, 0, 0));
    assert_eq!(moment("Day"), (2026, 7, 2, 0, 0, 0, 0));
    assert_eq!(*under(&sheet, "Count"), Data::Float(12.0));
    assert_eq!(
        *under(&sheet, "Long"),
        Data::String("1234567890123456".to_owned())
    );
    assert_eq!(*under(&sheet, "Part"), Data::Float(21.5));

    let winter = json!({ "fields": { "read_at": "2026-12-01T04:00:00Z" } });
    let id = csv(&admin, "form=meter")[0]["record_id"].clone();
    admin.patch(&format!("/v1/records/{id}"), &winter).ok();
    let row = csv(&admin, "form=meter&headings=labels&tz=Europe/Berlin").remove(0);
    assert_eq!(row["Read"], "2026-12-01 05:00:00");
    let row = csv(&admin, "form=meter").remove(0);
    assert_eq!(
        row["phone"], "+8613800138000",
        "a file for programs holds what the record holds"
    );
    admin
        .get("/v1/export/records?format=csv&headings=labels&tz=Mars/Base")
        .refused(400, "bad_request");
}

#[test]
fn what_a_spreadsheet_would_run_is_harmless_for_people_and_as_it_is_for_programs() {
    let (_world, mut admin) = office();
    admin.headers = vec![("accept-language", "en".to_owned())];
    made(&admin, "visit", &json!({ "notes": "=1+1" }));
    assert_eq!(csv(&admin, "form=visit")[0]["notes"], "=1+1");
    assert_eq!(csv(&admin, "form=visit&bom=true")[0]["notes"], "'=1+1");
    let row = csv(&admin, "form=visit&headings=labels").remove(0);
    assert!(row.values().any(|v| v == "'=1+1"), "{row:?}");
}

#[test]
fn each_column_is_there_once_and_all_of_them_at_one_word() {
    let (_world, admin) = office();
    made(
        &admin,
        "task",
        &json!({ "title": "t", "due_at": "2026-07-01T04:00:00Z" }),
    );
    let head = |query: &str| {
        let text = admin
            .get(&format!("/v1/export/records?format=csv&form=task&{query}"))
            .text();
        text.lines().next().unwrap().to_owned()
    };
    assert_eq!(head("columns=due_at&fields=due_at"), "due_at");
    assert_eq!(head("columns=due_at,due_at&fields=title"), "due_at,title");
    let all = head("columns=all");
    let names: Vec<&str> = all.split(',').collect();
    let mut once = names.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), names.len(), "{all}");
    for name in ["record_id", "closed_at", "assignee", "title", "due_at"] {
        assert!(names.contains(&name), "{name}: {all}");
    }
}

#[test]
fn a_file_says_who_made_each_record() {
    let (world, admin) = office();
    let (_, chen) = world.person(&admin, "chen", "supervisor", "c-a");
    made(&admin, "visit", &json!({ "notes": "one" }));
    add(&chen, "c-a-1", "visit", json!({ "notes": "two" }));
    let by = |query: &str, notes: &str, made_by: &str| {
        let rows = csv(
            &admin,
            &format!("form=visit&columns=made_by&fields=notes&{query}"),
        );
        let of = |text: &str| rows.iter().find(|row| row[notes] == text).unwrap()[made_by].clone();
        [of("one"), of("two")]
    };
    let me = |client: &Client| {
        client.get("/v1/me").ok()["user_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(by("", "notes", "made_by"), [me(&admin), me(&chen)]);
    let labelled = by("headings=labels", "Notes", "Recorded by");
    assert_eq!(labelled[1], "chen");
    assert_ne!(labelled[0], labelled[1]);
    let lines = admin
        .get("/v1/export/records?format=ndjson&form=visit&columns=made_by")
        .text();
    assert!(
        lines.contains(&format!("\"made_by\":\"{}\"", me(&chen))),
        "{lines}"
    );
}
