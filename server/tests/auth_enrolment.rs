//! Enrolment: codes, proofs, and the device that comes of them.

use crate::auth_support::{ADMIN, MINUTE_MS, NOW_MS, Phone, USER, World};
use gridfold_server::auth::{
    DeviceAccess, EnrolmentError, EnrolmentStatus, Redemption, fingerprint,
};
use uuid::Uuid;

fn invite(world: &World) -> (Uuid, String) {
    let made = world.enrolment.invite(USER, ADMIN, NOW_MS).unwrap();
    assert_eq!(made.expires_ms, NOW_MS + 15 * MINUTE_MS);
    (made.enrolment_id, made.code.text().to_string())
}

#[test]
fn a_phone_with_the_code_becomes_a_device() {
    let world = World::new();
    let (id, code) = invite(&world);
    assert_eq!(
        world.enrolment.status(id, NOW_MS).unwrap(),
        EnrolmentStatus::Waiting
    );
    let phone = Phone::new(1);
    let session = phone.enrol(&world, &code, NOW_MS).unwrap();
    let caller = world.authenticate(session.access.expose(), NOW_MS).unwrap();
    assert_eq!((caller.user, caller.device), (USER, session.device_id));
    assert_eq!(session.device_id.get_version_num(), 7);
    let device = world.devices.get(session.device_id).unwrap().unwrap();
    assert_eq!(device.public_key, Some(phone.public()));
    assert_eq!(device.state, DeviceAccess::Active);
    let seen = EnrolmentStatus::Redeemed {
        device_id: session.device_id,
        fingerprint: fingerprint(&phone.public()),
    };
    assert_eq!(world.enrolment.status(id, NOW_MS).unwrap(), seen);
    assert_eq!(world.audited(), ["enrolment.invite", "enrolment.redeem"]);
}

#[test]
fn the_code_is_readable_and_the_qr_text_carries_it_after_the_last_colon() {
    let world = World::new();
    let made = world.enrolment.invite(USER, ADMIN, NOW_MS).unwrap();
    let text = made.code.text().to_string();
    assert_eq!(text.len(), 26 + 5, "{text}");
    let qr = made.code.qr("https://grid.example:8420").to_string();
    let (front, code) = qr.rsplit_once(':').unwrap();
    assert_eq!(front, "gridfold:1:https://grid.example:8420");
    assert_eq!(code, text.replace('-', ""));
    let typed = text.to_lowercase().replace('-', " ");
    assert!(Phone::new(1).enrol(&world, &typed, NOW_MS).is_ok());
    let print = fingerprint(&Phone::new(1).public());
    assert_eq!(print.len(), 9, "{print}");
    assert_ne!(print, fingerprint(&Phone::new(2).public()));
}

#[test]
fn a_code_expires_after_fifteen_minutes() {
    let world = World::new();
    let (id, code) = invite(&world);
    let nonce = world.enrolment.begin(&code, NOW_MS).unwrap().nonce;
    let end = NOW_MS + 15 * MINUTE_MS;
    let phone = Phone::new(1);
    let error = world
        .enrol(&phone.redemption(&code, &nonce), end)
        .unwrap_err();
    assert!(matches!(error, EnrolmentError::Expired));
    let error = world.enrolment.begin(&code, end).unwrap_err();
    assert!(matches!(error, EnrolmentError::Expired));
    assert_eq!(
        world.enrolment.status(id, end).unwrap(),
        EnrolmentStatus::Expired
    );
    assert!(
        world
            .enrol(&phone.redemption(&code, &nonce), end - 1)
            .is_ok()
    );
}

#[test]
fn a_code_serves_one_phone_only() {
    let world = World::new();
    let (_, code) = invite(&world);
    Phone::new(1).enrol(&world, &code, NOW_MS).unwrap();
    let error = Phone::new(2).enrol(&world, &code, NOW_MS).unwrap_err();
    assert!(matches!(error, EnrolmentError::AlreadyUsed));
    assert_eq!(world.devices.of_user(USER).unwrap().len(), 1);
}

#[test]
fn the_same_phone_may_ask_again_when_the_reply_was_lost() {
    let world = World::new();
    let (_, code) = invite(&world);
    let phone = Phone::new(1);
    let lost = phone.enrol(&world, &code, NOW_MS).unwrap();
    let again = phone.enrol(&world, &code, NOW_MS).unwrap();
    assert_eq!(lost.device_id, again.device_id);
    assert_eq!(world.devices.of_user(USER).unwrap().len(), 1);
    let use_it = |token: &str| {
        let proof = phone.proof(token);
        world
            .refresh
            .rotate(token, again.device_id, Some(&proof), NOW_MS)
            .is_ok()
    };
    assert!(!use_it(lost.refresh.expose()), "the lost session has ended");
    assert!(use_it(again.refresh.expose()));
    world
        .devices
        .set_state(again.device_id, DeviceAccess::Revoked, ADMIN, NOW_MS)
        .unwrap();
    let error = phone.enrol(&world, &code, NOW_MS).unwrap_err();
    assert!(
        matches!(error, EnrolmentError::AlreadyUsed),
        "not a way back in"
    );
}

#[test]
fn a_bad_proof_is_refused_whatever_is_bad_about_it() {
    let world = World::new();
    let (phone, other) = (Phone::new(1), Phone::new(2));
    let check = |change: &dyn Fn(&mut Redemption<'_>)| {
        let (_, code) = invite(&world);
        let nonce = world.enrolment.begin(&code, NOW_MS).unwrap().nonce;
        let mut given = phone.redemption(&code, &nonce);
        change(&mut given);
        let error = world.enrol(&given, NOW_MS).unwrap_err();
        assert!(matches!(error, EnrolmentError::BadProof), "{error}");
    };
    check(&|given| given.proof[0] ^= 1);
    check(&|given| given.public_key = other.public());
    check(&|given| given.proof = phone.redemption(given.code, &[0; 32]).proof);
    let mut weak = [0; 32];
    weak[0] = 1;
    check(&|given| given.public_key = weak);
    // A proof for another code, and one for a nonce that was never asked for.
    let (_, first) = invite(&world);
    check(&|given| given.proof = phone.redemption(&first, &[0; 32]).proof);
    let error = world
        .enrol(&phone.redemption(&first, &[0; 32]), NOW_MS)
        .unwrap_err();
    assert!(matches!(error, EnrolmentError::BadProof));
    assert!(world.devices.of_user(USER).unwrap().is_empty());
}

#[test]
fn five_failed_proofs_kill_a_code() {
    let world = World::new();
    let (id, code) = invite(&world);
    let phone = Phone::new(1);
    let nonce = world.enrolment.begin(&code, NOW_MS).unwrap().nonce;
    let bad = phone.redemption(&code, &[0; 32]);
    for _ in 0..5 {
        assert_eq!(
            world.enrolment.status(id, NOW_MS).unwrap(),
            EnrolmentStatus::Waiting
        );
        assert!(matches!(
            world.enrol(&bad, NOW_MS),
            Err(EnrolmentError::BadProof)
        ));
    }
    let error = world
        .enrol(&phone.redemption(&code, &nonce), NOW_MS)
        .unwrap_err();
    assert!(matches!(error, EnrolmentError::TooManyTries));
    assert_eq!(
        world.enrolment.status(id, NOW_MS).unwrap(),
        EnrolmentStatus::Dead
    );
}

#[test]
fn wrong_codes_delay_nobody_who_has_a_right_one() {
    let world = World::new();
    let (_, code) = invite(&world);
    for n in 0..20 {
        let wrong = format!("00000-00000-00000-00000-00000-{}", n % 10);
        let error = world.enrolment.begin(&wrong, NOW_MS).unwrap_err();
        assert!(matches!(error, EnrolmentError::Invalid), "{error}");
        assert_eq!(world.enrolment.of_code(&wrong).unwrap(), None);
    }
    assert!(world.enrolment.begin(&code, NOW_MS).is_ok());
    assert!(world.enrolment.of_code(&code).unwrap().is_some());
}

#[test]
fn a_worker_has_no_more_devices_than_allowed() {
    let world = World::new();
    let mut devices = Vec::new();
    for seed in 1..=3 {
        world.console(NOW_MS);
        let (_, code) = invite(&world);
        devices.push(
            Phone::new(seed)
                .enrol(&world, &code, NOW_MS)
                .unwrap()
                .device_id,
        );
    }
    let (_, code) = invite(&world);
    let fourth = Phone::new(4);
    let error = fourth.enrol(&world, &code, NOW_MS).unwrap_err();
    assert!(matches!(error, EnrolmentError::TooManyDevices { limit: 3 }));
    world
        .devices
        .set_state(devices[0], DeviceAccess::Revoked, ADMIN, NOW_MS)
        .unwrap();
    assert!(
        fourth.enrol(&world, &code, NOW_MS).is_ok(),
        "the code was not spent"
    );
}

#[test]
fn withdrawn_codes_and_blocked_users_are_refused() {
    let world = World::new();
    let (id, code) = invite(&world);
    world.enrolment.withdraw(id, ADMIN, NOW_MS).unwrap();
    let error = Phone::new(1).enrol(&world, &code, NOW_MS).unwrap_err();
    assert!(matches!(error, EnrolmentError::Invalid));
    assert_eq!(
        world.enrolment.status(id, NOW_MS).unwrap(),
        EnrolmentStatus::Dead
    );
    let (_, code) = invite(&world);
    world
        .devices
        .set_user_blocked(USER, true, ADMIN, NOW_MS)
        .unwrap();
    let error = Phone::new(1).enrol(&world, &code, NOW_MS).unwrap_err();
    assert!(matches!(error, EnrolmentError::UserBlocked));
}

#[test]
fn a_phone_is_one_device_however_many_codes_it_is_given() {
    let world = World::new();
    let phone = Phone::new(1);
    let (_, code) = invite(&world);
    let first = phone.enrol(&world, &code, NOW_MS).unwrap();
    for _ in 0..4 {
        let (_, code) = invite(&world);
        let again = phone.enrol(&world, &code, NOW_MS).unwrap();
        assert_eq!(again.device_id, first.device_id);
        assert!(world.authenticate(again.access.expose(), NOW_MS).is_ok());
    }
    assert_eq!(world.devices.of_user(USER).unwrap().len(), 1);
    let ended = world
        .refresh
        .rotate(first.refresh.expose(), first.device_id, None, NOW_MS);
    assert!(ended.is_err(), "the session before has ended");
    // So two more phones find room, and no third.
    for (seed, fits) in [(2, true), (3, true), (4, false)] {
        let (_, code) = invite(&world);
        assert_eq!(Phone::new(seed).enrol(&world, &code, NOW_MS).is_ok(), fits);
    }
}

#[test]
fn a_phone_that_was_revoked_is_let_in_again_by_a_new_code_and_none_that_was_wiped() {
    let world = World::new();
    let phone = Phone::new(1);
    let (_, code) = invite(&world);
    let first = phone.enrol(&world, &code, NOW_MS).unwrap();
    let set = |state| {
        world
            .devices
            .set_state(first.device_id, state, ADMIN, NOW_MS)
            .unwrap()
    };
    let state = || world.devices.get(first.device_id).unwrap().unwrap().state;
    set(DeviceAccess::Revoked);
    assert!(world.authenticate(first.access.expose(), NOW_MS).is_err());
    let (_, code) = invite(&world);
    let again = phone.enrol(&world, &code, NOW_MS).unwrap();
    assert_eq!(
        (again.device_id, state()),
        (first.device_id, DeviceAccess::Active)
    );
    assert!(world.authenticate(again.access.expose(), NOW_MS).is_ok());
    let audited = world.audited();
    assert_eq!(
        audited[audited.len() - 2..],
        ["device.reactivate", "enrolment.redeem"]
    );
    // While it was out, others took its place.
    set(DeviceAccess::Revoked);
    for seed in 2..=4 {
        let (_, code) = invite(&world);
        Phone::new(seed).enrol(&world, &code, NOW_MS).unwrap();
    }
    let (_, code) = invite(&world);
    let full = phone.enrol(&world, &code, NOW_MS).unwrap_err();
    assert!(matches!(full, EnrolmentError::TooManyDevices { limit: 3 }));
    set(DeviceAccess::Wiped);
    let wiped = phone.enrol(&world, &code, NOW_MS).unwrap_err();
    assert!(matches!(wiped, EnrolmentError::Wipe(device) if device == first.device_id));
    assert_eq!(state(), DeviceAccess::Wiped);
}

#[test]
fn a_phone_is_not_taken_over_by_another_users_code() {
    let world = World::new();
    let phone = Phone::new(1);
    let (_, code) = invite(&world);
    let first = phone.enrol(&world, &code, NOW_MS).unwrap();
    let other = Uuid::from_u128(77);
    let made = world.enrolment.invite(other, ADMIN, NOW_MS).unwrap();
    let code = made.code.text().to_string();
    assert_eq!(world.enrolment.begin(&code, NOW_MS).unwrap().user_id, other);
    for state in [DeviceAccess::Active, DeviceAccess::Revoked] {
        world
            .devices
            .set_state(first.device_id, state, ADMIN, NOW_MS)
            .unwrap();
        let refused = phone.enrol(&world, &code, NOW_MS).unwrap_err();
        assert!(matches!(refused, EnrolmentError::AnothersPhone));
    }
    assert!(world.devices.of_user(other).unwrap().is_empty());
    let fresh = Phone::new(2).enrol(&world, &code, NOW_MS);
    assert!(fresh.is_ok(), "the code was not spent");
}
