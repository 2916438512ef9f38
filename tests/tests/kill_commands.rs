//! Kills `init`, `backup` and `restore` at their system calls: each leaves nothing, or a whole thing,
//! and no copy of a key that the next start or backup does not take away.
//!
//! A few points of each here; every one of them with `KILL_COMMANDS=all`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const PASSWORD: &str = "lantern orchard 47 velvet";
/// Calls after which a file system may be another than before.
const CALLS: &str = "fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir";
/// Which of the calls of one thread are tried in the short form.
const FEW: [u32; 9] = [1, 2, 3, 5, 8, 13, 21, 34, 55];
/// No command makes more of them.
const MOST: u32 = 2_000;

/// The program of `SERVER_BINARY`, or built here.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("SERVER_BINARY") {
        return path.into();
    }
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().unwrap().parent().unwrap();
    let path = profile.join(format!("gridfold{}", std::env::consts::EXE_SUFFIX));
    let mut build = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    build.args([
        "build",
        "-p",
        "tests",
        "-p",
        "gridfold-server",
        "--bin",
        "gridfold",
    ]);
    if profile.ends_with("release") {
        build.arg("--release");
    }
    build.arg("--target-dir").arg(profile.parent().unwrap());
    assert!(build.status().unwrap().success());
    path
}

struct Tool(PathBuf);

impl Tool {
    /// Runs a command on a data directory, killed at the `at`-th of its calls if there is one.
    fn run(&self, dir: &Path, args: &[&str], at: Option<u32>) -> Output {
        let mut command = match at {
            None => Command::new(&self.0),
            Some(at) => {
                let mut strace = Command::new("strace");
                strace
                    .args(["-f", "-qq", "-o", "/dev/null", "-e"])
                    .arg(format!("inject={CALLS}:signal=SIGKILL:when={at}"))
                    .arg(&self.0);
                strace
            }
        };
        let mut child = command
            .arg("--data")
            .arg(dir)
            .args(args)
            .env("GRIDFOLD_LOG_MIN_FREE_MIB", "16")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("strace and the server's program start");
        // One that was killed reads nothing.
        let _ = writeln!(child.stdin.take().unwrap(), "{PASSWORD}");
        child.wait_with_output().unwrap()
    }

    fn ok(&self, dir: &Path, args: &[&str]) -> String {
        let out = self.run(dir, args, None);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "{args:?}: {said}");
        String::from_utf8(out.stdout).unwrap()
    }

    /// Runs a command at each point, in a place of its own, until one ends by itself.
    fn at_each_point(&self, root: &Path, mut each: impl FnMut(&Path, u32) -> bool) -> u32 {
        let all = std::env::var("KILL_COMMANDS").is_ok_and(|v| v == "all");
        let points: Vec<u32> = if all {
            (1..MOST).collect()
        } else {
            FEW.to_vec()
        };
        let mut killed = 0;
        for at in points {
            let place = root.join(at.to_string());
            std::fs::create_dir_all(&place).unwrap();
            if !each(&place, at) {
                break;
            }
            killed += 1;
            std::fs::remove_dir_all(&place).unwrap();
        }
        assert!(killed > 3, "it was killed {killed} times only");
        killed
    }
}

const INIT: [&str; 3] = ["init", "--admin-password-file", "-"];

fn names(dir: &Path) -> BTreeSet<String> {
    std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// A data directory with two streets, and what it exports.
fn town(tool: &Tool, dir: &Path) -> String {
    tool.ok(dir, &INIT);
    let areas = dir.with_extension("csv");
    std::fs::write(&areas, "code,parent,name,level\nc,,C,city\na,c,A,grid\n").unwrap();
    tool.ok(dir, &["import", "areas", areas.to_str().unwrap()]);
    let matters = dir.with_extension("matters.csv");
    let mut rows = "unique_key,created_date,complaint_type\n".to_owned();
    for n in 0..40 {
        rows.push_str(&format!("{n},2024-01-02T03:04:05,Noise {n}\n"));
    }
    std::fs::write(&matters, rows).unwrap();
    tool.ok(dir, &["import", "matters", matters.to_str().unwrap()]);
    export(tool, dir)
}

fn export(tool: &Tool, dir: &Path) -> String {
    tool.ok(dir, &["export", "records", "--format", "csv"])
}

#[test]
fn init_leaves_nothing_or_a_whole_directory() {
    let (tool, home) = (Tool(binary()), tempfile::tempdir().unwrap());
    let killed = tool.at_each_point(home.path(), |place, at| {
        let dir = place.join("data");
        if tool.run(&dir, &INIT, Some(at)).status.success() {
            return false;
        }
        let whole = tool.run(&dir, &["verify"], None).status.success();
        let again = tool.run(&dir, &INIT, None);
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        // Never neither: a directory that is not usable and does not let itself be made.
        assert!(
            whole != again.status.success(),
            "call {at}: whole {whole}, {said}"
        );
        assert!(tool.ok(&dir, &["user", "list"]).contains("admin"));
        true
    });
    println!("init killed {killed} times");
}

#[test]
fn backup_leaves_nothing_or_a_whole_file() {
    let (tool, home) = (Tool(binary()), tempfile::tempdir().unwrap());
    let dir = home.path().join("data");
    let told = town(&tool, &dir);
    let first = home.path().join("first");
    tool.ok(&dir, &["backup", first.to_str().unwrap()]);
    let usual = names(&dir);
    let killed = tool.at_each_point(home.path(), |place, at| {
        let file = place.join("b");
        let out = tool.run(&dir, &["backup", file.to_str().unwrap()], Some(at));
        if out.status.success() {
            return false;
        }
        if file.exists() {
            let to = place.join("to");
            tool.ok(&to, &["restore", file.to_str().unwrap()]);
            assert_eq!(export(&tool, &to), told, "call {at}");
            std::fs::remove_dir_all(to).unwrap();
        }
        // The next start takes away what is left, wherever it is.
        tool.ok(&dir, &["user", "list"]);
        let left: Vec<String> = names(&dir).difference(&usual).cloned().collect();
        assert_eq!(left, Vec::<String>::new(), "call {at}");
        let beside: Vec<String> = names(place).into_iter().filter(|n| n != "b").collect();
        assert_eq!(beside, Vec::<String>::new(), "call {at}");
        true
    });
    println!("backup killed {killed} times");
}

#[test]
fn restore_leaves_nothing_or_a_whole_directory() {
    let (tool, home) = (Tool(binary()), tempfile::tempdir().unwrap());
    let dir = home.path().join("data");
    let told = town(&tool, &dir);
    let file = home.path().join("b");
    let file = file.to_str().unwrap();
    tool.ok(&dir, &["backup", file]);
    let killed = tool.at_each_point(home.path(), |place, at| {
        let to = place.join("to");
        if tool.run(&to, &["restore", file], Some(at)).status.success() {
            return false;
        }
        let verified = tool.run(&to, &["verify"], None);
        if verified.status.success() {
            assert_eq!(export(&tool, &to), told, "call {at}");
        } else {
            tool.ok(&to, &["restore", file]);
            assert_eq!(export(&tool, &to), told, "call {at}, restored again");
        }
        true
    });
    println!("restore killed {killed} times");
}

#[test]
fn what_a_killed_making_left_is_taken_away_and_what_others_put_there_is_not() {
    let (tool, home) = (Tool(binary()), tempfile::tempdir().unwrap());
    let dir = home.path().join("data");
    let out = tool.run(&dir, &INIT, Some(3));
    assert!(!out.status.success() && dir.join("unfinished").exists());
    for args in [
        &["verify"][..],
        &["user", "list"],
        &["backup", "/nowhere/b"],
    ] {
        let out = tool.run(&dir, args, None);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(
            !out.status.success() && said.contains("was cut off"),
            "{args:?}: {said}"
        );
    }
    std::fs::write(dir.join("mine.txt"), "mine").unwrap();
    let out = tool.run(&dir, &INIT, None);
    assert!(String::from_utf8_lossy(&out.stderr).contains("not empty"));
    assert_eq!(std::fs::read(dir.join("mine.txt")).unwrap(), b"mine");
    std::fs::remove_file(dir.join("mine.txt")).unwrap();
    tool.ok(&dir, &INIT);
    assert!(!dir.join("unfinished").exists());
}
