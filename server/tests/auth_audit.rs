//! The audit: its chain, its signed heads, and its place in the transaction of what it records.

use crate::auth_support::{ADMIN, NOW_MS, USER, World};
use gridfold_server::auth::{AuditError, AuditEvent, AuditScope, SCOPE_MAX_BYTES};

fn world(rows: i64) -> World {
    let world = World::new();
    for n in 0..rows {
        let event = AuditEvent {
            at_ms: NOW_MS + n,
            who: ADMIN,
            what: "export.download",
            scope: AuditScope::of("user", USER).and("area", "3301"),
        };
        world.audit.record(&event).unwrap();
    }
    world
}

/// What somebody with the file and without scruples can do.
fn tamper(world: &World, sql: &str) {
    let conn = world.sql();
    conn.execute_batch("DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_cut;")
        .unwrap();
    assert!(conn.execute(sql, []).unwrap() > 0, "the tampering happened");
}

#[track_caller]
fn check_broken(sql: &str, row: u64) {
    let world = world(5);
    tamper(&world, sql);
    let error = world.audit.verify(None).unwrap_err();
    assert!(
        matches!(error, AuditError::Broken(at) if at == row),
        "{error}"
    );
}

#[test]
fn rows_are_kept_in_order_and_verify() {
    let world = world(258);
    assert_eq!(world.audit.verify(None).unwrap(), 258);
    let page = world.audit.page(256, 10).unwrap();
    assert_eq!(page.iter().map(|r| r.seq).collect::<Vec<_>>(), [257, 258]);
    assert_eq!(page[0].who, ADMIN);
    assert_eq!(page[0].scope, format!("user:{USER} area:3301"));
}

#[test]
fn every_change_of_a_row_is_noticed_where_it_happened() {
    check_broken("UPDATE audit SET what = 'nothing' WHERE seq = 3", 3);
    check_broken("UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 1", 1);
    check_broken("UPDATE audit SET scope = '' WHERE seq = 5", 5);
    check_broken("UPDATE audit SET who = device WHERE seq = 2", 2);
    check_broken("UPDATE audit SET device = who WHERE seq = 2", 2);
    check_broken("UPDATE audit SET hash = zeroblob(32) WHERE seq = 4", 4);
    check_broken("DELETE FROM audit WHERE seq = 3", 3);
    check_broken("DELETE FROM audit WHERE seq = 1", 1);
}

#[test]
fn a_cut_tail_is_noticed_by_a_head_signed_before() {
    let world = world(5);
    let public = world.server_key.public();
    let head = world.audit.sign_head(&world.server_key, NOW_MS).unwrap();
    assert_eq!(world.audit.verify(Some((&head, &public))).unwrap(), 5);
    tamper(&world, "DELETE FROM audit WHERE seq > 3");
    assert_eq!(
        world.audit.verify(None).unwrap(),
        3,
        "invisible without the head"
    );
    let error = world.audit.verify(Some((&head, &public))).unwrap_err();
    assert!(matches!(error, AuditError::HeadMissing(5)));
}

#[test]
fn a_head_signed_by_another_key_or_changed_is_refused() {
    let world = world(2);
    let public = world.server_key.public();
    let mut head = world.audit.sign_head(&world.server_key, NOW_MS).unwrap();
    let stranger = World::new().server_key.public();
    let refused = |head: &_, key: &_| {
        let error = world.audit.verify(Some((head, key))).unwrap_err();
        assert!(matches!(error, AuditError::BadSignature));
    };
    refused(&head, &stranger);
    head.at_ms += 1;
    refused(&head, &public);
}

#[test]
fn the_table_itself_refuses_changes() {
    let world = world(2);
    for sql in ["UPDATE audit SET what = 'x'", "DELETE FROM audit"] {
        let error = world.sql().execute(sql, []).unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
}

#[test]
fn what_cannot_be_audited_does_not_happen() {
    let world = World::new();
    let (device, token) = world.console(NOW_MS);
    world
        .sql()
        .execute_batch("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END;")
        .unwrap();
    world
        .devices
        .set_user_blocked(USER, true, ADMIN, NOW_MS)
        .unwrap_err();
    assert!(world.enrolment.invite(USER, ADMIN, NOW_MS).is_err());
    assert!(
        world.refresh.rotate(&token, device, None, NOW_MS).is_ok(),
        "the user was not blocked"
    );
    let codes: i64 = world
        .sql()
        .query_row("SELECT count(*) FROM enrolments", [], |r| r.get(0))
        .unwrap();
    assert_eq!(codes, 0);
}

#[test]
fn a_scope_never_grows_past_its_limit() {
    let scope = (0..1_000).fold(AuditScope::default(), |scope, n| scope.and("record", n));
    assert!(scope.as_str().len() <= SCOPE_MAX_BYTES);
    assert!(scope.as_str().ends_with(|c: char| c.is_ascii_digit()));
}
