//! The laws of merging, on random histories of two to four replicas.

use crate::merge_world::{
    Check, Dice, Step, World, causal_order, edit_step, fail, form, law, merged, read, same, steps,
};
use gridfold_sync_core::entry::Entry;
use gridfold_sync_core::merge::{MergeError, fold, follows, newest_of, state_at};
use gridfold_sync_core::view::PartState;
use proptest::prelude::*;

fn run(replicas: u8, steps: &[Step]) -> World {
    let mut world = World::new(replicas);
    for step in steps {
        world.step(step);
    }
    world
}

/// Whatever the order of `add`, every derived change has the same hash, and the row is the same.
fn hashes_do_not_depend_on_the_order(world: &World, dice: &mut Dice) -> Check {
    let first = merged(&world.entries)?;
    let row = read(&first)?;
    let mut orders: Vec<Vec<Entry>> = world.replicas.iter().map(|r| r.held.clone()).collect();
    orders.push(causal_order(&world.entries, dice));
    for order in orders {
        let other = merged(&order)?;
        for entry in &world.entries {
            let id = entry.id();
            if first.change_hash(&id).is_none() || first.change_hash(&id) != other.change_hash(&id)
            {
                return Err(fail(format!("another change was derived from {id}")));
            }
        }
        same("another order of add", &read(&other)?, &row)?;
    }
    Ok(())
}

/// A row that grows by what each entry touched is the row read whole, at every entry.
fn growing_a_row_is_reading_it_whole(world: &World, dice: &mut Dice) -> Check {
    let mut grown = merged(&[])?;
    let mut whole = merged(&[])?;
    let mut row = PartState::new(form());
    for entry in causal_order(&world.entries, dice) {
        row = if follows(&row, &entry) && dice.below(2) == 0 {
            let mut direct = row;
            direct.apply(&entry);
            grown.add(&entry).map_err(|e| fail(e.to_string()))?;
            direct
        } else {
            let grew = grown.add_onto(row, &entry);
            grew.map_err(|e| fail(e.to_string()))?
        };
        whole.add(&entry).map_err(|e| fail(e.to_string()))?;
        same("a row grown by one entry", &row, &read(&whole)?)?;
    }
    Ok(())
}

/// A document in use gives the row at older heads as a fold of just their ancestors does, and
/// knows which heads are the newest; asking leaves it as it was.
fn a_row_at_older_heads_is_what_its_author_saw(world: &World, dice: &mut Dice) -> Check {
    let oops = |e: MergeError| fail(e.to_string());
    let mut merger = merged(&[])?;
    for entry in causal_order(&world.entries, dice) {
        merger.add(&entry).map_err(oops)?;
    }
    let expected = read(&merger)?;
    for (entry, seen) in world.entries.iter().zip(&world.seen) {
        let deps = entry.header.deps();
        if !deps.is_empty() {
            same(
                "a row at older heads",
                &merger.row_at(deps).map_err(oops)?,
                seen,
            )?;
            let mut more: Vec<_> = world
                .entries
                .iter()
                .find(|e| deps.contains(&e.id()))
                .into_iter()
                .flat_map(|e| e.header.deps().iter().copied())
                .chain(deps.iter().copied())
                .collect();
            more.sort_unstable();
            more.dedup();
            prop_assert_eq!(merger.newest_of(&more).map_err(oops)?, deps.to_vec());
            prop_assert_eq!(
                newest_of(&world.entries, &more).map_err(oops)?,
                deps.to_vec()
            );
        }
        if dice.below(world.entries.len()) > 2 {
            continue;
        }
        let after = state_at(&form(), &world.entries, &[entry.id()]).map_err(oops)?;
        let row = merger.row_at(&[entry.id()]).map_err(oops)?;
        same("a row at one entry", &row, &after)?;
    }
    same(
        "the row of a document that was asked",
        &read(&merger)?,
        &expected,
    )
}

fn fold_does_not_depend_on_the_order(world: &World, dice: &mut Dice) -> Check {
    let expected = read(&merged(&world.entries)?)?;
    for round in 0..3 {
        let mut shuffled = world.entries.clone();
        dice.shuffle(&mut shuffled);
        if round == 2 {
            shuffled.extend(world.entries.iter().take(2).cloned());
        }
        let folded = fold(&form(), &shuffled).map_err(|e| fail(e.to_string()))?;
        same("fold of a permutation", &folded, &expected)?;
    }
    for replica in &world.replicas {
        same("the replica's own row", &replica.state, &expected)?;
    }
    Ok(())
}

fn bytes_round_trip(state: &PartState, dice: &mut Dice) -> Check {
    let bytes = state.to_bytes();
    let back = PartState::from_bytes(&bytes).map_err(|e| fail(format!("from_bytes: {e}")))?;
    same("the row read back", &back, state)?;
    for _ in 0..4 {
        let cut = dice.below(bytes.len());
        if PartState::from_bytes(&bytes[..cut]).is_ok() {
            return Err(fail(format!("{cut} of {} bytes were read", bytes.len())));
        }
        let mut mutated = bytes.clone();
        for _ in 0..=dice.below(3) {
            let at = dice.below(mutated.len());
            mutated[at] = dice.next() as u8;
        }
        if let Ok(row) = PartState::from_bytes(&mutated) {
            // What was read is a row like any other: every function of it must stand it.
            let _ = (row.text_bytes(), row.conflicts().count(), row.to_bytes());
        }
    }
    Ok(())
}

/// Cases come in several tests only so that they run beside each other.
fn concurrent_histories(name: &str) {
    let strategy = (2u8..=4, steps(3..22), any::<u64>());
    law(name, 260, &strategy, |(n, steps, salt)| {
        let mut dice = Dice(salt);
        let mut world = run(n, &steps);
        for replica in &world.replicas {
            let rest = replica.waiting.len();
            let all = fold(&form(), &replica.held).map_err(|e| fail(e.to_string()))?;
            same("a replica before all is known", &replica.state, &all)?;
            if rest > 0 {
                let mut gap = replica.held.clone();
                gap.extend(replica.waiting.iter().cloned());
                prop_assert_eq!(
                    fold(&form(), &gap).err(),
                    Some(MergeError::MissingHeads),
                    "an entry made at an unknown one was folded"
                );
            }
        }
        world.settle(&mut dice);
        hashes_do_not_depend_on_the_order(&world, &mut dice)?;
        fold_does_not_depend_on_the_order(&world, &mut dice)?;
        growing_a_row_is_reading_it_whole(&world, &mut dice)?;
        a_row_at_older_heads_is_what_its_author_saw(&world, &mut dice)?;
        bytes_round_trip(&world.replicas[0].state, &mut dice)?;
        for _ in 0..3.min(world.entries.len()) {
            let i = dice.below(world.entries.len());
            let deps = world.entries[i].header.deps();
            let state = state_at(&form(), &world.entries, deps);
            let state = state.map_err(|e| fail(e.to_string()))?;
            same("what the author saw", &state, &world.seen[i])?;
        }
        Ok(())
    });
}

#[test]
fn concurrent_histories_obey_the_laws_1() {
    concurrent_histories("concurrent histories 1");
}
#[test]
fn concurrent_histories_obey_the_laws_2() {
    concurrent_histories("concurrent histories 2");
}
#[test]
fn concurrent_histories_obey_the_laws_3() {
    concurrent_histories("concurrent histories 3");
}

/// A history in which everyone knows everything: the direct way against automerge's, at each step.
#[test]
fn linear_histories_are_the_same_directly_and_merged() {
    let strategy = (1u8..=4, proptest::collection::vec(edit_step(), 1..12));
    law("linear histories", 800, &strategy, |(n, steps)| {
        let mut world = World::new(n);
        let mut merger = merged(&[])?;
        for step in &steps {
            world.step(step);
            let entry = world.entries[world.entries.len() - 1].clone();
            let mut direct = PartState::new(form());
            for replica in &mut world.replicas {
                replica.receive(&entry);
                direct = replica.state.clone();
            }
            merger.add(&entry).map_err(|e| fail(e.to_string()))?;
            prop_assert!(direct.forks == 0, "a linear history has forks");
            same("direct against automerge", &direct, &read(&merger)?)?;
        }
        Ok(())
    });
}

/// After a fork was merged, edits change the row directly: automerge's row of everything is equal.
#[test]
fn direct_edits_on_a_merged_row_are_the_same_as_merging_everything() {
    let after = proptest::collection::vec(edit_step(), 1..6);
    let strategy = (2u8..=4, steps(4..12), after, any::<u64>());
    law(
        "fork, then direct",
        500,
        &strategy,
        |(n, before, after, salt)| {
            let mut world = run(n, &before);
            world.settle(&mut Dice(salt));
            let mut merger = merged(&world.entries)?;
            let mut direct = read(&merger)?;
            for step in &after {
                world.step(step);
                let entry = world.entries[world.entries.len() - 1].clone();
                for replica in &mut world.replicas {
                    replica.receive(&entry);
                }
                prop_assert!(follows(&direct, &entry));
                direct.apply(&entry);
                merger.add(&entry).map_err(|e| fail(e.to_string()))?;
                same("direct after a fork", &direct, &read(&merger)?)?;
            }
            Ok(())
        },
    );
}
