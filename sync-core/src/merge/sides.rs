//! What stands beside what: the sides of a text that was set whole beside other changes of it, and
//! the entries written beside a decision on the record that their authors did not know of.

use std::collections::BTreeMap;

use automerge::{ObjId, ReadDoc};

use crate::edit::{Op, Value};
use crate::ids::{EntryRef, FieldKey};
use crate::merge::MergeError;
use crate::merge::read::Reading;
use crate::view::Candidate;

impl Reading<'_> {
    /// The sides of a text, by the newest entries that changed it; none while it is of one piece.
    ///
    /// It is in pieces when some of them did not know of an entry that set the text whole, and
    /// others did. Those that knew of the same such entries are one side: what they changed in
    /// parts is merged in it. The side with the longest history is shown.
    pub(super) fn sides(
        &self,
        text: &ObjId,
        field: &FieldKey,
        by: &[EntryRef],
    ) -> Result<Vec<Candidate>, MergeError> {
        if by.len() < 2 {
            return Ok(Vec::new());
        }
        let newest: Vec<usize> = by.iter().filter_map(|id| self.of.node(id)).collect();
        let apart: Vec<usize> = self
            .nodes()
            .filter(|&w| self.of.sets_whole(w, field))
            .filter(|&w| !newest.iter().all(|&n| self.of.is_ancestor(w, n)))
            .collect();
        if apart.is_empty() {
            return Ok(Vec::new());
        }
        let mut groups: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for n in newest {
            let knows = apart.iter().copied().filter(|&w| self.of.is_ancestor(w, n));
            groups.entry(knows.collect()).or_default().push(n);
        }
        let mut sides = Vec::with_capacity(groups.len());
        for of in groups.values() {
            let heads: Vec<_> = of.iter().map(|&n| self.of.place(n).0).collect();
            let read = self.doc.text_at(text, &heads);
            let last = of
                .iter()
                .map(|&n| (self.of.place(n).1, self.of.nodes[n].entry.id()));
            let (before, by) = last.max().ok_or(MergeError::Engine)?;
            let value = Value::Text(read.map_err(|_| MergeError::Engine)?);
            sides.push((before, Candidate { value, by }));
        }
        sides.sort_by(|(a, x), (b, y)| (b, y.by).cmp(&(a, x.by)));
        Ok(sides.into_iter().map(|(_, side)| side).collect())
    }

    /// The entries written without knowing of a decision (a deletion, a restoring, a step), which
    /// nobody who decided afterwards knew of either; sorted.
    pub(super) fn beside(&self) -> Vec<EntryRef> {
        let decides = |n: &usize| self.of.nodes[*n].entry.ops().iter().any(Op::decides);
        let decisions: Vec<usize> = self.nodes().filter(decides).collect();
        // One bit for each entry that some other one that decides was made after.
        let mut known = vec![0u64; self.of.nodes.len() / 64 + 1];
        for &d in &decisions {
            let of = self.of.nodes[d].ancestors.iter().enumerate();
            for (word, bits) in of {
                let own = if d / 64 == word { 1 << (d % 64) } else { 0 };
                known[word] |= bits & !own;
            }
        }
        let is_known = |n: usize| known[n / 64] >> (n % 64) & 1 == 1;
        let last: Vec<usize> = decisions.into_iter().filter(|&d| !is_known(d)).collect();
        let is_content = |op: &Op| !matches!(op, Op::Delete | Op::Restore);
        let mut beside: Vec<EntryRef> = self
            .nodes()
            .filter(|&n| !is_known(n))
            .filter(|&n| self.of.nodes[n].entry.ops().iter().any(is_content))
            .filter(|&n| last.iter().any(|&d| !self.of.is_ancestor(d, n)))
            .map(|n| self.of.nodes[n].entry.id())
            .collect();
        beside.sort_unstable();
        beside
    }
}
