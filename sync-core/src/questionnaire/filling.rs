//! A questionnaire that is being filled.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compiled::{FORM, PartId, Questionnaire, TOP};
use super::given;
use super::place::Place;
use super::queue::Queue;
use super::written::{Preload, When};
use crate::expression::{EvaluateError, Setting};
use crate::limits::MAX_FORM_ANSWERS;

/// The number of an answer, group or turn that is there.
pub(super) type ItemId = usize;

/// A questionnaire that is being filled: what was answered, and what follows from it.
#[derive(Debug)]
pub struct Filling {
    pub(super) form: Arc<Questionnaire>,
    pub(super) items: Vec<Item>,
    /// By part: all that there are, in order.
    pub(super) of_part: Vec<Vec<ItemId>>,
    pub(super) queue: Queue,
    pub(super) setting: Setting,
    properties: BTreeMap<String, String>,
    /// Rules that came to nothing, by the path of what they are of.
    pub(super) troubles: BTreeMap<String, EvaluateError>,
    /// What is told of a limit that was met.
    pub(super) is_full: bool,
}

/// An answer, a group or a turn of a repeat.
#[derive(Debug)]
pub(super) struct Item {
    pub part: PartId,
    pub parent: ItemId,
    /// Its place among all, as the form has them.
    pub rank: u32,
    /// What lies in it: by place among the children of its part.
    pub slots: Vec<Vec<ItemId>>,
    /// What was answered.
    pub value: String,
    /// What of the answer is still offered to choose, where that is not all of it.
    pub narrowed: Option<String>,
    /// Whether its own rule lets it be asked.
    pub is_relevant: bool,
    /// Whether it is a turn more than are counted.
    pub is_surplus: bool,
    /// Whether it is asked: neither it nor what it lies in is hidden.
    pub is_shown: bool,
    pub is_required: bool,
    pub is_readonly: bool,
    pub fails_constraint: bool,
}

impl Filling {
    /// Opens a questionnaire that nobody has answered yet.
    ///
    /// `properties` are what a phone tells of itself, by name, such as `username`.
    #[must_use]
    pub fn open(
        form: Arc<Questionnaire>,
        setting: Setting,
        properties: BTreeMap<String, String>,
    ) -> Self {
        let of_part = vec![Vec::new(); form.parts.len()];
        let mut filling = Self {
            form,
            items: Vec::new(),
            of_part,
            queue: Queue::default(),
            setting,
            properties,
            troubles: BTreeMap::new(),
            is_full: false,
        };
        filling.grow(TOP, 0);
        filling.rank();
        filling.queue.all(filling.form.cells.len());
        filling.settle();
        filling.act(FORM, None, When::Opened);
        filling
    }

    /// The moment, zone and chance that is reckoned with from now on.
    pub fn set_setting(&mut self, setting: Setting) {
        self.setting = setting;
    }

    /// Makes a part and all that lies in it, as nobody has answered it. Ranks are to be given anew.
    pub(super) fn grow(&mut self, part: PartId, parent: ItemId) -> ItemId {
        let form = Arc::clone(&self.form);
        let at = self.items.len();
        let Some(of) = form.part(part) else {
            return at;
        };
        let value = match &of.preload {
            Some(preload) => self.preloaded(preload),
            None => given::normal(of.answer, &of.default),
        };
        self.items.push(Item {
            part,
            parent,
            rank: 0,
            slots: Vec::with_capacity(of.children.len()),
            value,
            narrowed: None,
            is_relevant: true,
            is_surplus: false,
            is_shown: true,
            is_required: false,
            is_readonly: false,
            fails_constraint: false,
        });
        for child in &of.children {
            let turns = form.part(*child).and_then(|child| child.repeat);
            let count = match turns {
                Some(turns) if turns.is_counted => 0,
                Some(turns) => turns.at_first,
                None => 1,
            };
            let mut there = Vec::with_capacity(count);
            for _ in 0..count {
                if self.items.len() >= MAX_FORM_ANSWERS {
                    self.is_full = true;
                    break;
                }
                there.push(self.grow(*child, at));
            }
            if let Some(item) = self.items.get_mut(at) {
                item.slots.push(there);
            }
        }
        at
    }

    fn preloaded(&self, preload: &Preload) -> String {
        match preload {
            Preload::Start => given::moment(&self.setting),
            Preload::Today => given::day(&self.setting),
            Preload::End => String::new(),
            Preload::InstanceId => format!("uuid:{}", given::uuid(&self.setting)),
            Preload::Property(name) => self.properties.get(name).cloned().unwrap_or_default(),
        }
    }

    /// Gives all that there is its place, as the form has them.
    pub(super) fn rank(&mut self) {
        for of in &mut self.of_part {
            of.clear();
        }
        let mut next = 0u32;
        let mut left = vec![0];
        while let Some(at) = left.pop() {
            let Some(item) = self.items.get_mut(at) else {
                continue;
            };
            item.rank = next;
            next += 1;
            if let Some(of) = self.of_part.get_mut(item.part) {
                of.push(at);
            }
            left.extend(item.slots.iter().rev().flat_map(|slot| slot.iter().rev()));
        }
    }

    pub(super) fn item(&self, at: ItemId) -> Option<&Item> {
        self.items.get(at)
    }

    pub(super) fn place(&self, at: ItemId) -> Place {
        let rank = self.items.get(at).map_or(0, |item| item.rank);
        Place::Answer { rank, at }
    }

    /// What lies around an item that is of a part.
    pub(super) fn around(&self, at: ItemId, part: PartId) -> Option<ItemId> {
        let mut here = at;
        loop {
            let item = self.items.get(here)?;
            if item.part == part {
                return Some(here);
            }
            if here == item.parent {
                return None;
            }
            here = item.parent;
        }
    }

    /// The item at a path such as `/data/r[2]/x`; turns of repeats are counted from 1.
    pub(super) fn find(&self, path: &str) -> Option<ItemId> {
        let mut at = 0;
        for step in path.strip_prefix('/')?.split('/') {
            let (name, turn) = match step.split_once('[') {
                Some((name, turn)) => (name, turn.strip_suffix(']')?.parse::<usize>().ok()?),
                None => (step, 1),
            };
            let item = self.items.get(at)?;
            let slots = self.form.part(item.part)?.slots.get(name)?;
            let mut there = slots
                .iter()
                .filter_map(|slot| item.slots.get(*slot))
                .flatten();
            at = there.nth(turn.checked_sub(1)?).copied()?;
        }
        Some(at)
    }

    /// The path of an item, with the turns of the repeats it lies in.
    pub(super) fn path(&self, at: ItemId) -> String {
        let mut names = Vec::new();
        let mut here = at;
        while here != 0 {
            let Some(item) = self.items.get(here) else {
                break;
            };
            let Some(part) = self.form.part(item.part) else {
                break;
            };
            let around = self.items.get(item.parent);
            let beside = around.and_then(|around| around.slots.get(part.slot));
            names.push(match (part.repeat, beside) {
                (Some(_), Some(turns)) => {
                    let turn = turns.iter().position(|turn| *turn == here).unwrap_or(0);
                    format!("{}[{}]", part.name, turn + 1)
                }
                _ => part.name.clone(),
            });
            here = item.parent;
        }
        names.reverse();
        format!("/{}", names.join("/"))
    }

    /// What is answered, as others see it: nothing of what is hidden.
    pub(super) fn seen(&self, at: ItemId) -> &str {
        match self.items.get(at) {
            Some(item) if item.is_shown => item.narrowed.as_deref().unwrap_or(&item.value),
            _ => "",
        }
    }
}
