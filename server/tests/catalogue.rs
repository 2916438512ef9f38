//! The catalogue over HTTP and from files.

use crate::api_support::{World, config};
use gridfold_server::import::{CatalogueFormat, ImportError, Report, import_catalogue};
use gridfold_server::node::Node;
use gridfold_sync_core::directory::default_catalogue;
use serde_json::{Value, json};

fn kinds(version: u32, kinds: &[(&str, &str, u32)]) -> Value {
    let kinds: Vec<Value> = kinds
        .iter()
        .map(|(code, name, hours)| {
            json!({ "code": code, "label": { "zh": format!("{name}类"), "en": name },
                    "department": "市政", "deadline_hours": hours })
        })
        .collect();
    json!({ "version": version, "kinds": kinds })
}

#[test]
fn an_operator_publishes_and_everybody_signed_in_reads() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (_, worker) = world.person(&admin, "li", "worker", "c-a-1");
    let (_, local) = world.person(&admin, "wang", "admin", "c-a");
    let none = json!({ "version": 0, "kinds": [] });
    assert_eq!(worker.get("/v1/catalogue").ok(), none);
    world
        .anonymous()
        .get("/v1/catalogue")
        .refused(401, "unauthorized");

    let first = kinds(1, &[("lamp", "Lamp", 72), ("drain", "Drain", 48)]);
    for caller in [&worker, &local] {
        caller
            .post("/v1/catalogue", &first)
            .refused(403, "forbidden");
    }
    assert_eq!(admin.post("/v1/catalogue", &first).status, 201);
    let revision = world.node.directory.current().revision;
    assert_eq!(admin.post("/v1/catalogue", &first).status, 200);
    assert_eq!(world.node.directory.current().revision, revision);
    assert_eq!(worker.get("/v1/catalogue").ok(), first);

    let second = kinds(2, &[("lamp", "Lamp", 24), ("drain", "Drain", 48)]);
    for (body, status, code) in [
        (kinds(1, &[("lamp", "Lamp", 1)]), 409, "conflict"),
        (kinds(3, &[("lamp", "Lamp", 1)]), 409, "conflict"),
        (kinds(2, &[("lamp", "Lamp", 1)]), 400, "bad_request"),
        (kinds(2, &[]), 400, "bad_request"),
        (json!({ "kinds": [] }), 400, "bad_request"),
    ] {
        admin.post("/v1/catalogue", &body).refused(status, code);
    }
    let missing = admin.post("/v1/catalogue", &kinds(2, &[("lamp", "Lamp", 1)]));
    let detail = missing.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("drain") && detail.contains("retired"),
        "{detail}"
    );
    assert_eq!(admin.post("/v1/catalogue", &second).status, 201);
    assert_eq!(worker.get("/v1/catalogue").ok(), second);
    assert_eq!(worker.get("/v1/catalogue?version=1").ok(), first);
    worker
        .get("/v1/catalogue?version=3")
        .refused(404, "not_found");
    let audit = admin.get("/v1/audit").text();
    assert_eq!(audit.matches("catalogue.publish").count(), 2, "{audit}");

    // It is in the log: a server that starts again has both versions.
    let world = world.reopen(config());
    let admin = world.admin();
    assert_eq!(admin.get("/v1/catalogue").ok(), second);
    assert_eq!(admin.get("/v1/catalogue?version=1").ok(), first);
    // Advice only: another system's kind goes on working.
    let made = admin.post(
        "/v1/records",
        &json!({ "grid": "c-a-1", "form": "matter", "fields": {
            "kind": "HEAT/HOT WATER", "summary": "cold", "reported_at": "2026-06-13T05:50:34Z" }}),
    );
    assert_eq!(made.status, 201, "{}", made.text());
}

fn import(node: &Node, format: CatalogueFormat, text: &str, dry_run: bool) -> Report {
    import_catalogue(node, text.as_bytes(), format, dry_run, &mut |_| {}).unwrap()
}

const FILE: &str = "\u{feff}code,label_zh,label_en,department,deadline_hours,evidence,urgent,retired\r\n\
    lamp,路灯,Lamp,市政,72,photo location,no,\r\n\
    drain,排水,Drain,市政,soon,,,\r\n\
    l ift,电梯,Lift,物业,4,,yes,\r\n\
    lift,电梯,Lift,物业,4,smell,yes,\r\n\
    noise,噪音,,执法,4,,,\r\n\
    lamp2,路灯,Second lamp,市政,,,,\r\n\
    lamp,路灯,Lamp,市政,72,photo location,no,\r\n\
    lamp,路灯,Lamp,市政,24,photo location,no,\r\n\
    fire,消防,Fire,消防,4,\"text,photo\",是,perhaps\r\n\
    water,漏水,Water leak,供水,,\"Text,照片\",是,否\r\n";

/// The lines of a report that are wrong, each with a word of its reason.
fn expect(report: &Report, wanted: &[(u64, &str)]) {
    let said: Vec<(u64, String)> = report
        .refusals
        .iter()
        .map(|note| (note.line, note.reason.to_string()))
        .collect();
    assert_eq!(said.len(), wanted.len(), "{said:#?}");
    for ((line, reason), (expected, word)) in said.iter().zip(wanted) {
        assert_eq!(line, expected, "{reason}");
        assert!(reason.contains(word), "{reason}: {word}");
    }
}

#[test]
fn a_file_with_a_wrong_row_is_not_taken_and_all_its_wrong_rows_are_told() {
    let world = World::new();
    let node = &world.node;
    let newest = || node.directory.current().catalogue().cloned();
    let csv = |text: &str, dry| import(node, CatalogueFormat::Csv, text, dry);
    let report = csv(FILE, false);
    assert!(newest().is_none() && report.import_id.is_none());
    assert_eq!(
        (report.rows, report.added, report.duplicates, report.refused),
        (10, 0, 1, 7)
    );
    expect(
        &report,
        &[
            (3, "deadline_hours"),
            (4, "code"),
            (5, "smell"),
            (6, "English name"),
            (7, "same name as lamp"),
            (9, "line 2 already"),
            (10, "retired"),
        ],
    );
    let lines: Vec<&str> = FILE.split_inclusive('\n').collect();
    let good = [lines[0], lines[1], lines[7], lines[10]].concat();
    let dry = csv(&good, true);
    assert!(dry.dry_run && newest().is_none());
    let report = csv(&good, false);
    let told = Report {
        dry_run: true,
        // Nothing was done that could be taken back.
        import_id: None,
        ..report.clone()
    };
    assert_eq!(told, dry, "a dry run says the same");
    assert_eq!((report.added, report.duplicates, report.refused), (2, 1, 0));
    let first = newest().unwrap();
    let codes: Vec<&str> = first.kinds.iter().map(|k| k.code.as_str()).collect();
    assert_eq!((first.version, codes), (1, vec!["lamp", "water"]));
    assert!(first.kinds[1].urgent && first.kinds[1].evidence.len() == 2);

    // The same again is no version; what the file does not name stays.
    let again = csv(&good, false);
    assert_eq!((again.added, again.changed, again.unchanged), (0, 0, 2));
    assert_eq!(newest().unwrap().version, 1);
    let more = "code,label_zh,label_en,department,retired\nlamp,路灯,Lamp,照明,yes\nbin,垃圾,Rubbish,环卫,\n";
    let report = csv(more, false);
    assert_eq!((report.added, report.changed, report.refused), (1, 1, 0));
    let second = newest().unwrap();
    let codes: Vec<&str> = second.kinds.iter().map(|k| k.code.as_str()).collect();
    assert_eq!((second.version, codes), (2, vec!["lamp", "bin", "water"]));
    assert!(second.kinds[0].retired && second.kinds[0].deadline_hours.is_none());
}

#[test]
fn what_the_api_gives_can_be_imported_as_json() {
    let world = World::new();
    let node = &world.node;
    let default = default_catalogue().unwrap();
    let report = import(node, CatalogueFormat::Json, &default.to_json(), false);
    assert_eq!((report.rows, report.added, report.refused), (12, 12, 0));
    let list = r#"[{"code":"odd"}, {"code":"ok","label":{"zh":"好","en":"OK"},"department":"d"}]"#;
    let report = import(node, CatalogueFormat::Json, list, false);
    expect(&report, &[(1, "label")]);
    for text in ["{", "{}", "3", ""] {
        let error = import_catalogue(
            node,
            text.as_bytes(),
            CatalogueFormat::Json,
            false,
            &mut |_| {},
        );
        assert!(
            matches!(error, Err(ImportError::Json(_))),
            "{text}: {error:?}"
        );
    }
    assert_eq!(node.directory.current().catalogue().unwrap().version, 1);
    let columns = import_catalogue(
        node,
        &b"code,label_zh\n"[..],
        CatalogueFormat::Csv,
        false,
        &mut |_| {},
    );
    assert!(columns.unwrap_err().to_string().contains("label_en"));
}

/// A list as a street office has it: three levels, deadlines by urgency, in Chinese.
const OFFICE: &str = "编码,上级编码,中文名称,英文名称,责任部门,办理时限,提前提醒,紧急程度,办结凭证,加急,停用\n\
    env,,市容环境,Environment,城管科,一般：5个工作日；紧急：8个工作小时,一般：1个工作日,,照片 位置,,\n\
    env-rubbish,env,垃圾,Rubbish,,,,,照片,,\n\
    env-bulky,env-rubbish,大件垃圾,Bulky waste,环卫所,3个工作日,4个工作小时,紧急,照片、文字,是,\n\
    civil,,民生服务,Civil service,民政科,7天,,,,,\n\
    lift,,电梯困人,Trapped in a lift,物业,2,,,,是,\n";

#[test]
fn an_office_brings_its_list_and_takes_it_out_again() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (_, worker) = world.person(&admin, "li", "worker", "c-a-1");
    let send = |path: &str, body: &[u8]| admin.send("POST", path, "text/csv", body).ok();
    worker
        .send(
            "POST",
            "/v1/catalogue/import",
            "text/csv",
            OFFICE.as_bytes(),
        )
        .refused(403, "forbidden");
    let dry = send("/v1/catalogue/import?dry_run=true", OFFICE.as_bytes());
    assert_eq!(
        (&dry["added"], &dry["refused"]),
        (&json!(5), &json!(0)),
        "{dry}"
    );
    assert_eq!(admin.get("/v1/catalogue").ok()["version"], 0);
    let done = send("/v1/catalogue/import", OFFICE.as_bytes());
    let id = done["import_id"].as_str().unwrap().to_owned();
    let read = worker.get("/v1/catalogue").ok();
    assert_eq!(
        read["kinds"][2]["deadlines"],
        json!([
            { "amount": 3, "unit": "working_days", "warn": { "amount": 4, "unit": "working_hours" } }
        ])
    );
    assert_eq!(read["kinds"][2]["urgency"], "urgent");
    assert_eq!(read["kinds"][4]["deadline_hours"], 2);

    // Both files are taken again and change nothing, in either language.
    for (language, format) in [("zh", "csv"), ("en", "csv"), ("zh", "xlsx"), ("en", "xlsx")] {
        let asker = admin.header("accept-language", language);
        let file = asker.get(&format!("/v1/catalogue/export?format={format}"));
        assert_eq!(file.status, 200);
        let again = send("/v1/catalogue/import", &file.bytes);
        let counts = (&again["unchanged"], &again["refused"], &again["rows"]);
        assert_eq!(
            counts,
            (&json!(5), &json!(0), &json!(5)),
            "{language} {format}: {again}"
        );
    }
    admin
        .get("/v1/catalogue/export?format=json")
        .refused(400, "bad_request");

    // All wrong rows at once, in the language of who asks, and nothing is taken.
    let wrong = "编码,中文名称,英文名称,责任部门,上级编码,办理时限,提前提醒,紧急程度\n\
        a,甲,A,市政,nowhere,,,\n\
        b,乙,B,市政,,五天,,\n\
        c,丙,C,市政,,1天,2天,\n\
        d,丁,D,市政,,红色：1天,,\n\
        e,戊,E,市政,,,1天,\n\
        f,己,F,市政,,,,红色\n\
        g,庚,G,市政,env-bulky,,,\n\
        h,辛,H,市政,,1天,,\n";
    let zh = admin.header("accept-language", "zh-CN");
    let refused = zh
        .send("POST", "/v1/catalogue/import", "text/csv", wrong.as_bytes())
        .ok();
    let rows = refused["refusals"].as_array().unwrap();
    let mut lines: Vec<u64> = rows
        .iter()
        .map(|row| row["line"].as_u64().unwrap())
        .collect();
    lines.sort_unstable();
    assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8], "{refused}");
    for row in rows {
        assert!(!row["reason"].as_str().unwrap().is_ascii(), "{row}");
    }
    assert_eq!(admin.get("/v1/catalogue").ok()["version"], 1);

    // It is an act that can be taken back.
    let listed = admin.get("/v1/imports").ok();
    assert_eq!(listed["imports"][0]["kind"], "catalogue");
    assert!(listed["imports"][0]["by"]["user_id"].is_string());
    let undone = admin
        .post(&format!("/v1/imports/{id}/undo"), &json!({}))
        .ok();
    assert_eq!(undone["kinds"], 5);
    let audit = admin.get("/v1/audit").text();
    assert!(audit.contains("catalogue.import"), "{audit}");
    assert_eq!(
        worker.get("/v1/catalogue?version=1").ok(),
        read,
        "older versions stay readable"
    );
}
