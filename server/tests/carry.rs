//! Carry bundles at the server: by HTTP whoever brings them, and by the command on a stopped one.

use std::path::Path;
use std::process::Command;

use crate::api_support;
use crate::api_support::World;
use crate::api_support::carry::{CARRY, Parcel};
use gridfold_sync_core::carry::{CarryFile, CarryReceipt};
use gridfold_sync_core::ids::RecordId;
use serde_json::json;

fn receipt(bytes: &[u8]) -> CarryReceipt {
    match CarryFile::decode(bytes).unwrap() {
        CarryFile::Receipt(receipt) => receipt,
        CarryFile::Bundle(_) => panic!("a bundle"),
    }
}

/// Runs the command; tells whether it did it, and what it said on stdout and stderr.
fn import(data: &Path, file: &Path, args: &[&str]) -> (bool, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_gridfold"))
        .arg("--data")
        .arg(data)
        .args(["import", "bundle"])
        .arg(file)
        .args(args)
        .env("GRIDFOLD_LOG_MIN_FREE_MIB", "16")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.success(), text(out.stdout), text(out.stderr))
}

#[test]
fn whoever_brings_it_the_author_is_who_signed() {
    let world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (author, _) = world.person(&admin, "author", "worker", "c-a");
    // Brings it, has no phone and no right to that street.
    let (_, stranger) = world.person(&admin, "stranger", "worker", "c-b");
    let phone = world.phone(&admin, &author, 1).ok();
    let record = RecordId::from_parts(api_support::NOW, [9; 10]);
    let parcel = Parcel::new(&phone, 1, record);
    let bundle = parcel.sealed();
    world
        .anonymous()
        .send("POST", "/v1/carry", CARRY, &bundle)
        .refused(401, "unauthorized");
    stranger
        .send("POST", "/v1/carry", "application/octet-stream", &bundle)
        .refused(415, "unsupported_media_type");
    let first = stranger.send("POST", "/v1/carry", CARRY, &bundle);
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(first.headers["content-type"], CARRY);
    let said = receipt(&first.bytes);
    assert!(said.verify(&parcel.server));
    assert_eq!((said.device, said.logs[0].seq), (parcel.body.author, 1));
    let again = admin.send("POST", "/v1/carry", CARRY, &bundle);
    assert_eq!(receipt(&again.bytes), said);

    let history = admin.get(&format!("/v1/records/{record}/history")).ok();
    let entries = history["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{history}");
    assert_eq!(entries[0]["user_id"], json!(author));
    assert_eq!(entries[0]["device_id"], phone["device_id"]);
    // A device whose bundle is brought was not seen itself.
    let seen = || {
        let devices = admin.get(&format!("/v1/devices?user_id={author}")).ok();
        devices["devices"][0]["last_seen_at"].clone()
    };
    let before = seen();
    assert!(before.is_string());
    world.clock.set(api_support::NOW.plus_millis(300_000));
    let later = stranger.send("POST", "/v1/carry", CARRY, &bundle);
    assert_eq!((later.status, seen()), (200, before));

    let revoke = format!(
        "/v1/devices/{}/revoke",
        phone["device_id"].as_str().unwrap()
    );
    admin.post(&revoke, &json!({ "wipe": false })).ok();
    let refused = stranger.send("POST", "/v1/carry", CARRY, &bundle);
    refused.refused(422, "carry_author_revoked");
    // The carrier itself is not meant.
    stranger.get("/v1/me").ok();
}

#[test]
fn a_stick_is_imported_while_the_server_is_stopped() {
    let mut world = World::new();
    let admin = world.admin();
    world.areas(&admin);
    let (author, _) = world.person(&admin, "author", "worker", "c-a");
    let phone = world.phone(&admin, &author, 1).ok();
    let record = RecordId::from_parts(api_support::NOW, [9; 10]);
    let parcel = Parcel::new(&phone, 1, record);
    let home = tempfile::tempdir().unwrap();
    let (file, back) = (home.path().join("bundle"), home.path().join("receipt"));
    std::fs::write(&file, parcel.sealed()).unwrap();
    let run = |args: &[&str]| import(world.dir.path(), &file, args);
    let (done, _, said) = run(&[]);
    assert!(!done && said.contains("a running server"), "{said}");

    let server = world.server.take().unwrap();
    world.runtime.block_on(server.stop());
    world.node.shutdown();
    world.node = {
        // The lock goes with the node; another directory takes its place here.
        let other = home.path().join("other");
        gridfold_server::node::Node::create(
            &other,
            api_support::config(),
            std::sync::Arc::clone(&world.clock) as _,
        )
        .unwrap()
    };
    let run = |args: &[&str]| import(world.dir.path(), &file, args);
    let to = ["--receipt", back.to_str().unwrap()];
    // Blocking work of the stopped server may hold the lock a moment longer.
    let (done, said, complaint) = (0..1_000)
        .map(|_| run(&to))
        .find(|(done, _, complaint)| *done || !complaint.contains("a running server"))
        .unwrap();
    assert!(done, "{complaint}");
    assert!(
        said.contains("1 entries added") && said.contains("receipt is in"),
        "{said}"
    );
    let kept = receipt(&std::fs::read(&back).unwrap());
    assert!(kept.verify(&parcel.server));
    assert_eq!((kept.device, kept.logs[0].seq), (parcel.body.author, 1));
    let (done, _, complaint) = run(&to);
    assert!(!done && complaint.contains("exists already"), "{complaint}");
    let (done, said, _) = run(&["--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(done);
    assert_eq!((&said["added"], &said["refused"]), (&json!(0), &json!(0)));
    std::fs::write(&file, b"no bundle").unwrap();
    let (done, _, complaint) = run(&[]);
    assert!(
        !done && complaint.contains("no carry bundle"),
        "{complaint}"
    );
}
