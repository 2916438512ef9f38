//! Accounts, passwords and the delays after failures.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::auth_support::{ADMIN, HOME, MINUTE_MS, NOW_MS, USER, World};
use gridfold_server::auth::{
    AccountError, Accounts, AuthStore, HashCaller, Hasher, KNOWN_BROWSER_MS, MAX_CONCURRENT_HASHES,
    MAX_DELAY_MS, MAX_STRANGERS_HASHES, Origin, Password, PasswordError, SignInError,
    check_password, delay_ms,
};
use uuid::Uuid;

const GOOD: &str = "paper lantern over the canal";

fn elsewhere(n: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, n))
}

fn with_account() -> World {
    let world = World::new();
    world
        .accounts
        .create("li.na", USER, &Password::new(GOOD), ADMIN, NOW_MS)
        .unwrap();
    world
}

/// Pretends that failures happened, as many as a stranger would have caused, without hashing for each.
fn fail_times(world: &World, count: u32, until_ms: i64) {
    let sql = world.sql();
    sql.execute(
        "UPDATE failures SET count = ?1, until_ms = ?2",
        (count, until_ms),
    )
    .unwrap();
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let word = match check_password(&Password::new(text), "zhang.wei") {
        Ok(()) => "ok",
        Err(PasswordError::TooShort) => "short",
        Err(PasswordError::TooLong) => "long",
        Err(PasswordError::TooCommon) => "common",
        Err(PasswordError::ContainsLogin) => "login",
        Err(other) => panic!("{other}"),
    };
    assert_eq!(word, expected, "{text}");
}

#[test]
fn passwords_are_judged_by_length_and_by_how_common_they_are() {
    check("elevenchars", "short");
    check("十二个字才行呀真的要够长", "ok");
    check(&"longer words ".repeat(20)[..256], "ok");
    check(&"longer words ".repeat(20)[..257], "long");
    check("correct horse, but mine", "ok");
    check("only lower case letters", "ok");
    check("Zhang.Wei is my name", "login");
    for common in [
        "password12345",
        "P@ssw0rd!2024",
        "qwertyuiop12",
        "123456789012",
        "abcdefghijklm",
        "aaaaaaaaaaaaaaa",
        "abababababab",
        "passwordpassword",
        "WoAiNi520131400",
        "!!!!gridfold2026",
        "correcthorsebatterystaple",
        "135792468013579",
        "nmlkjihgfedcba",
    ] {
        check(common, "common");
    }
}

#[test]
fn the_right_password_signs_in_and_the_answer_to_all_else_is_the_same() {
    let world = with_account();
    let sign_in = |login: &str, text: &str, n| {
        world
            .accounts
            .sign_in(login, &Password::new(text), elsewhere(n), NOW_MS)
    };
    assert_eq!(sign_in(" LI.NA ", GOOD, 1).unwrap().user, USER);
    let wrong = sign_in("li.na", "paper lantern over the river", 2).unwrap_err();
    let unknown = sign_in("wang.wu", GOOD, 3).unwrap_err();
    world
        .devices
        .set_user_blocked(USER, true, ADMIN, NOW_MS)
        .unwrap();
    let blocked = sign_in("li.na", GOOD, 4).unwrap_err();
    for error in [&wrong, &unknown, &blocked] {
        assert!(matches!(error, SignInError::Invalid));
        assert_eq!(error.to_string(), wrong.to_string());
    }
    assert_eq!(
        world
            .audited()
            .iter()
            .filter(|w| *w == "session.refused")
            .count(),
        3
    );
}

#[test]
fn an_unknown_user_takes_as_long_as_a_wrong_password() {
    let world = with_account();
    let time = |login: &str, n| {
        let started = Instant::now();
        let wrong = Password::new("paper lantern over the river");
        world
            .accounts
            .sign_in(login, &wrong, elsewhere(n), NOW_MS)
            .unwrap_err();
        started.elapsed()
    };
    let (known, unknown) = (time("li.na", 1), time("wang.wu", 2));
    // Without the hash of nobody the difference is a hundredfold; a busy machine does not do that.
    assert!(
        unknown > known / 4 && unknown > Duration::from_millis(5),
        "{known:?} {unknown:?}"
    );
}

#[test]
fn a_session_of_a_console_has_a_device_like_any_other() {
    let world = with_account();
    let session = world
        .sign_in_console("li.na", &Password::new(GOOD), HOME, NOW_MS)
        .unwrap();
    let caller = world.authenticate(session.access.expose(), NOW_MS).unwrap();
    assert_eq!((caller.user, caller.device), (USER, session.device_id));
    assert_eq!(
        world
            .devices
            .get(session.device_id)
            .unwrap()
            .unwrap()
            .public_key,
        None
    );
    // A new password ends it.
    let new = Password::new("another lantern, elsewhere");
    world
        .accounts
        .set_password(USER, &new, ADMIN, NOW_MS)
        .unwrap();
    assert!(
        world
            .auth
            .refresh(session.refresh.expose(), session.device_id, None, NOW_MS)
            .is_err()
    );
    assert!(
        world
            .accounts
            .sign_in("li.na", &Password::new(GOOD), HOME, NOW_MS)
            .is_err()
    );
    assert!(world.accounts.sign_in("li.na", &new, HOME, NOW_MS).is_ok());
}

#[test]
fn delays_begin_after_five_failures_and_grow_to_fifteen_minutes() {
    let delays: Vec<i64> = (0..=16).map(|n| delay_ms(n) / 1_000).collect();
    assert_eq!(
        delays,
        [
            0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900
        ]
    );
    assert_eq!(delay_ms(u32::MAX), MAX_DELAY_MS);
}

#[test]
fn a_login_is_one_in_every_width_and_accounts_from_before_still_sign_in() {
    let world = with_account();
    let password = Password::new(GOOD);
    for typed in ["ｌｉ.ｎａ", "ＬＩ．ＮＡ", "\u{3000}Li.Na "] {
        assert_eq!(try_at(&world, typed, GOOD, HOME, NOW_MS).unwrap(), USER);
        let again = world
            .accounts
            .create(typed, Uuid::from_u128(7), &password, ADMIN, NOW_MS);
        assert!(matches!(again, Err(AccountError::Taken)), "{typed}");
    }
    assert!(try_at(&world, "lì.na", GOOD, HOME, NOW_MS).is_err());
    // As builds kept it that folded case alone.
    let sql = world.sql();
    let flags = rusqlite::functions::FunctionFlags::default();
    sql.create_scalar_function("row_sum", -1, flags, |_| Ok(vec![0u8; 32]))
        .unwrap();
    sql.execute("UPDATE accounts SET login = 'ｗａｎｇ'", [])
        .unwrap();
    assert_eq!(
        try_at(&world, "ＷＡＮＧ", GOOD, HOME, NOW_MS).unwrap(),
        USER
    );
}

fn known(world: &World, now_ms: i64) -> Origin {
    let (_, browser) = world
        .sign_in_cookie("li.na", &Password::new(GOOD), HOME, now_ms)
        .unwrap();
    Origin {
        address: HOME,
        browser: world.known_browser(browser.expose(), now_ms),
        session: None,
    }
}

fn try_at(
    world: &World,
    login: &str,
    text: &str,
    from: impl Into<Origin>,
    at_ms: i64,
) -> Result<Uuid, SignInError> {
    let password = Password::new(text);
    let done = world.accounts.sign_in(login, &password, from, at_ms);
    done.map(|signed_in| signed_in.user)
}

const WRONG: &str = "wrong wrong wrong";

#[track_caller]
fn fail_five_times(world: &World, login: &str, from: impl Into<Origin> + Copy, at_ms: i64) {
    for _ in 0..5 {
        let error = try_at(world, login, WRONG, from, at_ms).unwrap_err();
        assert!(
            matches!(error, SignInError::Invalid),
            "the first five are free"
        );
    }
}

#[track_caller]
fn delayed(world: &World, login: &str, from: impl Into<Origin>, at_ms: i64) -> u64 {
    match try_at(world, login, GOOD, from, at_ms) {
        Err(SignInError::Delayed { retry_after_s }) => retry_after_s,
        other => panic!("{other:?}"),
    }
}

#[test]
fn failures_delay_an_account_at_one_address_and_grow() {
    let world = with_account();
    fail_five_times(&world, "li.na", HOME, NOW_MS);
    assert_eq!(delayed(&world, "li.na", HOME, NOW_MS), 2);
    assert_eq!(
        delayed(&world, "li.na", HOME, NOW_MS + 1_999),
        1,
        "being refused adds nothing"
    );
    let error = try_at(&world, "li.na", WRONG, HOME, NOW_MS + 2_000).unwrap_err();
    assert!(matches!(error, SignInError::Invalid), "the delay is over");
    assert_eq!(
        delayed(&world, "li.na", HOME, NOW_MS + 2_000),
        4,
        "and the next is longer"
    );
    // Never a lock: after the longest delay the owner gets in, and the account is clean again.
    fail_times(&world, 1_000, NOW_MS + MAX_DELAY_MS);
    assert_eq!(delayed(&world, "li.na", HOME, NOW_MS), 900);
    let at_ms = NOW_MS + MAX_DELAY_MS;
    assert_eq!(try_at(&world, "li.na", GOOD, HOME, at_ms).unwrap(), USER);
    let error = try_at(&world, "li.na", WRONG, HOME, at_ms).unwrap_err();
    assert!(matches!(error, SignInError::Invalid), "clean again");
    // A clock set back does not lock anyone out for the difference.
    fail_times(&world, 3, NOW_MS + 100 * MAX_DELAY_MS);
    assert!(try_at(&world, "li.na", GOOD, HOME, NOW_MS + MINUTE_MS).is_ok());
}

#[test]
fn strangers_who_know_a_login_keep_nobody_out() {
    let world = with_account();
    for n in 1..=2 {
        fail_five_times(&world, "li.na", elsewhere(n), NOW_MS);
        assert_eq!(delayed(&world, "li.na", elsewhere(n), NOW_MS), 2);
    }
    assert_eq!(try_at(&world, "li.na", GOOD, HOME, NOW_MS).unwrap(), USER);
    // Nor does somebody at the same address who fails under other names.
    for n in 0..6 {
        let nobody = format!("nobody-{n}");
        try_at(&world, &nobody, WRONG, HOME, NOW_MS).unwrap_err();
    }
    assert_eq!(try_at(&world, "li.na", GOOD, HOME, NOW_MS).unwrap(), USER);
}

#[test]
fn a_browser_that_is_known_is_not_held_back_by_its_own_address() {
    let world = with_account();
    let browser = known(&world, NOW_MS);
    assert!(browser.browser.is_some());
    fail_five_times(&world, "li.na", HOME, NOW_MS);
    assert_eq!(delayed(&world, "li.na", HOME, NOW_MS), 2);
    assert_eq!(
        try_at(&world, "li.na", GOOD, browser, NOW_MS).unwrap(),
        USER
    );
    // It is no way to guess: it is counted by itself.
    fail_five_times(&world, "li.na", browser, NOW_MS);
    assert_eq!(delayed(&world, "li.na", browser, NOW_MS), 2);
}

#[test]
fn what_a_browser_is_known_by_ends_with_the_password_and_with_time_and_is_of_one_account() {
    let world = with_account();
    let other = Uuid::from_u128(77);
    world
        .accounts
        .create("wang.wu", other, &Password::new(GOOD), ADMIN, NOW_MS)
        .unwrap();
    let browser = known(&world, NOW_MS);
    fail_five_times(&world, "wang.wu", HOME, NOW_MS);
    assert_eq!(delayed(&world, "wang.wu", browser, NOW_MS), 2, "of another");
    world
        .accounts
        .set_password(USER, &Password::new(GOOD), ADMIN, NOW_MS + 1)
        .unwrap();
    fail_five_times(&world, "li.na", HOME, NOW_MS);
    assert_eq!(delayed(&world, "li.na", browser, NOW_MS), 2, "of before");
    let (_, text) = world
        .sign_in_cookie("li.na", &Password::new(GOOD), elsewhere(1), NOW_MS)
        .unwrap();
    let at = |ms: i64| world.known_browser(text.expose(), ms).is_some();
    assert!(at(NOW_MS + KNOWN_BROWSER_MS - 1) && !at(NOW_MS + KNOWN_BROWSER_MS));
    // Every changed letter makes it nobody's.
    for place in 0..text.expose().len() {
        let mut forged = text.expose().as_bytes().to_vec();
        forged[place] = if forged[place] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        assert_eq!(world.known_browser(&forged, NOW_MS), None, "{place}");
    }
}

#[test]
fn past_four_hashes_at_once_callers_are_told_to_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(AuthStore::open(&dir.path().join("auth.db")).unwrap());
    let hasher = Arc::new(Hasher::waiting(Duration::from_millis(1)));
    let accounts = Accounts::new(store, Arc::clone(&hasher));
    let mut permits: Vec<_> = (0..MAX_CONCURRENT_HASHES)
        .map(|_| hasher.permit().unwrap())
        .collect();
    for _ in 0..10 {
        let error = accounts
            .sign_in("nobody", &Password::new(GOOD), HOME, NOW_MS)
            .unwrap_err();
        assert!(matches!(error, SignInError::Busy));
    }
    permits.pop();
    let error = accounts
        .sign_in("nobody", &Password::new(GOOD), HOME, NOW_MS)
        .unwrap_err();
    assert!(
        matches!(error, SignInError::Invalid),
        "and being busy is not counted as failure"
    );
}

#[test]
fn strangers_leave_a_hash_for_people_who_are_known() {
    let hasher = Hasher::waiting(Duration::from_millis(1));
    let strangers: Vec<_> = (0..MAX_STRANGERS_HASHES)
        .map(|_| hasher.permit_for(HashCaller::Stranger).unwrap())
        .collect();
    assert!(hasher.permit_for(HashCaller::Stranger).is_err());
    assert!(hasher.permit_for(HashCaller::Known).is_ok());
    // Whoever waits gets the first place that comes free.
    let hasher = Hasher::waiting(Duration::from_secs(60));
    let first: Vec<_> = (0..MAX_CONCURRENT_HASHES)
        .map(|_| hasher.permit().unwrap())
        .collect();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| hasher.permit_for(HashCaller::Known).is_ok());
        drop(first);
        assert!(waiting.join().unwrap());
    });
    drop(strangers);
}

#[test]
fn logins_are_unique_and_well_formed() {
    let world = with_account();
    let create = |login: &str, user| {
        world
            .accounts
            .create(login, user, &Password::new(GOOD), ADMIN, NOW_MS)
    };
    let other = Uuid::from_u128(77);
    assert!(matches!(create("Li.Na", other), Err(AccountError::Taken)));
    assert!(matches!(create("second", USER), Err(AccountError::Taken)));
    for bad in ["", "  ", "two words", "tab\tbed", &"x".repeat(129)] {
        assert!(
            matches!(create(bad, other), Err(AccountError::BadLogin)),
            "{bad}"
        );
    }
    let missing = world
        .accounts
        .set_password(other, &Password::new(GOOD), ADMIN, NOW_MS);
    assert!(matches!(missing, Err(AccountError::NoAccount)));
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let world = World::new();
    let token = world.refresh.start(USER, USER, NOW_MS).unwrap();
    let shown = format!("{:?} {token:?} {:?}", Password::new(GOOD), world.auth);
    assert!(!shown.contains(GOOD) && !shown.contains(token.expose()));
}
