//! The engine's file without the engine: what a damaged one still gives, page by page.
//!
//! What enters: a file in the third format of redb. What leaves: the pairs of all pages that are,
//! by their checksums, what the newest commit wrote. What never happens here: a panic, a page of
//! another commit, or a change of the file. The engine itself opens a damaged file whole or not at
//! all, and what it does not check first it may answer with a panic; so it is not asked.

use std::collections::BTreeMap;

use twox_hash::XxHash3_128;

use crate::disk::{Disk, DiskFile};
use crate::error::ClientError;
use crate::shell::tables::Pair;

const PAGE_BYTES: u64 = 4_096;
/// Pages of one region; regions have no header of their own in files that this library makes.
const REGION_PAGES: u64 = 1 << 20;
const MAX_ORDER: u64 = 20;
/// No tree over a file of a phone comes near it: a damaged pointer must not lead in circles.
const MAX_DEPTH: usize = 32;
const SLOTS: [usize; 2] = [64, 192];
const SLOT_BYTES: usize = 128;
const FORMAT: u8 = 3;
const LEAF: u8 = 1;
const BRANCH: u8 = 2;
const NORMAL_TABLE: u8 = 3;

/// Where a tree begins, and what its first page must be.
#[derive(Debug, Clone, Copy)]
struct Root {
    page: u64,
    checksum: u128,
}

impl Root {
    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        Some(Self {
            page: u64::from_le_bytes(array(bytes, at)?),
            checksum: u128::from_le_bytes(array(bytes, at + 8)?),
        })
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(array(bytes, at)?) as usize)
}

/// What was read of one table.
#[derive(Debug, Default)]
pub(crate) struct Salvage {
    pub(crate) pairs: Vec<Pair>,
    /// Whether all of it was there.
    pub(crate) whole: bool,
}

/// A page that is as it was written.
struct Page {
    bytes: Vec<u8>,
    count: usize,
}

struct Pages {
    file: Box<dyn DiskFile>,
    bytes: u64,
}

/// All tables of a file, by name; those whose place is lost are not there. None when nothing of
/// the file can be read at all.
pub(crate) fn tables(
    disk: &dyn Disk,
    name: &str,
) -> Result<Option<BTreeMap<String, Salvage>>, ClientError> {
    let Some(file) = disk.file(name)? else {
        return Ok(None);
    };
    let bytes = file.len()?;
    let mut pages = Pages { file, bytes };
    // The newest commit whose tree begins; one commit older when its place is damaged.
    for root in pages.roots() {
        if pages.read(root).is_none() {
            continue;
        }
        let (mut names, mut out) = (Vec::new(), BTreeMap::new());
        // Of tables whose names are lost nothing is there, so nothing of them is taken for whole.
        pages.walk(root, 0, &mut names);
        for (name, definition) in names {
            let Ok(name) = String::from_utf8(name) else {
                continue;
            };
            let mut table = Salvage::default();
            if definition.first() == Some(&NORMAL_TABLE) {
                table.whole = match (definition.get(9), Root::at(&definition, 10)) {
                    (Some(0), _) => true,
                    (Some(_), Some(root)) => pages.walk(root, 0, &mut table.pairs),
                    _ => false,
                };
            }
            out.insert(name, table);
        }
        return Ok(Some(out));
    }
    Ok(None)
}

impl Pages {
    /// Trees of tables, of the newest commit first.
    fn roots(&mut self) -> Vec<Root> {
        let Some(head) = self.bytes_at(0, PAGE_BYTES) else {
            return Vec::new();
        };
        let slot = |at: usize| {
            let slot = head.get(at..at + SLOT_BYTES)?;
            let sum = u128::from_le_bytes(array(slot, SLOT_BYTES - 16)?);
            let intact = slot[0] == FORMAT && sum == XxHash3_128::oneshot(&slot[..SLOT_BYTES - 16]);
            let commit = u64::from_le_bytes(array(slot, 104)?);
            (intact && slot[1] != 0).then_some((commit, Root::at(slot, 8)?))
        };
        let mut found: Vec<(u64, Root)> = SLOTS.into_iter().filter_map(slot).collect();
        found.sort_by_key(|(commit, _)| std::cmp::Reverse(*commit));
        found.into_iter().map(|(_, root)| root).collect()
    }

    fn bytes_at(&mut self, at: u64, count: u64) -> Option<Vec<u8>> {
        if at.checked_add(count)? > self.bytes {
            return None;
        }
        let mut out = vec![0; usize::try_from(count).ok()?];
        self.file.read_at(at, &mut out).ok()?;
        Some(out)
    }

    /// A page that is what its parent says it was.
    fn read(&mut self, root: Root) -> Option<Page> {
        let order = root.page >> 59;
        if order > MAX_ORDER {
            return None;
        }
        let index = root.page & (0xf_ffff >> order);
        let region = root.page >> 20 & 0xf_ffff;
        let at = PAGE_BYTES + region * REGION_PAGES * PAGE_BYTES + index * (PAGE_BYTES << order);
        let mut bytes = self.bytes_at(at, PAGE_BYTES << order)?;
        let count = usize::from(u16::from_le_bytes(array(&bytes, 2)?));
        let last = count.checked_sub(1)?;
        let end = match *bytes.first()? {
            LEAF => number(&bytes, 4 + 4 * count + 4 * last)?,
            BRANCH => number(&bytes, 8 + 24 * (count + 1) + 4 * last)?,
            _ => return None,
        };
        let intact = XxHash3_128::oneshot(bytes.get(..end)?) == root.checksum;
        bytes.truncate(end);
        intact.then_some(Page { bytes, count })
    }

    /// Reads a tree in the order of its keys. Tells whether all of it was there.
    fn walk(&mut self, root: Root, depth: usize, out: &mut Vec<Pair>) -> bool {
        let Some(Page { bytes, count }) = self.read(root).filter(|_| depth < MAX_DEPTH) else {
            return false;
        };
        if bytes[0] == LEAF {
            return leaf(&bytes, count, out).is_some();
        }
        let mut whole = true;
        for n in 0..=count {
            let child = array(&bytes, 8 + 16 * n).zip(array(&bytes, 8 + 16 * (count + 1) + 8 * n));
            whole &= child.is_some_and(|(checksum, page)| {
                let child = Root {
                    page: u64::from_le_bytes(page),
                    checksum: u128::from_le_bytes(checksum),
                };
                self.walk(child, depth + 1, out)
            });
        }
        whole
    }
}

/// The pairs of a leaf.
fn leaf(bytes: &[u8], count: usize, out: &mut Vec<Pair>) -> Option<()> {
    let mut key_from = 4 + 8 * count;
    let mut value_from = number(bytes, 4 * count)?;
    for n in 0..count {
        let key_to = number(bytes, 4 + 4 * n)?;
        let value_to = number(bytes, 4 + 4 * count + 4 * n)?;
        let key = bytes.get(key_from..key_to)?;
        let value = bytes.get(value_from..value_to)?;
        out.push((key.to_vec(), value.to_vec()));
        (key_from, value_from) = (key_to, value_to);
    }
    Some(())
}
