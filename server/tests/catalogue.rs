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

#[test]
fn a_file_is_taken_row_by_row() {
    let world = World::new();
    let node = &world.node;
    let newest = || node.directory.current().catalogue().cloned();
    let csv = |text: &str, dry| import(node, CatalogueFormat::Csv, text, dry);
    let file = "\u{feff}code,label_zh,label_en,department,deadline_hours,evidence,urgent,retired\r\n\
        lamp,路灯,Lamp,市政,72,photo location,no,\r\n\
        drain,排水,Drain,市政,soon,,,\r\n\
        l ift,电梯,Lift,物业,4,,yes,\r\n\
        lift,电梯,Lift,物业,4,smell,yes,\r\n\
        noise,噪音,,执法,4,,,\r\n\
        lamp2,路灯,Second lamp,市政,,,,\r\n\
        lamp,路灯,Lamp,市政,72,photo location,no,\r\n\
        lamp,路灯,Lamp,市政,24,photo location,no,\r\n\
        fire,消防,Fire,消防,4,\"text,photo\",是,perhaps\r\n\
        water,漏水,Water leak,供水,,\"Text,photo\",是,否\r\n";
    let dry = csv(file, true);
    assert!(dry.dry_run && newest().is_none());
    let report = csv(file, false);
    assert_eq!(
        Report {
            dry_run: true,
            // Nothing was done that could be taken back.
            import_id: None,
            ..report.clone()
        },
        dry,
        "a dry run says the same"
    );
    assert_eq!(
        (report.rows, report.added, report.duplicates, report.refused),
        (10, 2, 1, 7)
    );
    let said: Vec<(u64, String)> = report
        .refusals
        .iter()
        .map(|n| (n.line, n.reason.to_string()))
        .collect();
    for ((line, reason), (expected, word)) in said.into_iter().zip([
        (3, "deadline_hours"),
        (4, "code"),
        (5, "smell"),
        (6, "English name"),
        (7, "same name as lamp"),
        (9, "line 2 already"),
        (10, "retired"),
    ]) {
        assert_eq!(line, expected, "{reason}");
        assert!(reason.contains(word), "{reason}");
    }
    let first = newest().unwrap();
    let codes: Vec<&str> = first.kinds.iter().map(|k| k.code.as_str()).collect();
    assert_eq!((first.version, codes), (1, vec!["lamp", "water"]));
    assert!(first.kinds[1].urgent && first.kinds[1].evidence.len() == 2);

    // The same again is no version; what the file does not name stays.
    let again = csv(file, false);
    assert_eq!((again.added, again.changed, again.unchanged), (0, 0, 2));
    assert_eq!(newest().unwrap().version, 1);
    let more = "code,label_zh,label_en,department,retired\nlamp,路灯,Lamp,照明,yes\nbin,垃圾,Rubbish,环卫,\n";
    let report = csv(more, false);
    assert_eq!((report.added, report.changed, report.refused), (1, 1, 0));
    let second = newest().unwrap();
    let codes: Vec<&str> = second.kinds.iter().map(|k| k.code.as_str()).collect();
    assert_eq!((second.version, codes), (2, vec!["lamp", "bin", "water"]));
    assert!(second.kinds[0].retired && second.kinds[0].deadline_hours.is_none());

    // What the API gives can be imported, as it is or as a list.
    let default = default_catalogue().unwrap();
    let report = import(node, CatalogueFormat::Json, &default.to_json(), false);
    // Water leak and rubbish are there already, under other codes.
    assert_eq!((report.rows, report.added, report.refused), (12, 10, 2));
    assert_eq!(newest().unwrap().version, 3);
    let list = r#"[{"code":"odd"}, {"code":"ok","label":{"zh":"好","en":"OK"},"department":"d"}]"#;
    let report = import(node, CatalogueFormat::Json, list, false);
    assert_eq!((report.added, report.refused), (1, 1));
    assert_eq!(report.refusals[0].line, 1);
    assert!(
        report.refusals[0].reason.to_string().contains("label"),
        "{:?}",
        report.refusals
    );
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
    assert_eq!(newest().unwrap().version, 4);
    let columns = import_catalogue(
        node,
        &b"code,label_zh\n"[..],
        CatalogueFormat::Csv,
        false,
        &mut |_| {},
    );
    assert!(columns.unwrap_err().to_string().contains("label_en"));
}
