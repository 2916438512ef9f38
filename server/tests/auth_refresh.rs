//! Refresh tokens: rotation, lost replies, theft, and the ends of families.

use crate::auth_support::{ADMIN, DAY_MS, MINUTE_MS, NOW_MS, Phone, USER, World};
use gridfold_server::auth::{
    DeviceAccess, DeviceStanding, FamilyRevoked, REFRESH_GRACE_MS, RefreshError,
};
use uuid::Uuid;

fn rotate(world: &World, token: &str, device: Uuid, now_ms: i64) -> Result<String, RefreshError> {
    let rotated = world.refresh.rotate(token, device, None, now_ms)?;
    assert_eq!(rotated.user_id, USER);
    Ok(rotated.token.expose().to_owned())
}

#[test]
fn a_token_is_rotated_on_use() {
    let world = World::new();
    let (device, first) = world.console(NOW_MS);
    let second = rotate(&world, &first, device, NOW_MS).unwrap();
    let third = rotate(&world, &second, device, NOW_MS).unwrap();
    assert!(first != second && second != third);
    let session = world.auth.refresh(&third, device, None, NOW_MS).unwrap();
    let caller = world.authenticate(session.access.expose(), NOW_MS).unwrap();
    assert_eq!((caller.user, caller.device), (USER, device));
}

#[test]
fn a_lost_reply_costs_nothing_however_often_it_is_lost() {
    let world = World::new();
    let (device, first) = world.console(NOW_MS);
    for _ in 0..5 {
        rotate(&world, &first, device, NOW_MS).unwrap();
    }
    let arrived = rotate(&world, &first, device, NOW_MS).unwrap();
    let next = rotate(&world, &arrived, device, NOW_MS).unwrap();
    rotate(&world, &next, device, NOW_MS).unwrap();
    assert!(!world.audited().contains(&"refresh.reuse".to_owned()));
}

#[test]
fn an_older_token_revokes_the_family_and_is_reported() {
    let world = World::new();
    let (device, first) = world.console(NOW_MS);
    let second = rotate(&world, &first, device, NOW_MS).unwrap();
    let third = rotate(&world, &second, device, NOW_MS).unwrap();
    let at_ms = NOW_MS + MINUTE_MS;
    let error = rotate(&world, &first, device, at_ms).unwrap_err();
    let expected = FamilyRevoked {
        user_id: USER,
        device_id: device,
        at_ms,
    };
    assert!(matches!(error, RefreshError::Reused(event) if event == expected));
    assert_eq!(world.audited().last().unwrap(), "refresh.reuse");
    for token in [&first, &second, &third] {
        let error = rotate(&world, token, device, at_ms).unwrap_err();
        assert!(
            matches!(error, RefreshError::Invalid),
            "the family has ended"
        );
    }
    let reported = world
        .audited()
        .iter()
        .filter(|w| *w == "refresh.reuse")
        .count();
    assert_eq!(reported, 1);
    let other = world.refresh.start(USER, device, at_ms).unwrap();
    assert!(
        rotate(&world, other.expose(), device, at_ms).is_ok(),
        "other families live on"
    );
}

#[test]
fn a_sibling_of_a_token_that_was_used_is_a_copy_after_a_grace() {
    let world = World::new();
    let (device, first) = world.console(NOW_MS);
    let stolen = rotate(&world, &first, device, NOW_MS).unwrap();
    let honest = rotate(&world, &first, device, NOW_MS).unwrap();
    rotate(&world, &honest, device, NOW_MS).unwrap();
    let late = NOW_MS + REFRESH_GRACE_MS;
    let error = rotate(&world, &stolen, device, late).unwrap_err();
    assert!(matches!(error, RefreshError::Reused(_)));
    // Whoever is the first: the copies part at the next exchange.
    let (device, first) = world.console(NOW_MS);
    let honest = rotate(&world, &first, device, NOW_MS).unwrap();
    let stolen = rotate(&world, &first, device, NOW_MS).unwrap();
    rotate(&world, &stolen, device, NOW_MS).unwrap();
    let error = rotate(&world, &honest, device, late).unwrap_err();
    assert!(matches!(error, RefreshError::Reused(_)));
}

#[test]
fn two_exchanges_at_once_both_go_on() {
    let world = World::new();
    let (device, first) = world.console(NOW_MS);
    let at_once: Vec<_> = (0..8)
        .map(|_| rotate(&world, &first, device, NOW_MS).unwrap())
        .collect();
    // Whichever is kept is good, however much later.
    let later = NOW_MS + DAY_MS;
    let mut next = Vec::new();
    for (n, token) in at_once.iter().enumerate() {
        let at_ms = later + i64::try_from(n).unwrap();
        next.push(rotate(&world, token, device, at_ms).unwrap());
    }
    for token in &next {
        assert!(rotate(&world, token, device, later + 100).is_ok());
    }
    assert_eq!(world.audited(), ["session.start"]);
}

#[test]
fn a_copy_of_a_request_that_comes_late_ends_nothing() {
    let world = World::new();
    let (device, mut token) = world.console(NOW_MS);
    for day in 1..40 {
        let at_ms = NOW_MS + day * DAY_MS;
        let kept = rotate(&world, &token, device, at_ms).unwrap();
        // Hours later, and its answer goes nowhere.
        for copy in 1..=8 {
            rotate(&world, &token, device, at_ms + copy * MINUTE_MS).unwrap();
        }
        token = kept;
    }
    assert_eq!(world.audited(), ["session.start"]);
    for _ in 0..100 {
        rotate(&world, &token, device, NOW_MS + 40 * DAY_MS).unwrap();
    }
    let rows = "SELECT count(*) FROM refresh_siblings";
    let kept: i64 = world.sql().query_row(rows, [], |r| r.get(0)).unwrap();
    assert!(kept <= 16, "{kept}");
}

#[test]
fn signing_out_with_the_token_before_ends_the_family() {
    let world = World::new();
    let (device, first) = world.console(NOW_MS);
    let lost = rotate(&world, &first, device, NOW_MS).unwrap();
    world.refresh.end(&first, NOW_MS).unwrap();
    assert!(rotate(&world, &lost, device, NOW_MS).is_err());
}

#[test]
fn idle_and_absolute_ends_are_kept() {
    let world = World::new();
    let (device, token) = world.console(NOW_MS);
    let just_before = NOW_MS + 30 * DAY_MS - 1;
    let mut token = rotate(&world, &token, device, just_before).unwrap();
    let error = rotate(&world, &token, device, just_before + 30 * DAY_MS).unwrap_err();
    assert!(matches!(error, RefreshError::Expired), "idle");
    for day in [50, 70, 89] {
        token = rotate(&world, &token, device, NOW_MS + day * DAY_MS).unwrap();
    }
    let error = rotate(&world, &token, device, NOW_MS + 90 * DAY_MS).unwrap_err();
    assert!(
        matches!(error, RefreshError::Expired),
        "absolute, however active"
    );
}

#[test]
fn another_device_ends_the_family() {
    let world = World::new();
    let (device, token) = world.console(NOW_MS);
    let (other, _) = world.console(NOW_MS);
    let error = rotate(&world, &token, other, NOW_MS).unwrap_err();
    assert!(matches!(error, RefreshError::WrongDevice(_)));
    assert_eq!(world.audited().last().unwrap(), "refresh.wrong-device");
    assert!(matches!(
        rotate(&world, &token, device, NOW_MS),
        Err(RefreshError::Invalid)
    ));
}

#[test]
fn a_proof_that_a_phone_sends_must_be_its_keys_over_this_very_token() {
    let world = World::new();
    let code = world
        .enrolment
        .invite(USER, ADMIN, NOW_MS)
        .unwrap()
        .code
        .text();
    let phone = Phone::new(1);
    let session = phone.enrol(&world, &code, NOW_MS).unwrap();
    let (token, device) = (session.refresh.expose(), session.device_id);
    let refused = |proof: Option<&[u8; 64]>| {
        let error = world
            .refresh
            .rotate(token, device, proof, NOW_MS)
            .unwrap_err();
        assert!(matches!(error, RefreshError::BadProof));
    };
    refused(Some(&Phone::new(2).proof(token)));
    refused(Some(&phone.proof("another token")));
    let next = world
        .refresh
        .rotate(token, device, Some(&phone.proof(token)), NOW_MS);
    assert!(next.is_ok(), "a bad proof ends nothing");
}

#[test]
fn only_hashes_are_stored() {
    let world = World::new();
    let (device, first) = world.console(NOW_MS);
    let second = rotate(&world, &first, device, NOW_MS).unwrap();
    for token in [first, second] {
        use base64::Engine;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(&token)
            .unwrap();
        for entry in std::fs::read_dir(world.dir.path()).unwrap() {
            let file = std::fs::read(entry.unwrap().path()).unwrap();
            for needle in [&bytes[..16], &bytes[16..], token.as_bytes()] {
                assert!(!file.windows(needle.len()).any(|w| w == needle));
            }
        }
    }
}

#[test]
fn malformed_and_unknown_tokens_are_refused() {
    let world = World::new();
    let (device, token) = world.console(NOW_MS);
    let unknown = "A".repeat(64);
    for bad in ["", "x", &token[1..], unknown.as_str(), &format!("{token}A")] {
        assert!(matches!(
            rotate(&world, bad, device, NOW_MS),
            Err(RefreshError::Invalid)
        ));
    }
    assert!(rotate(&world, &token, device, NOW_MS).is_ok());
}

#[test]
fn sign_out_ends_the_family_quietly() {
    let world = World::new();
    let (device, token) = world.console(NOW_MS);
    world.refresh.end(&token, NOW_MS).unwrap();
    assert!(matches!(
        rotate(&world, &token, device, NOW_MS),
        Err(RefreshError::Invalid)
    ));
    assert_eq!(world.audited(), ["session.start", "session.end"]);
}

#[test]
fn revocation_holds_from_the_next_request() {
    let world = World::new();
    let (device, token) = world.console(NOW_MS);
    let access = world.tokens.issue(USER, device, NOW_MS).unwrap();
    assert!(world.authenticate(&access, NOW_MS).is_ok());
    let set = |state| {
        world
            .devices
            .set_state(device, state, ADMIN, NOW_MS)
            .unwrap()
    };
    assert!(set(DeviceAccess::Revoked));
    assert_eq!(
        world.devices.standing(device, NOW_MS).unwrap(),
        DeviceStanding::Revoked
    );
    assert!(world.authenticate(&access, NOW_MS).is_err());
    assert!(matches!(
        rotate(&world, &token, device, NOW_MS),
        Err(RefreshError::DeviceRevoked)
    ));
    assert!(set(DeviceAccess::Active));
    assert!(world.authenticate(&access, NOW_MS).is_ok());
    assert!(
        matches!(
            rotate(&world, &token, device, NOW_MS),
            Err(RefreshError::Invalid)
        ),
        "sessions stay ended"
    );
    assert!(set(DeviceAccess::Wiped));
    assert!(
        matches!(
            rotate(&world, &token, device, NOW_MS),
            Err(RefreshError::Wipe(_))
        ),
        "told at next contact"
    );
    assert!(!set(DeviceAccess::Active), "a wipe is never taken back");
    assert_eq!(
        world.devices.standing(device, NOW_MS).unwrap(),
        DeviceStanding::Wipe
    );
}

#[test]
fn a_change_by_another_process_holds_within_five_seconds() {
    let world = World::new();
    let (device, _) = world.console(NOW_MS);
    let active = DeviceStanding::Active { user_id: USER };
    assert_eq!(world.devices.standing(device, NOW_MS).unwrap(), active);
    world
        .second()
        .devices
        .set_user_blocked(USER, true, ADMIN, NOW_MS)
        .unwrap();
    let later = world.devices.standing(device, NOW_MS + 5_000).unwrap();
    assert_eq!(later, DeviceStanding::UserBlocked);
    world
        .devices
        .set_user_blocked(USER, false, ADMIN, NOW_MS)
        .unwrap();
    assert_eq!(
        world.devices.standing(device, NOW_MS + 5_000).unwrap(),
        active,
        "and at once in this one"
    );
    let unknown = world
        .devices
        .standing(Uuid::from_u128(404), NOW_MS)
        .unwrap();
    assert_eq!(unknown, DeviceStanding::Unknown);
}

#[test]
fn last_seen_is_kept_to_the_minute() {
    let world = World::new();
    let (device, _) = world.console(NOW_MS);
    let seen = || world.devices.get(device).unwrap().unwrap().last_seen_ms;
    world
        .devices
        .standing(device, NOW_MS + MINUTE_MS - 1)
        .unwrap();
    assert_eq!(seen(), NOW_MS);
    world.devices.standing(device, NOW_MS + MINUTE_MS).unwrap();
    assert_eq!(seen(), NOW_MS + MINUTE_MS);
}
