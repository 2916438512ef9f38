//! In which order the rules of a questionnaire are reckoned, and where one is reckoned from itself.

use crate::gather::Gather as _;
use std::collections::{BTreeMap, BTreeSet};

use super::aspect::Aspect;
use super::compiled::{Cell, PartId, Questionnaire, Reader};
use super::error::{Complaint, Reason};
use crate::expression::Shape;

/// Puts the rules in order: each after what it reads. Those that read each other only across the
/// turns of a repeat have none among them.
pub(super) fn order(form: &mut Questionnaire, complaints: &mut Vec<Complaint>) {
    form.cells.sort_by_key(|cell| (cell.part, cell.aspect));
    let (readers, placed) = loop {
        let (readers, after) = read(form);
        let placed = place(&after);
        if placed.len() == form.cells.len() {
            break (readers, placed);
        }
        // What goes round is told and left out, and what is left is looked at again.
        let round = cycle(&after, &placed);
        complaints.push(told(form, &round));
        let mut at = 0;
        form.cells.retain(|_| {
            at += 1;
            !round.contains(&(at - 1))
        });
    };
    let mut turned = vec![0; form.cells.len()];
    for (to, from) in placed.iter().enumerate() {
        if let Some(turned) = turned.get_mut(*from) {
            *turned = to;
        }
    }
    let mut old: Vec<Option<Cell>> = std::mem::take(&mut form.cells)
        .into_iter()
        .map(Some)
        .collect();
    let in_order = placed.iter().filter_map(|at| old.get_mut(*at)?.take());
    form.cells = in_order.collect();
    let moved = |reader: Reader| Reader {
        cell: turned.get(reader.cell).copied().unwrap_or(reader.cell),
        turn: reader.turn,
    };
    let readers = readers
        .into_iter()
        .map(|of| of.into_iter().map(moved).collect());
    form.readers = readers.collect();
}

/// By part: what reads it; and by cell: what comes after it.
fn read(form: &Questionnaire) -> (Vec<BTreeSet<Reader>>, Vec<BTreeSet<usize>>) {
    let made = makers(form);
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); form.cells.len()];
    let mut readers: Vec<BTreeSet<Reader>> = vec![BTreeSet::new(); form.parts.len()];
    for (at, cell) in form.cells.iter().enumerate() {
        for read in cell.rule.reads(form, cell.part).questions {
            let turn = form.repeat_around(read.within);
            if let Some(readers) = readers.get_mut(read.of) {
                readers.insert(Reader { cell: at, turn });
            }
            if crosses_turns(form, cell, read.of, turn) {
                continue;
            }
            for maker in seen_by(form, &made, read.of) {
                if let Some(after) = after.get_mut(maker) {
                    after.insert(at);
                }
            }
        }
    }
    (readers, after)
}

/// By part: the cells that decide what is seen of it.
fn makers(form: &Questionnaire) -> BTreeMap<PartId, Vec<usize>> {
    let mut made: BTreeMap<PartId, Vec<usize>> = BTreeMap::new();
    for (at, cell) in form.cells.iter().enumerate() {
        if cell.aspect <= Aspect::Offered {
            made.entry(cell.part).or_default().push(at);
        }
    }
    made
}

/// The cells that decide what is seen of a part: its own, and what shows or hides what it lies in.
fn seen_by(form: &Questionnaire, made: &BTreeMap<PartId, Vec<usize>>, of: PartId) -> Vec<usize> {
    let mut out = Vec::new();
    for part in std::iter::successors(Some(of), |part| Shape::parent(form, *part)) {
        let cells = made.get(&part).into_iter().flatten().copied();
        let decides = |at: &usize| {
            let cell = form.cells.get(*at);
            cell.is_some_and(|cell| part == of || cell.aspect <= Aspect::Relevant)
        };
        out.extend(cells.filter(decides));
    }
    out
}

/// Whether a rule reads other turns of a repeat that both lie in.
fn crosses_turns(form: &Questionnaire, cell: &Cell, of: PartId, turn: Option<PartId>) -> bool {
    let up = |from| std::iter::successors(Some(from), |p| Shape::parent(form, *p));
    let is_repeat = |part: &PartId| form.part(*part).is_some_and(|p| p.repeat.is_some());
    let mine = up(cell.part).filter(is_repeat).collect::<Vec<_>>();
    let shared = up(of).find(|part| is_repeat(part) && mine.contains(part));
    match (shared, turn) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(shared), Some(turn)) => shared != turn && !up(turn).any(|p| p == shared),
    }
}

/// Cells in an order in which each stands after those it comes after, the earliest written first;
/// without those in a cycle or after one.
fn place(after: &[BTreeSet<usize>]) -> Vec<usize> {
    let mut waits_for = vec![0usize; after.len()];
    for at in after.iter().flatten() {
        if let Some(count) = waits_for.get_mut(*at) {
            *count += 1;
        }
    }
    let all = waits_for.iter().enumerate();
    let mut ready: BTreeSet<usize> = all.filter(|(_, n)| **n == 0).map(|(at, _)| at).gathered();
    let mut placed = Vec::with_capacity(after.len());
    while let Some(at) = ready.pop_first() {
        placed.push(at);
        for next in after.get(at).into_iter().flatten() {
            if let Some(count) = waits_for.get_mut(*next) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(*next);
                }
            }
        }
    }
    placed
}

/// One way round among the cells that could not be placed.
fn cycle(after: &[BTreeSet<usize>], placed: &[usize]) -> Vec<usize> {
    let mut left: BTreeSet<usize> = (0..after.len()).gathered();
    for at in placed {
        left.remove(at);
    }
    // Each that is left comes after another that is left: going back from any ends in a circle.
    let before = |at: usize| {
        let mut left = left.iter();
        left.find(|b| after.get(**b).is_some_and(|next| next.contains(&at)))
    };
    let mut way: Vec<usize> = left.first().copied().into_iter().collect();
    while let Some(back) = way.last().and_then(|at| before(*at)).copied() {
        if let Some(met) = way.iter().position(|at| *at == back) {
            way.drain(..met);
            break;
        }
        way.push(back);
    }
    way.reverse();
    way
}

/// A way round, as it is told.
fn told(form: &Questionnaire, round: &[usize]) -> Complaint {
    let cells = || round.iter().filter_map(|at| form.cells.get(*at));
    let mut names: Vec<String> = cells().map(|cell| form.path(cell.part)).collect();
    names.dedup();
    names.extend(names.first().cloned());
    Complaint {
        path: names.first().cloned().unwrap_or_default(),
        rule: cells().next().map(|cell| cell.aspect.into()),
        reason: Reason::Cycle(names),
    }
}
