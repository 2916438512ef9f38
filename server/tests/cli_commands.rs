//! The command line as its user meets it: the binary, its words and its exit codes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

const PASSWORD: &str = "lantern orchard 47 velvet";

fn gridfold(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gridfold"));
    command
        .arg("--data")
        .arg(dir)
        .env("GRIDFOLD_LOG_MIN_FREE_MIB", "16");
    command
}

fn run(dir: &Path, args: &[&str]) -> Output {
    gridfold(dir)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[track_caller]
fn ok(dir: &Path, args: &[&str]) -> String {
    let out = run(dir, args);
    assert!(
        out.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    String::from_utf8(out.stdout).unwrap()
}

/// A command that took some rows of a file and not others: its report, and an exit code by which a script knows.
#[track_caller]
fn took_some(dir: &Path, args: &[&str]) -> String {
    let out = run(dir, args);
    assert_eq!(out.status.code(), Some(65), "{args:?}");
    let said = String::from_utf8(out.stderr).unwrap();
    let told = ["were not taken", "nothing was changed"];
    assert!(
        told.iter().any(|told| said.contains(told)),
        "{args:?}: {said}"
    );
    String::from_utf8(out.stdout).unwrap()
}

#[track_caller]
fn fails(dir: &Path, args: &[&str], with: &str) {
    let out = run(dir, args);
    let said = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(1), "{args:?}");
    assert!(said.contains(with), "{args:?}: {said}");
}

fn init(dir: &Path) {
    let mut child = gridfold(dir)
        .args(["init", "--admin-password-file", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success());
    assert!(
        !String::from_utf8(out.stdout)
            .unwrap()
            .contains("shown once")
    );
}

fn id(said: &str) -> String {
    said.split_whitespace().nth(1).unwrap().to_owned()
}

fn serve(dir: &Path) -> (Child, String) {
    let mut child = gridfold(dir)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("GRIDFOLD_LOGGING_FORMAT", "json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let base = line
        .trim()
        .strip_prefix("listening on ")
        .unwrap()
        .to_owned();
    (child, base)
}

#[test]
fn from_an_empty_directory_to_a_restored_one() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    fails(&dir, &["verify"], "init");
    init(&dir);
    fails(&dir, &["init"], "not empty");
    assert!(ok(&dir, &["config"]).contains("min_free_mib = 16"));

    let areas = home.path().join("areas.csv");
    std::fs::write(
        &areas,
        "code,parent,name,level\ns,,街,street\ng,s,格,grid\n",
    )
    .unwrap();
    let areas = areas.to_str().unwrap();
    assert!(ok(&dir, &["import", "areas", areas, "--dry-run"]).contains("Dry run"));
    let report: serde_json::Value =
        serde_json::from_str(&ok(&dir, &["import", "areas", areas, "--json"])).unwrap();
    assert_eq!(report["added"], 2);
    let matters = home.path().join("matters.csv");
    std::fs::write(
        &matters,
        "unique_key,created_date,complaint_type\n1,2026-06-13T01:50:34,Noise\n2,never,Noise\n",
    )
    .unwrap();
    let matters = matters.to_str().unwrap();
    assert!(
        took_some(&dir, &["import", "matters", matters])
            .contains("line 3: created_date is not a time")
    );
    fails(
        &dir,
        &["import", "matters", matters, "--time-zone", "Mars/Olympus"],
        "Mars/Olympus",
    );
    fails(
        &dir,
        &["import", "areas", "/nonexistent.csv"],
        "nonexistent",
    );
    assert_eq!(
        ok(&dir, &["export", "records", "--format", "csv"])
            .lines()
            .count(),
        2
    );
    assert_eq!(
        ok(
            &dir,
            &["export", "records", "--format", "ndjson", "--form", "visit"]
        ),
        ""
    );
    fails(&dir, &["export", "records", "--format", "xml"], "geojson");

    let said = ok(&dir, &["user", "add", "李主任", "--login", "li"]);
    assert!(said.contains("shown once"));
    let user = id(&said);
    // Whoever has the name already is named, and nobody is added; on a word another is.
    fails(&dir, &["user", "add", "李主任"], &user);
    let named = |text: &str| ok(&dir, &["user", "list"]).matches(text).count();
    assert_eq!(named("李主任"), 1);
    let other = id(&ok(&dir, &["user", "add", "王芳"]));
    fails(&dir, &["user", "add", " 王芳 "], &other);
    ok(&dir, &["user", "add", "王芳", "--namesake"]);
    assert_eq!(named("王芳"), 2);
    fails(&dir, &["user", "add", "x", "--login", "li"], "already");
    fails(
        &dir,
        &["user", "disable", "nobody"],
        "there is no user nobody",
    );
    ok(&dir, &["user", "disable", "li"]);
    ok(&dir, &["user", "enable", &user]);
    assert!(ok(&dir, &["user", "password", "李主任"]).contains("shown once"));
    let grant = id(&ok(&dir, &["grant", "add", "li", "worker", "--area", "s"]));
    fails(&dir, &["grant", "add", "li", "king"], "the role must be");
    fails(
        &dir,
        &["grant", "add", "li", "worker", "--area", "nowhere"],
        "nowhere",
    );
    assert!(ok(&dir, &["grant", "list", "--user", "li"]).contains(&grant));
    ok(&dir, &["grant", "end", &grant]);
    let invited = ok(&dir, &["device", "invite", "li"]);
    assert!(
        invited.contains("code (shown once): ") && invited.contains('█'),
        "{invited}"
    );
    assert_eq!(ok(&dir, &["device", "list", "--json"]).trim(), "[]");
    fails(&dir, &["device", "revoke", "x"], "not the id");

    let backup = home.path().join("backup");
    let file = backup.to_str().unwrap();
    ok(&dir, &["backup", file]);
    fails(&dir, &["backup", file], "exists already");
    fails(&dir, &["restore", file], "not empty");
    let again = home.path().join("again");
    ok(&again, &["restore", file]);
    assert!(ok(&again, &["verify"]).contains("all is well"));
    assert!(ok(&again, &["verify", "--rebuild"]).contains("made again"));
    assert!(ok(&again, &["user", "list"]).contains("李主任"));
    assert_eq!(
        ok(&again, &["export", "records", "--format", "geojson"]),
        ok(&dir, &["export", "records", "--format", "geojson"])
    );
    std::fs::write(&backup, b"GRIDFOLD BACKUP 1\nnonsense").unwrap();
    fails(
        &home.path().join("third"),
        &["restore", file],
        "not a whole backup",
    );
}

#[test]
fn a_running_server_keeps_the_others_out_and_stops_when_told() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    init(&dir);
    let (child, base) = serve(&dir);
    for args in [
        &["user", "list"][..],
        &["verify"],
        &["backup", "/nonexistent/x"],
        &["serve"],
    ] {
        fails(&dir, args, "a running server (or another command) holds");
    }
    ok(&dir, &["config"]);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .into();
    let body = format!("{{\"login\":\"admin\",\"password\":\"{PASSWORD}\"}}");
    let mut answer = agent
        .post(format!("{base}/v1/sign-in"))
        .header("content-type", "application/json")
        .send(body.as_bytes())
        .unwrap();
    assert_eq!(answer.status(), 200);
    let session: serde_json::Value =
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    let token = session["access_token"].as_str().unwrap();
    let found = agent
        .get(format!("{base}/v1/records?text=secret-word"))
        .header("authorization", format!("Bearer {token}"))
        .call()
        .unwrap();
    assert_eq!(found.status(), 200);
    drop(agent);
    let told = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(told.success());
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success());
    let log = String::from_utf8(out.stderr).unwrap();
    for line in log.lines() {
        let _: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    }
    assert!(log.contains("\"stopped\"") && log.contains("/v1/records"));
    for secret in [
        token,
        session["refresh_token"].as_str().unwrap(),
        PASSWORD,
        "secret-word",
    ] {
        assert!(!log.contains(secret), "the log holds a secret");
    }
    ok(&dir, &["verify"]);
}

#[test]
fn who_waits_for_the_words_that_it_listens_may_stop_it_at_once() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data");
    init(&dir);
    for signal in ["INT", "TERM"].repeat(5) {
        // Ready before it, so that nothing is started between the words and the signal.
        let mut hand = Command::new("sh")
            .args(["-c", &format!("read pid && kill -{signal} $pid")])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let (child, _) = serve(&dir);
        let mut told = hand.stdin.take().unwrap();
        writeln!(told, "{}", child.id()).unwrap();
        assert!(hand.wait().unwrap().success());
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success(), "{signal}: {}", out.status);
    }
}

#[test]
fn a_new_directory_has_matter_kinds_unless_none_are_wanted() {
    let home = tempfile::tempdir().unwrap();
    let (dir, bare) = (home.path().join("data"), home.path().join("bare"));
    init(&dir);
    ok(&bare, &["init", "--catalogue", "none"]);
    let file = home.path().join("kinds.csv");
    std::fs::write(
        &file,
        "code,label_zh,label_en,department\nnoise,噪音扰民,Noise,社区\nnoise2,噪音扰民,Noises,社区\n",
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let counts = |said: String| {
        let report: serde_json::Value = serde_json::from_str(&said).unwrap();
        [&report["added"], &report["changed"], &report["refused"]].map(|n| n.as_u64().unwrap())
    };
    let wrong = ["import", "catalogue", file, "--json"];
    for dir in [&dir, &bare] {
        assert_eq!(counts(took_some(dir, &wrong)), [0, 0, 1]);
    }
    let said = took_some(&dir, &["import", "catalogue", file]);
    assert!(
        said.contains("line 3: noise2 has the same name as noise"),
        "{said}"
    );
    let good = home.path().join("good.csv");
    std::fs::write(
        &good,
        "code,label_zh,label_en,department,deadline\nnoise,噪音扰民,Noise,社区,5个工作日\n",
    )
    .unwrap();
    let good = good.to_str().unwrap();
    let dry = ["import", "catalogue", good, "--json", "--dry-run"];
    for _ in 0..2 {
        assert_eq!(counts(ok(&dir, &dry)), [0, 1, 0], "noise was there");
        assert_eq!(counts(ok(&bare, &dry)), [1, 0, 0]);
    }
    assert_eq!(counts(ok(&dir, &dry[..4])), [0, 1, 0]);
    assert_eq!(counts(ok(&dir, &dry[..4])), [0, 0, 0]);
    let json = home.path().join("kinds.JSON");
    std::fs::write(&json, "[]").unwrap();
    let said = ok(&dir, &["import", "catalogue", json.to_str().unwrap()]);
    assert!(said.contains("ROWS"), "{said}");
    // Days of the working calendar, all of a file or none.
    let days = home.path().join("days.csv");
    let calendar = ["import", "calendar", days.to_str().unwrap(), "--json"];
    std::fs::write(
        &days,
        "日期,类别\n2026-12-24,本单位休息\n2026-12-25,maybe\n",
    )
    .unwrap();
    assert_eq!(counts(took_some(&dir, &calendar)), [0, 0, 1]);
    std::fs::write(&days, "日期,类别\n2026-12-24,本单位休息\n").unwrap();
    assert_eq!(counts(ok(&dir, &calendar)), [1, 0, 0]);
    assert_eq!(counts(ok(&dir, &calendar)), [0, 0, 0]);
    fails(&dir, &["import", "catalogue", "/nowhere.csv"], "nowhere");
}
