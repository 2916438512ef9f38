//! What a phone owes a restored server: how it finds the place that both hold.

use gridfold_sync_core::session::Debt;

fn find(mut debt: Debt, common: u64) -> (u64, u32) {
    let mut asked = 0;
    while debt.common().is_none() {
        asked += 1;
        debt.answered(debt.probe() <= common);
    }
    (debt.common().unwrap_or_default(), asked)
}

#[test]
fn the_common_place_is_found_in_few_questions() {
    for here in [1, 2, 3, 7, 100, 4_095, 100_000] {
        for common in [0, 1, here / 3, here / 2, here - 1, here] {
            let (found, asked) = find(Debt::whole(here), common);
            assert_eq!(found, common, "of {here}");
            assert!(
                asked <= 2 * (64 - (here - common).leading_zeros()) + 2,
                "{here} {common}: {asked}"
            );
        }
    }
    assert_eq!(find(Debt::whole(9).parted_before(5), 4).0, 4);
    assert_eq!(find(Debt::whole(9).parted_before(5), 0).0, 0);
}

#[test]
fn what_follows_a_run_is_asked_about_anew() {
    let mut debt = Debt::after(3);
    debt.gave(10);
    assert_eq!((debt.probe(), debt.given()), (10, 10));
    let mut apart = debt.clone();
    debt.answered(true);
    assert_eq!(debt.common(), Some(10));
    apart.answered(false);
    assert_eq!(find(apart, 3).0, 3);
    // A server that went back again in the same epoch.
    debt.answered(false);
    assert_eq!(find(debt, 2).0, 2);
}
