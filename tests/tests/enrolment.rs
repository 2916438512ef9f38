//! New codes on phones that were enrolled before, against the real server: nothing that waits is
//! lost, and nobody sees what is another's.

use crate::town::{Town, note, visit};
use gridfold_client::{Client, ClientError, Identity, SyncOptions, UreqTransport};
use gridfold_server::auth::{Actor, DeviceAccess};
use gridfold_server::clock::Clock as _;
use gridfold_sync_core::ids::UserId;
use gridfold_sync_core::schema::Role;

const DAY_MS: i64 = 86_400_000;

fn invite(town: &Town, user: UserId) -> String {
    let now = town.clock.now().millis();
    let made = town.node.auth.enrolment.invite(user.0, Actor::SERVER, now);
    made.unwrap().code.text().to_string()
}

fn enrol(town: &Town, phone: &Client, user: UserId) -> Result<Identity, ClientError> {
    phone.enrol(&UreqTransport::new(&town.url), &invite(town, user))
}

fn try_sync(town: &Town, phone: &Client) -> Option<ClientError> {
    let transport = UreqTransport::new(&town.url);
    phone.sync(&transport, &SyncOptions::default()).err()
}

#[test]
fn after_idle_weeks_or_a_mistaken_revocation_a_new_code_sends_all_that_waits() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::new(&dir.path().join("server"));
    let user = town.person(1, Role::Worker, "g1");
    let phone = town.phone(&dir.path().join("phone"), user);
    let before = phone.identity().unwrap();
    let old = visit(&phone, "g1");
    town.sync(&phone);
    let ends: [(&str, &dyn Fn()); 3] = [
        ("idle", &|| {
            town.clock.set(town.clock.now().plus_millis(40 * DAY_MS));
        }),
        ("revoked", &|| {
            let (state, device) = (DeviceAccess::Revoked, before.device.0);
            let now = town.clock.now().millis();
            let devices = &town.node.auth.devices;
            assert!(
                devices
                    .set_state(device, state, Actor::SERVER, now)
                    .unwrap()
            );
        }),
        ("not at all", &|| {}),
    ];
    for (n, (why, end)) in ends.into_iter().enumerate() {
        let new: Vec<_> = (0..3).map(|_| visit(&phone, "g1")).collect();
        phone.edit(old, note(why)).unwrap();
        let waiting = phone.status().pending;
        end();
        assert_eq!(try_sync(&town, &phone).is_some(), n < 2, "{why}");
        if n == 2 {
            visit(&phone, "g1");
        }
        assert_eq!(enrol(&town, &phone, user), Ok(before.clone()), "{why}");
        let report = town.sync(&phone);
        assert_eq!(report.refused, 0, "{why}: {:?}", phone.refused());
        assert_eq!(report.admitted, if n == 2 { 1 } else { waiting }, "{why}");
        assert_eq!(phone.status().pending, 0, "{why}");
        let admin = town.token("admin");
        for record in new.into_iter().chain([old]) {
            let (status, _) = town.call(&format!("/v1/records/{record}"), Some(&admin), None);
            assert_eq!(status, 200, "{why}");
        }
    }
    assert_eq!(town.node.auth.devices.of_user(user.0).unwrap().len(), 1);
}

#[test]
fn a_phone_that_is_handed_on_shows_nothing_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let town = Town::new(&dir.path().join("server"));
    let first = town.person(1, Role::Worker, "g1");
    let second = town.person(2, Role::Worker, "g2");
    let phone = town.phone(&dir.path().join("phone"), first);
    let sent = visit(&phone, "g1");
    town.sync(&phone);
    let waiting = visit(&phone, "g1");
    let code = invite(&town, second);
    let transport = UreqTransport::new(&town.url);
    let refused = phone.enrol(&transport, &code).unwrap_err();
    assert_eq!(refused.code(), "anothers_phone");
    assert!(phone.get(sent).is_some() && phone.get(waiting).is_some());
    town.sync(&phone);
    // The code is as good as it was.
    assert_eq!(phone.enrol(&transport, &code).unwrap().user, second);
    assert!(phone.records().is_empty());
    let own = visit(&phone, "g2");
    assert_eq!(town.sync(&phone).refused, 0);
    assert_eq!(phone.records(), [own]);
    let admin = town.token("admin");
    for record in [sent, waiting, own] {
        let (status, _) = town.call(&format!("/v1/records/{record}"), Some(&admin), None);
        assert_eq!(status, 200);
    }
}
