//! Imports: real files and odd ones, twice, dry, changed, into a real node.

use std::io::Read;
use std::sync::Arc;

use gridfold_server::auth::Password;
use gridfold_server::clock::{Clock, ManualClock};
use gridfold_server::config::Config;
use gridfold_server::export::{Format, Picked, export_records};
use gridfold_server::import::{
    MatterOptions, Misfit, Report, RowClock, TableError, import_areas, import_matters, matter_id,
};
use gridfold_server::node::Node;
use gridfold_server::views::{ReadScope, RecordFilter, StoredRecord};
use gridfold_sync_core::entry::Author;
use gridfold_sync_core::ids::{AreaCode, DeviceId, RecordId};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::RecordView;

const HEADER: &str = "unique_key,created_date,closed_date,agency,complaint_type,descriptor,location_type,incident_zip,city,borough,latitude,longitude";

struct World {
    _dir: tempfile::TempDir,
    node: Arc<Node>,
    author: Author,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(1_781_500_000_000)));
        let mut config = Config::default();
        config.log.min_free_mib = 16;
        let password = Password::new("lantern orchard 47 velvet");
        let node = Node::init(dir.path(), config, clock, "admin", &password).unwrap();
        let user = node.directory.current().users().next().unwrap().id;
        let author = Author {
            device: DeviceId::from_bytes([0; 16]),
            user,
        };
        Self {
            _dir: dir,
            node,
            author,
        }
    }

    fn matters(&self, file: impl Read, dry_run: bool) -> Report {
        let clock = RowClock::new("America/New_York").unwrap();
        let options = MatterOptions {
            author: self.author,
            clock,
            dry_run,
        };
        import_matters(&self.node, file, &options, &mut |_| {}).unwrap()
    }

    fn rows(&self, rows: &[&str]) -> Report {
        self.matters(format!("{HEADER}\n{}\n", rows.join("\n")).as_bytes(), false)
    }

    fn areas(&self, file: &str, dry_run: bool) -> Report {
        import_areas(&self.node, file.as_bytes(), dry_run, &mut |_| {}).unwrap()
    }

    fn find(&self, key: &str) -> StoredRecord {
        let mut found = None;
        self.node
            .views
            .for_each_record(&RecordFilter::of(ReadScope::all()), |record| {
                if self.fields(&record)["external_id"] == key {
                    assert!(found.is_none(), "{key} is there twice");
                    found = Some(record);
                }
                true
            })
            .unwrap();
        found.unwrap_or_else(|| panic!("{key} is not there"))
    }

    fn fields(&self, record: &StoredRecord) -> serde_json::Map<String, serde_json::Value> {
        let directory = self.node.directory.current();
        let form = directory.forms().latest(&record.row.form).unwrap();
        let parts = record
            .parts
            .iter()
            .map(|(class, part)| (*class, part))
            .collect();
        RecordView {
            record: record.row.record,
            form,
            parts,
        }
        .fields()
    }

    fn entries(&self) -> u64 {
        self.node.views.totals().unwrap().entries
    }
}

fn counts(r: &Report) -> [u64; 6] {
    [
        r.added,
        r.changed,
        r.unchanged,
        r.duplicates,
        r.refused,
        r.warned,
    ]
}

#[test]
fn a_row_becomes_a_matter_in_its_grid_with_its_times() {
    let world = World::new();
    let open = "1,2026-06-13T01:50:34.000,,NYPD,Noise - Residential,Loud Music/Party,House,10452,BRONX,BRONX,40.83874122483476,-73.91799171105254";
    let closed = "2,2026-06-12T10:00:00.000,2026-06-13T01:00:00.000,DOT,Street Condition,Pothole,Street,11385,RIDGEWOOD,QUEENS,40.7,-73.9";
    let report = world.rows(&[open, closed]);
    assert_eq!(counts(&report), [2, 0, 0, 0, 0, 0]);
    assert_eq!(report.areas_added, 5);
    let one = world.find("1");
    assert_eq!(one.row.record, matter_id("1", Timestamp(1_781_329_834_000)));
    assert_eq!(
        (one.row.grid.as_str(), one.row.status.as_deref()),
        ("nyc-bronx-10452", Some("reported"))
    );
    assert_eq!(
        one.row.captured.unwrap().to_rfc3339(),
        "2026-06-13T05:50:34.000Z"
    );
    assert_eq!(one.row.location, Some((408_387_412, -739_179_917)));
    let fields = world.fields(&one);
    assert_eq!(fields["summary"], "Noise - Residential: Loud Music/Party");
    assert_eq!(
        (fields["department"].as_str(), fields["source"].as_str()),
        (Some("NYPD"), Some("nyc311"))
    );
    let two = world.find("2");
    assert_eq!(two.row.status.as_deref(), Some("closed"));
    assert_eq!(world.fields(&two)["closed_at"], "2026-06-13T05:00:00.000Z");
    let grid = AreaCode::new("nyc-queens-11385").unwrap();
    assert!(
        world
            .node
            .directory
            .current()
            .lies_in(&grid, &AreaCode::new("nyc").unwrap())
    );

    // Again: nothing. Changed: only that.
    let before = world.entries();
    assert_eq!(counts(&world.rows(&[open, closed])), [0, 0, 2, 0, 0, 0]);
    assert_eq!(world.entries(), before);
    let now_closed = open
        .replace(".000,,NYPD", ".000,2026-06-13T09:00:00.000,NYPD")
        .replace("House", "Yard");
    assert_eq!(
        counts(&world.rows(&[&now_closed, closed])),
        [0, 1, 1, 0, 0, 0]
    );
    assert_eq!(world.find("1").row.status.as_deref(), Some("closed"));
    // A corrected time of creation, or another postcode, is still the same record in its grid.
    let corrected = now_closed
        .replace("01:50:34", "01:40:00")
        .replace("10452", "10453");
    assert_eq!(counts(&world.rows(&[&corrected])), [0, 1, 0, 0, 0, 0]);
    assert_eq!(world.find("1").row.grid.as_str(), "nyc-bronx-10452");
    assert_eq!(counts(&world.rows(&[&corrected])), [0, 0, 1, 0, 0, 0]);
}

#[test]
fn odd_rows_are_named_by_line_and_the_others_taken() {
    let world = World::new();
    let mut file = b"\xef\xbb\xbfLongitude,Latitude,Borough,Incident Zip,Complaint Type,Created Date,Unique Key,Closed Date,Descriptor\r\n".to_vec();
    file.extend(b"-73.9,40.8,BRONX,10452,Noise,06/13/2026 01:50:34 AM,1,,\"two\r\nlines, \"\"quoted\"\"\"\r\n"); // lines 2 and 3
    file.extend(b"\r\n"); // line 4
    file.extend(b"-73.9,40.8,BRONX,10452,Noise,2026-06-13T01:50:34,2\r\n"); // 5: too short
    file.extend(b",,,,,,,,\r\n"); // 6: a row of nothing
    file.extend(b"-73.9,91,BRONX,10452,Noise,2026-06-13T01:50:34,4,,\r\n"); // 7: out of range
    file.extend(b"-73.9,40.8,BRONX,10452,Noise,2026-06-13T01:50:34,5,2026-06-12T01:50:34,\r\n"); // 8: closed before
    file.extend(b"-73.9,40.8,BRONX,10452,Noise,tomorrow,6,,\r\n"); // 9: no time
    file.extend(b",,Unspecified,,Noise,2026-06-13T01:50:34,7,,\r\n"); // 10: nowhere
    file.extend(b",,Unspecified,,Noise,2026-06-13T01:50:34,7,,\r\n"); // 11: again
    file.extend(b",,Unspecified,,Other,2026-06-13T01:50:34,7,,\r\n"); // 12: again, different
    file.extend(b",,QUEENS,ABC,Noise,2026-06-13T01:50:34,,,\r\n"); // 13: no key
    file.extend(b",,QUEENS,ABC,Noise,2026-06-13T01:50:34,8,,=1+1"); // 14: the last, without an end
    let dry = world.matters(file.as_slice(), true);
    assert_eq!(
        (
            world.entries(),
            world.node.directory.current().areas().count()
        ),
        (0, 0),
        "dry"
    );
    let report = world.matters(file.as_slice(), false);
    assert_eq!(counts(&report), counts(&dry));
    assert_eq!(counts(&report), [4, 0, 0, 1, 5, 1]);
    assert_eq!(report.rows, 10);
    let lines: Vec<u64> = report.refusals.iter().map(|n| n.line).collect();
    assert_eq!(lines, [5, 7, 9, 12, 13]);
    assert_eq!(report.warnings[0].line, 8);
    assert_eq!(
        world.fields(&world.find("1"))["summary"],
        "Noise: two\nlines, \"quoted\""
    );
    assert_eq!(world.find("7").row.grid.as_str(), "nyc-unknown-unknown");
    assert_eq!(world.find("8").row.grid.as_str(), "nyc-queens-unknown");
    assert_eq!(world.find("5").row.status.as_deref(), Some("closed"));

    // What would run in a spreadsheet does not.
    let mut out = Vec::new();
    let directory = world.node.directory.current();
    let filter = RecordFilter::of(ReadScope::all());
    let export = |format, out: &mut Vec<u8>| {
        export_records(
            &world.node.views,
            &directory,
            &filter,
            format,
            &Picked::default(),
            out,
            &mut |_| {},
        )
        .unwrap()
    };
    assert_eq!(export(Format::Csv { bom: true }, &mut out), 4);
    assert!(out.starts_with(b"\xef\xbb\xbfrecord_id,") && out.ends_with(b"\r\n"));
    let mut reader = csv::Reader::from_reader(&out[3..]);
    assert_eq!(reader.records().map(Result::unwrap).count(), 4);
    out.clear();
    export(Format::GeoJson, &mut out);
    let map: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        map["features"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["geometry"].is_null())
            .count(),
        2
    );
    out.clear();
    export(Format::Ndjson, &mut out);
    assert_eq!(
        out.split(|b| *b == b'\n').filter(|l| !l.is_empty()).count(),
        4
    );
}

#[test]
fn areas_come_in_any_order_and_stay_a_tree() {
    let world = World::new();
    let file = "level,name,code,parent\nstreet,和平,s,d\ndistrict,河东,d,\ngrid,一,g,s\n\
                grid,lost,x,nowhere\ngrid,below lost,y,x\nstreet,in grid,z,g\nstreet,circle,c1,c2\nstreet,circle,c2,c1\n\
                street,again,s,d\ngrid,一,g,s\nstreet,,n,d\nstreet,bad,a b,d\n";
    let dry = world.areas(file, true);
    assert_eq!(world.node.directory.current().areas().count(), 0);
    let report = world.areas(file, false);
    assert_eq!(counts(&report), counts(&dry));
    assert_eq!(counts(&report), [3, 0, 0, 1, 8, 0]);
    let lines: Vec<u64> = report.refusals.iter().map(|n| n.line).collect();
    assert_eq!(lines, [5, 6, 7, 8, 9, 10, 12, 13]);
    assert_eq!(counts(&world.areas(file, false))[..3], [0, 0, 3]);
    let renamed = "code,parent,name,level\ns,d,和平街,street\ng,s,一,street\n";
    let report = world.areas(renamed, false);
    assert_eq!(counts(&report), [0, 1, 0, 0, 1, 0]);
    assert_eq!(report.refusals[0].reason, Misfit::StaysGrid.into());
}

#[test]
fn a_file_of_another_shape_is_refused_whole() {
    let world = World::new();
    let open = |file: &[u8]| {
        import_areas(&world.node, file, false, &mut |_| {})
            .unwrap_err()
            .to_string()
    };
    assert!(open(b"").contains("empty"));
    assert!(open(b"code,name\n").contains("parent"));
    assert!(open(b"\xff\xfec\0\xd8").contains("CSV UTF-8"));
    assert!(open(b"\xd0\xcf\x11\xe0").contains(".xlsx"));
    assert!(matches!(
        gridfold_server::import::Delimited::open(&b"a,a\n"[..], &[("a", &[])], 1),
        Err(TableError::TwiceTheColumn(_))
    ));
    assert!(
        world
            .node
            .views
            .record(&RecordId::from_bytes([0; 16]), &ReadScope::all())
            .unwrap()
            .is_none()
    );
}

/// More rows than fit one write, made as they are read.
struct Endless(u32, Vec<u8>);

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.1.is_empty() && self.0 < 1_201 {
            let key = self.0;
            self.0 += 1;
            self.1 = format!("{key},2026-06-13T01:50:34,,X,Noise,,,10452,,BRONX,,\n").into_bytes();
        }
        let n = self.1.len().min(out.len());
        out[..n].copy_from_slice(&self.1[..n]);
        self.1.drain(..n);
        Ok(n)
    }
}

#[test]
fn a_large_file_is_written_in_parts() {
    let world = World::new();
    let file = || Endless(1, format!("{HEADER}\n").into_bytes());
    assert_eq!(
        counts(&world.matters(file(), false)),
        [1_200, 0, 0, 0, 0, 0]
    );
    assert_eq!(
        counts(&world.matters(file(), false)),
        [0, 0, 1_200, 0, 0, 0]
    );
}

/// What an office's spreadsheet saves: its own encoding, its own words, rows of nothing at the end.
const OFFICE: &str =
    "网格编码,上级编码,名称,级别\n9001,,幸福里街道,街道\n9002,9001,３号楼（东）,网格\n,,,\n,,,\n";

#[test]
fn a_file_of_areas_is_taken_as_an_office_saves_it() {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (y, row) in (0u32..).zip(OFFICE.lines()) {
        for (x, cell) in (0u16..).zip(row.split(',')) {
            match cell.parse::<f64>() {
                Ok(number) => sheet.write_number(y, x, number).unwrap(),
                Err(_) => sheet.write_string(y, x, cell).unwrap(),
            };
        }
    }
    let mut utf16 = b"\xfe\xff".to_vec();
    utf16.extend(OFFICE.encode_utf16().flat_map(u16::to_be_bytes));
    let files = [
        OFFICE.as_bytes().to_vec(),
        encoding_rs::GB18030.encode(OFFICE).0.into_owned(),
        utf16,
        book.save_to_buffer().unwrap(),
    ];
    for file in files {
        let world = World::new();
        let report = import_areas(&world.node, file.as_slice(), false, &mut |_| {}).unwrap();
        assert_eq!(
            (report.rows, report.added, report.refused),
            (2, 2, 0),
            "{report:?}"
        );
        let directory = world.node.directory.current();
        let grid = directory.area(&AreaCode::new("9002").unwrap()).unwrap();
        assert_eq!((&*grid.name, &*grid.level), ("３号楼（东）", "grid"));
    }
}

#[test]
fn a_file_that_is_not_all_of_one_encoding_changes_nothing() {
    let world = World::new();
    let mut file = encoding_rs::GB18030.encode(OFFICE).0.into_owned();
    file.extend(b"9003,9001,\xff\xff,grid\n");
    let error = import_areas(&world.node, file.as_slice(), false, &mut |_| {}).unwrap_err();
    assert!(matches!(
        error,
        gridfold_server::import::ImportError::Table(TableError::NotOneEncoding)
    ));
    assert!(error.to_string().contains("none of it was read"), "{error}");
    let directory = world.node.directory.current();
    assert!(directory.area(&AreaCode::new("9001").unwrap()).is_none());
}
