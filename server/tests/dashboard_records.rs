//! What the dashboard shows besides lists, over HTTP: the map, saved views, boundaries, exports, one record.

use std::collections::BTreeSet;

use crate::api_support::{Client, NOW};
use crate::town_support::{HOUR_MS, Town, add, at, ids, page, walk};
use gridfold_server::clock::Clock as _;
use gridfold_sync_core::time::Timestamp;
use serde_json::{Value, json};

#[test]
fn the_map_puts_near_records_together_and_tells_apart_what_is_looked_at_closely() {
    let t = Town::new();
    let map = |query: &str| t.admin.get(&format!("/v1/map?{query}")).ok();
    let far = map("zoom=4&form=matter");
    assert_eq!(
        (&far["total"], far["clusters"].as_array().unwrap().len()),
        (&json!(4), 1)
    );
    let middle = far["clusters"][0]["lat"].as_f64().unwrap();
    assert!((39.1..39.5).contains(&middle));
    let town = map("zoom=12&form=matter");
    assert_eq!(town["clusters"].as_array().unwrap().len(), 3);
    let single: BTreeSet<String> = town["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|c| c["id"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(
        single,
        BTreeSet::from([t.closed_matter.clone(), t.elsewhere.clone()])
    );
    let close = map("zoom=20&form=matter&bbox=117.19,39.09,117.21,39.11");
    assert_eq!(
        (&close["total"], close["clusters"].as_array().unwrap().len()),
        (&json!(2), 2)
    );
    // With conditions that no tile counts it is the records that are put together.
    assert_eq!(map("zoom=12&form=matter&overdue=captured")["total"], 2);
    assert_eq!(map("zoom=12&text=逾期")["total"], 1);
    assert_eq!(
        map("zoom=18&status=closed")["clusters"][0]["id"],
        t.closed_matter
    );
    assert_eq!(
        t.supervisor.get("/v1/map?zoom=12&form=matter").ok()["total"],
        3
    );
    t.admin.delete(&format!("/v1/records/{}", t.elsewhere)).ok();
    assert_eq!(map("zoom=4&form=matter")["total"], 3);
    let move_it = json!({ "fields": { "location": { "lat": -33.9, "lon": 151.2 } } });
    t.admin
        .patch(&format!("/v1/records/{}", t.closed_matter), &move_it)
        .ok();
    assert_eq!(
        map("zoom=4&form=matter")["clusters"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    t.admin.get("/v1/map?zoom=40").refused(400, "bad_request");
    t.admin.get("/v1/map").refused(400, "bad_request");
}

#[test]
fn the_views_made_anew_count_the_same() {
    let t = Town::new();
    t.admin
        .delete(&format!("/v1/records/{}", t.early_matter))
        .ok();
    let report = t.world.node.verify(false, &mut |_| {}).unwrap();
    assert!(
        report.is_well(),
        "{:?} {:?}",
        report.problems,
        report.differences
    );
    assert_eq!(t.world.clock.now(), Timestamp(NOW.millis()));
}

#[test]
fn saved_views_are_each_persons_own() {
    let t = Town::new();
    let view = json!({ "filters": { "form": "matter" }, "columns": ["title", "due"] });
    t.supervisor.put("/v1/saved-views/逾期", &view).ok();
    assert_eq!(t.supervisor.get("/v1/saved-views/逾期").ok()["view"], view);
    assert_eq!(
        t.supervisor.get("/v1/saved-views").ok()["views"][0]["name"],
        "逾期"
    );
    assert_eq!(t.admin.get("/v1/saved-views").ok()["views"], json!([]));
    t.admin
        .get("/v1/saved-views/逾期")
        .refused(404, "not_found");
    let large = json!({ "x": "y".repeat(17 << 10) });
    t.supervisor
        .put("/v1/saved-views/large", &large)
        .refused(413, "too_large");
    for n in 1..50 {
        t.supervisor
            .put(&format!("/v1/saved-views/v{n}"), &view)
            .ok();
    }
    t.supervisor
        .put("/v1/saved-views/one-more", &view)
        .refused(409, "conflict");
    t.supervisor.put("/v1/saved-views/v1", &json!([])).ok();
    assert_eq!(t.supervisor.delete("/v1/saved-views/v1").status, 204);
    t.supervisor
        .delete("/v1/saved-views/v1")
        .refused(404, "not_found");
    t.supervisor.put("/v1/saved-views/one-more", &view).ok();
}

#[test]
fn boundaries_are_kept_checked_and_shown_to_those_who_see_the_area() {
    let t = Town::new();
    let square = json!({ "type": "Polygon", "coordinates": [[[117.0, 39.0], [117.3, 39.0], [117.3, 39.3], [117.0, 39.0]]] });
    let put = |code: &str, parent: &str, boundary: Value| {
        t.admin.put(
            &format!("/v1/areas/{code}"),
            &json!({ "parent": parent, "name": code, "level": "grid", "boundary": boundary }),
        )
    };
    assert_eq!(
        put("c-a-1", "c-a", square.clone()).ok()["has_boundary"],
        true
    );
    put("c-b-1", "c-b", square.clone()).ok();
    let all = t.admin.get("/v1/areas/boundaries").ok();
    assert_eq!(all["features"].as_array().unwrap().len(), 2);
    let mine = t.supervisor.get("/v1/areas/boundaries").ok();
    assert_eq!(mine["features"].as_array().unwrap().len(), 1);
    assert_eq!(mine["features"][0]["geometry"], square);
    assert_eq!(mine["features"][0]["properties"]["code"], "c-a-1");
    t.supervisor
        .get("/v1/areas/boundaries?area=c-b")
        .refused(404, "not_found");
    for wrong in [
        json!({ "type": "Point", "coordinates": [117.0, 39.0] }),
        json!({ "type": "Polygon", "coordinates": [[[117.0, 39.0], [117.3, 39.0], [117.3, 39.3], [117.1, 39.0]]] }),
        json!({ "type": "Polygon", "coordinates": [[[500.0, 39.0], [117.3, 39.0], [117.3, 39.3], [500.0, 39.0]]] }),
        json!({ "type": "MultiPolygon", "coordinates": [] }),
    ] {
        put("c-a-1", "c-a", wrong).refused(400, "bad_request");
    }
    // Left out it stays; null takes it away.
    t.admin
        .put(
            "/v1/areas/c-a-1",
            &json!({ "parent": "c-a", "name": "one", "level": "grid" }),
        )
        .ok();
    assert_eq!(t.admin.get("/v1/areas/c-a-1").ok()["has_boundary"], true);
    assert_eq!(put("c-a-1", "c-a", Value::Null).ok()["has_boundary"], false);
    let denied = t.supervisor.put(
        "/v1/areas/c-a-1",
        &json!({ "parent": "c-a", "name": "x", "level": "grid", "boundary": square }),
    );
    denied.refused(403, "forbidden");
}

#[test]
fn rings_turn_as_the_standard_has_them_and_heights_are_left_out() {
    let t = Town::new();
    let kept = |boundary: Value| {
        let given =
            json!({ "parent": "c-a", "name": "one", "level": "grid", "boundary": boundary });
        t.admin.put("/v1/areas/c-a-1", &given).ok();
        let all = t.admin.get("/v1/areas/boundaries?area=c-a-1").ok();
        all["features"][0]["geometry"].clone()
    };
    let outer = json!([
        [117.0, 39.0],
        [117.3, 39.0],
        [117.3, 39.3],
        [117.0, 39.3],
        [117.0, 39.0]
    ]);
    let hole = json!([[117.1, 39.1], [117.1, 39.2], [117.2, 39.2], [117.1, 39.1]]);
    let turned = |ring: &Value| {
        let mut corners = ring.as_array().unwrap().clone();
        corners.reverse();
        Value::from(corners)
    };
    let right = json!({ "type": "Polygon", "coordinates": [outer, hole] });
    let wrong = json!({ "type": "Polygon", "coordinates": [turned(&outer), turned(&hole)] });
    assert_eq!(kept(right.clone()), right);
    assert_eq!(kept(wrong), right);
    let several =
        json!({ "type": "MultiPolygon", "coordinates": [[turned(&outer)], [outer, hole]] });
    assert_eq!(
        kept(several),
        json!({ "type": "MultiPolygon", "coordinates": [[outer], [outer, hole]] })
    );
    let high: Vec<Value> = outer.as_array().unwrap().clone();
    let high = high.into_iter().map(|c| json!([c[0], c[1], 8.5]));
    let high = json!({ "type": "Polygon", "coordinates": [high.collect::<Value>()] });
    assert_eq!(
        kept(high),
        json!({ "type": "Polygon", "coordinates": [outer] })
    );
}

#[test]
fn coordinates_of_another_reference_system_are_refused_with_advice() {
    let t = Town::new();
    let ring = json!([[117.0, 39.0], [117.3, 39.0], [117.3, 39.3], [117.0, 39.0]]);
    let put = |name: &str| {
        let crs = json!({ "type": "name", "properties": { "name": name } });
        let boundary = json!({ "type": "Polygon", "coordinates": [ring], "crs": crs });
        let given =
            json!({ "parent": "c-a", "name": "one", "level": "grid", "boundary": boundary });
        t.admin.put("/v1/areas/c-a-1", &given)
    };
    for same in [
        "urn:ogc:def:crs:OGC:1.3:CRS84",
        "urn:ogc:def:crs:EPSG::4326",
        "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "EPSG:4326",
        "urn:ogc:def:crs:EPSG::4490",
        "EPSG:4490",
    ] {
        assert_eq!(put(same).ok()["has_boundary"], true, "{same}");
    }
    for other in ["EPSG:3857", "urn:ogc:def:crs:EPSG::4479", "CGCS2000", ""] {
        let refused = put(other);
        refused.refused(400, "bad_request");
        let said = refused.text();
        assert!(said.contains("EPSG:4326") && said.contains(other), "{said}");
    }
}

#[test]
fn areas_come_from_a_file_over_the_api() {
    let t = Town::new();
    let csv =
        "code,parent,name,level\nc-c,c,Street C,street\nc-c-1,c-c,One,grid\nx,nowhere,X,grid\n";
    let send = |client: &Client, path: &str| client.send("POST", path, "text/csv", csv.as_bytes());
    let tried = send(&t.admin, "/v1/areas/import?dry_run=true").ok();
    assert_eq!(
        (&tried["added"], &tried["refused"], &tried["dry_run"]),
        (&json!(2), &json!(1), &json!(true))
    );
    assert_eq!(tried["refusals"][0]["line"], 4);
    t.admin.get("/v1/areas/c-c-1").refused(404, "not_found");
    send(&t.admin, "/v1/areas/import").ok();
    assert_eq!(t.admin.get("/v1/areas/c-c-1").ok()["name"], "One");
    assert_eq!(send(&t.admin, "/v1/areas/import").ok()["unchanged"], 2);
    send(&t.supervisor, "/v1/areas/import").refused(403, "forbidden");
    t.admin
        .send("POST", "/v1/areas/import", "text/csv", b"a,b\n1,2\n")
        .refused(400, "bad_request");
}

#[test]
fn before_a_table_is_imported_one_sees_how_it_is_read() {
    let t = Town::new();
    let table =
        "编码,上级,备 注,名称,级别\nc-c,c,旧表,幸福里,街道\nc-c-1,c-c\nc-c-2,c-c,,第2网格,网格\n";
    let gb = encoding_rs::GB18030.encode(table).0.into_owned();
    let send = |path: &str| t.admin.send("POST", path, "text/csv", &gb).ok();
    let tried = send("/v1/areas/import?dry_run=true");
    let column = |heading: &str, column: &str| json!({ "heading": heading, "column": column });
    assert_eq!(
        tried["first"]["columns"],
        json!([
            column("编码", "code"),
            column("上级", "parent"),
            { "heading": "备 注" },
            column("名称", "name"),
            column("级别", "level"),
        ]),
        "by the file's own headings; what is passed over is told apart"
    );
    assert_eq!(
        tried["first"]["rows"],
        json!([
            { "line": 2, "values": ["c-c", "c", "旧表", "幸福里", "街道"] },
            { "line": 4, "values": ["c-c-2", "c-c", "", "第2网格", "网格"] },
        ])
    );
    assert!(send("/v1/areas/import")["first"].is_null(), "it is done");
}

#[test]
fn an_export_holds_what_the_list_shows() {
    let t = Town::new();
    let query = "form=matter&sort=-title&assignee=Wu&columns=record_id,title,due_at&fields=summary,reporter_name";
    let list = walk(&t.supervisor, "form=matter&sort=-title&assignee=Wu");
    let csv = t
        .supervisor
        .get(&format!("/v1/export/records?format=csv&{query}"));
    let text = csv.text();
    let lines: Vec<&str> = text.split("\r\n").filter(|l| !l.is_empty()).collect();
    assert_eq!(lines[0], "record_id,title,due_at,summary,reporter_name");
    let exported: Vec<&str> = lines[1..]
        .iter()
        .map(|l| l.split(',').next().unwrap())
        .collect();
    assert_eq!(exported, list);
    assert!(lines[1].ends_with("c 已办,王小明"), "{}", lines[1]);
    let ndjson = t
        .auditor
        .get(&format!("/v1/export/records?format=ndjson&{query}"))
        .text();
    let first: Value = serde_json::from_str(ndjson.lines().next().unwrap()).unwrap();
    assert_eq!(
        first["fields"],
        json!({ "summary": "c 已办" }),
        "no reporter for an auditor"
    );
    assert!(first["grid"].is_null(), "not chosen");
    let xlsx = t
        .supervisor
        .get(&format!("/v1/export/records?format=xlsx&{query}"));
    assert_eq!(xlsx.status, 200);
    assert!(xlsx.bytes.starts_with(b"PK"), "a workbook is a zip file");
    assert!(
        xlsx.headers["content-disposition"]
            .to_str()
            .unwrap()
            .ends_with("records.xlsx\"")
    );
    let labelled = |client: &Client| {
        let query = "form=matter&assignee=Wu&sort=-title&columns=grid,form,status,title,due_at&fields=summary,reporter_name";
        let path = format!("/v1/export/records?format=csv&headings=labels&tz=480&{query}");
        client.get(&path).text()
    };
    let text = labelled(&t.supervisor);
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines[0], "Grid,Form,Status,Title,Due,Summary,Reported by");
    // Two hours before eight in the east is six.
    let due = at(-HOUR_MS);
    let local: jiff::Timestamp = due.parse().unwrap();
    let local = local.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8)));
    let local = local.strftime("%Y-%m-%d %H:%M:%S").to_string();
    assert!(
        lines[1].ends_with(&format!("Matter,Closed,c 已办,{local},c 已办,王小明")),
        "{}",
        lines[1]
    );
    assert!(
        !labelled(&t.auditor).contains("王小明"),
        "no reporter for an auditor"
    );
    for wrong in [
        "format=pdf",
        "format=csv&columns=secret",
        "format=csv&headings=none",
        "format=csv&headings=labels&tz=100000",
    ] {
        t.supervisor
            .get(&format!("/v1/export/records?{wrong}"))
            .refused(400, "bad_request");
    }
}

#[test]
fn a_record_says_who_gave_it_each_value_and_its_history_says_it_in_words() {
    let t = Town::new();
    let path = format!("/v1/records/{}", t.late_matter);
    t.world.clock.set(NOW.plus_millis(60_000));
    t.supervisor
        .patch(&path, &json!({ "fields": { "place": "东门" } }))
        .ok();
    t.supervisor
        .patch(&path, &json!({ "fields": { "place": "西门" } }))
        .ok();
    let body = t.supervisor.get(&path).ok();
    let (place, kind) = (&body["provenance"]["place"], &body["provenance"]["kind"]);
    assert_eq!(
        (&place["user_name"], &kind["user_name"]),
        (&json!("li"), &json!("admin"))
    );
    assert_eq!(
        (&place["received_at"], &kind["received_at"]),
        (&json!(at(60_000)), &json!(at(0)))
    );
    assert_eq!(body["provenance"]["reporter_name"]["user_name"], "admin");
    let seen = t.auditor.get(&path).ok();
    assert!(
        seen["provenance"]["reporter_name"].is_null(),
        "nor who gave it"
    );
    let history = t.supervisor.get(&format!("{path}/history")).ok();
    let words: Vec<String> = history["entries"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|e| e["words"].as_array().unwrap().clone())
        .map(|w| w.as_str().unwrap().to_owned())
        .collect();
    assert!(words.contains(&"Place: 东门".to_owned()), "{words:?}");
    assert!(
        words.contains(&"Place: from “东门” to “西门”".to_owned()),
        "{words:?}"
    );
    let zh = t
        .supervisor
        .header("x-unused", "1")
        .get(&format!("{path}/history"))
        .ok();
    assert_eq!(
        zh["entries"].as_array().unwrap().len(),
        history["entries"].as_array().unwrap().len()
    );
    let closed = t
        .supervisor
        .get(&format!("/v1/records/{}/history", t.closed_matter))
        .text();
    assert!(closed.contains("\"words\":[\"Dispatch\"]"), "{closed}");
}

#[test]
fn a_matter_knows_its_tasks_and_when_it_was_closed() {
    let t = Town::new();
    let task = add(
        &t.admin,
        "c-a-1",
        "task",
        json!({ "title": "换灯", "due_at": at(HOUR_MS), "matter": t.late_matter }),
    );
    let about = |id: &str| ids(&page(&t.supervisor, &format!("about={id}")));
    assert_eq!(about(&t.late_matter), std::slice::from_ref(&task));
    assert_eq!(about(&t.early_matter), Vec::<String>::new());
    let path = format!("/v1/records/{task}");
    t.supervisor
        .patch(&path, &json!({ "fields": { "matter": t.early_matter } }))
        .ok();
    assert_eq!(about(&t.early_matter), [task]);
    assert_eq!(about(&t.late_matter), Vec::<String>::new());
    let closed =
        |id: &str| t.supervisor.get(&format!("/v1/records/{id}")).ok()["closed_at"].clone();
    assert_eq!(closed(&t.closed_matter), at(0));
    assert_eq!(closed(&t.late_matter), Value::Null);
}

#[test]
fn a_refused_edit_says_what_was_written_and_adopting_it_in_vain_adds_none() {
    let t = Town::new();
    let path = format!("/v1/records/{}", t.late_matter);
    t.supervisor
        .post(
            &format!("{path}/transitions"),
            &json!({ "action": "close" }),
        )
        .refused(422, "transition_not_allowed");
    let queue = || t.supervisor.get("/v1/attention?kind=refused").ok();
    let waiting = queue();
    assert_eq!(waiting["counts"]["refused"], 1);
    let item = &waiting["items"][0];
    assert_eq!(item["words"], json!(["Close"]));
    assert_eq!(item["title"], "b 逾期");
    assert_eq!(item["actions"], json!(["open", "adopt", "dismiss"]));
    let settle = json!({ "stream": item["stream"], "entry": item["entry"], "how": "adopt" });
    t.supervisor
        .post("/v1/refused/settle", &settle)
        .refused(422, "transition_not_allowed");
    let still = queue();
    assert_eq!(still["counts"]["refused"], 1, "that one, and no other");
    assert_eq!(still["items"][0]["entry"], item["entry"]);
}

#[test]
fn a_refused_edit_is_adopted_though_its_form_went_on_without_one_of_its_fields() {
    let t = Town::new();
    let path = format!("/v1/records/{}", t.late_matter);
    let close = json!({ "op": "transition", "action": "close" });
    let source = json!({ "op": "set", "field": "source", "value": "热线" });
    t.supervisor
        .patch(&path, &json!({ "operations": [source, close] }))
        .refused(422, "transition_not_allowed");
    let waiting = t.supervisor.get("/v1/attention?kind=refused").ok();
    let item = &waiting["items"][0];
    for action in ["accept", "escalate", "handle"] {
        t.supervisor
            .post(&format!("{path}/transitions"), &json!({ "action": action }))
            .ok();
    }
    let mut form = t.admin.get("/v1/forms/matter/latest").ok();
    form["version"] = json!(form["version"].as_u64().unwrap() + 1);
    let fields = form["fields"].as_array_mut().unwrap();
    fields.retain(|f| f["key"] != "source");
    t.admin.post("/v1/forms", &form).ok();
    let settle = json!({ "stream": item["stream"], "entry": item["entry"], "how": "adopt" });
    t.supervisor.post("/v1/refused/settle", &settle).ok();
    let adopted = t.supervisor.get(&path).ok();
    assert_eq!(adopted["status"], "closed");
    assert_eq!(adopted["fields"]["source"], "热线");
    let left = t.supervisor.get("/v1/attention?kind=refused").ok();
    assert_eq!(left["counts"]["refused"], 0);
}

#[test]
fn an_edit_that_no_entry_was_made_of_is_not_said_to_be_kept() {
    let t = Town::new();
    let path = format!("/v1/records/{}", t.late_matter);
    let said = |fields: Value| {
        let answer = t.supervisor.patch(&path, &json!({ "fields": fields }));
        let waiting = t.supervisor.get("/v1/attention?kind=refused").ok();
        let kept = waiting["counts"]["refused"].as_u64().unwrap();
        let body: Value = serde_json::from_str(&answer.text()).unwrap();
        (body["title"].as_str().unwrap().to_owned(), kept)
    };
    let (title, kept) = said(json!({ "no_such": "x" }));
    assert!(title.ends_with("Nothing was changed."), "{title}");
    assert_eq!(kept, 0);
    let (title, kept) = said(json!({ "place": "长".repeat(300) }));
    assert!(title.contains("The edit is kept"), "{title}");
    assert_eq!(kept, 1);
}

#[test]
fn people_who_work_in_a_grid_are_told_from_those_who_do_not() {
    let t = Town::new();
    let (_, _) = t.world.person(&t.admin, "ma", "worker", "c-a-1");
    let (_, _) = t.world.person(&t.admin, "hu", "worker", "c-b-1");
    let names = |grid: &str| {
        let page = t.admin.get(&format!("/v1/users?works_in={grid}")).ok();
        let users = page["users"].as_array().unwrap().clone();
        let mut names: Vec<String> = users
            .iter()
            .map(|u| u["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        names("c-a-1"),
        ["li", "ma"],
        "its worker and its supervisor"
    );
    assert_eq!(names("c-b-1"), ["hu"]);
    t.supervisor
        .get("/v1/users?works_in=c-b-1")
        .refused(404, "not_found");
}

#[test]
fn the_map_says_how_many_records_have_no_place() {
    let t = Town::new();
    let map = |query: &str| {
        let path = format!("/v1/map?zoom=12&unplaced=true&{query}");
        t.supervisor.get(&path).ok()["unplaced"].clone()
    };
    assert_eq!(map("form=household"), 1);
    assert_eq!(map("form=matter"), 0);
    assert_eq!(map("form=visit,task"), 2);
    assert_eq!(
        map("form=matter&bbox=0,0,1,1"),
        0,
        "of the filter, not of what is looked at"
    );
}

#[test]
fn what_is_typed_wrong_is_explained_in_the_language_of_the_page() {
    let t = Town::new();
    let zh = t.admin.header("accept-language", "zh-CN");
    let weak = json!({ "name": "n", "login": "n-1", "password": "short" });
    let said = |client: &Client| {
        let answer = client.post("/v1/users", &weak);
        let body = answer.refused(422, "weak_password");
        body["detail"].as_str().unwrap().to_owned()
    };
    assert!(said(&zh).contains("密码至少"), "{}", said(&zh));
    assert!(said(&t.admin).contains("at least"), "{}", said(&t.admin));
    let taken = json!({ "name": "n", "login": "li", "password": "a long enough phrase 9" });
    t.admin
        .post("/v1/users", &taken)
        .refused(409, "login_taken");
    let csv = "code,parent,name,level\nx,nope,X,street\n".as_bytes();
    let tried = zh.send("POST", "/v1/areas/import?dry_run=true", "text/csv", csv);
    assert_eq!(
        tried.ok()["refusals"][0]["reason"],
        "上级 nope 既不在文件里，也不在系统里"
    );
    let tried = zh.send(
        "POST",
        "/v1/areas/import",
        "text/csv",
        b"code,parent,name,level\nx,c\n",
    );
    assert_eq!(
        tried.ok()["refusals"][0]["reason"],
        "这一行有 2 个值，而第一行写了 4 个列"
    );
    for (file, words) in [
        (&b"\xb1\xe0\xc2\xeb\n\xff\xff\n"[..], "一行也没有读"),
        (b"\xd0\xcf\x11\xe0", "请另存为 .xlsx"),
        (b"PK\x03\x04", "工作簿打不开"),
        (b"", "第一行要写列名"),
        (b"a,b\n", "缺少列 code"),
    ] {
        let refused = zh.send("POST", "/v1/areas/import", "application/octet-stream", file);
        let body = refused.refused(400, "bad_request");
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{detail}");
    }
}

#[test]
fn refused_edits_are_shown_where_one_supervises_and_not_where_one_only_works() {
    let t = Town::new();
    let (id, both) = t.world.person(&t.admin, "qi", "supervisor", "c-a");
    let grant = json!({ "user_id": id, "role": "worker", "area": "c-b" });
    t.admin.post("/v1/grants", &grant).ok();
    let close = json!({ "action": "close" });
    for matter in [&t.elsewhere, &t.late_matter] {
        t.admin
            .post(&format!("/v1/records/{matter}/transitions"), &close)
            .refused(422, "transition_not_allowed");
    }
    let shown = |client: &Client| {
        let all = client.get("/v1/refused").ok();
        let all = all["refused"].as_array().unwrap().clone();
        all.iter()
            .map(|r| r["record_id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(&both), std::slice::from_ref(&t.late_matter));
    assert_eq!(shown(&t.admin).len(), 2);
}
