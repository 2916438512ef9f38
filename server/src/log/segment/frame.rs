//! A frame: the unit that is written, protected and found again in a segment file.
//! A body and its table enter; bytes leave that survive one flipped bit anywhere, and in a large frame the loss of
//! one page. What cannot be brought back is named by its range; nothing here guesses.
//!
//! On disk: head, data shards, parity shards, the head once more. Each shard has a checksum in the head; a parity
//! shard is the xor of every second (third, …) data shard, so neighbours are in different groups.

use std::ops::Range;

/// First bytes of every head.
pub(super) const MAGIC: [u8; 4] = *b"GFs2";
/// Frames and heads begin at multiples of this.
pub(super) const ALIGN: usize = 8;
/// A head without table and checksums.
const FIXED_BYTES: usize = 48;
/// A shard of a large frame: a page, so that a lost page costs at most two neighbours.
const PAGE_BYTES: usize = 4096;
/// Bodies from here on have two parity shards, so that any lost page comes back.
const TWO_PARITY_FROM: usize = 64 * 1024;
/// Data shards of a small frame at most.
const SMALL_SHARDS: usize = 16;
/// Data shards of a large frame at most.
const MAX_SHARDS: usize = 64;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Blocks of new items.
    Items,
    /// What came before this segment; its first frame.
    Opening,
    /// Another epoch.
    Epoch,
    /// Blocks of items that were damaged and have been given back.
    Healed,
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Self::Items => 1,
            Self::Opening => 2,
            Self::Epoch => 3,
            Self::Healed => 4,
        }
    }

    fn of(number: u8) -> Option<Self> {
        [Self::Items, Self::Opening, Self::Epoch, Self::Healed]
            .into_iter()
            .find(|kind| kind.number() == number)
    }
}

/// Which log, and which segment of it; a frame of another is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Home {
    pub(super) log: [u8; 8],
    pub(super) segment: u32,
}

/// The head of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) home: Home,
    /// 0, 1, 2, … in its segment.
    pub(super) number: u32,
    /// Which group commit of the log it belongs to: one of a later group proves that it was durable.
    pub(super) group: u32,
    /// 0, 1, 2, … in its group.
    pub(super) nth: u32,
    /// Whether another frame of its group follows: without it the group was not written whole. Frames of
    /// before this was said never say it.
    pub(super) more: bool,
    pub(super) body_len: usize,
    shard_len: usize,
    data: usize,
    parity: usize,
    pub(super) table: Vec<u8>,
    sums: Vec<u32>,
}

fn round_up(n: usize) -> usize {
    n.div_ceil(ALIGN) * ALIGN
}

/// Data shards, parity shards, bytes of a shard.
fn shape(body_len: usize) -> (usize, usize, usize) {
    let shard = if body_len >= TWO_PARITY_FROM {
        PAGE_BYTES.max(round_up(body_len.div_ceil(MAX_SHARDS)))
    } else {
        round_up(body_len.div_ceil(SMALL_SHARDS)).max(64)
    };
    let data = body_len.div_ceil(shard).max(1);
    let parity = if body_len >= TWO_PARITY_FROM { 2 } else { 1 };
    (data, parity, shard)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn size(n: u32) -> Option<usize> {
    usize::try_from(n).ok()
}

/// A length that was checked against a limit far under 4 GiB.
fn put_u32(out: &mut Vec<u8>, n: usize) {
    out.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
}

impl Head {
    fn len(&self) -> usize {
        round_up(FIXED_BYTES + self.table.len() + 4 * self.sums.len())
    }

    fn shards_len(&self) -> usize {
        (self.data + self.parity) * self.shard_len
    }

    /// Bytes of the whole frame.
    pub(super) fn total_len(&self) -> usize {
        2 * self.len() + self.shards_len()
    }

    /// Where the body begins, from the frame's first byte.
    pub(super) fn body_at(&self) -> usize {
        self.len()
    }

    fn encode(&self, second: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len());
        out.extend_from_slice(&MAGIC);
        out.push(self.kind.number() << 1 | u8::from(second));
        // Shards are few.
        out.push(self.data as u8);
        out.push(self.parity as u8);
        out.push(u8::from(self.more));
        out.extend_from_slice(&self.home.segment.to_le_bytes());
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.home.log);
        put_u32(&mut out, self.body_len);
        put_u32(&mut out, self.shard_len);
        put_u32(&mut out, self.table.len());
        let sum_at = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.group.to_le_bytes());
        out.extend_from_slice(&self.nth.to_le_bytes());
        out.extend_from_slice(&self.table);
        for sum in &self.sums {
            out.extend_from_slice(&sum.to_le_bytes());
        }
        let sum = crc32fast::hash(&out).to_le_bytes();
        if let Some(place) = out.get_mut(sum_at..sum_at + 4) {
            place.copy_from_slice(&sum);
        }
        out.resize(self.len(), 0);
        out
    }

    /// Bytes of the head that begins here, when its first bytes look like one.
    pub(super) fn len_at(bytes: &[u8]) -> Option<usize> {
        if *bytes.first_chunk()? != MAGIC {
            return None;
        }
        let shards = usize::from(*bytes.get(5)?) + usize::from(*bytes.get(6)?);
        let table = size(u32_at(bytes, 32)?)?;
        (table <= 1 << 22).then(|| round_up(FIXED_BYTES + table + 4 * shards))
    }

    /// The head at the start of these bytes, and whether it is the second copy.
    pub(super) fn parse(bytes: &[u8], home: Home) -> Option<(Self, bool)> {
        let len = Self::len_at(bytes)?;
        let bytes = bytes.get(..len)?;
        let (data, parity) = (usize::from(*bytes.get(5)?), usize::from(*bytes.get(6)?));
        let table_len = size(u32_at(bytes, 32)?)?;
        let used = FIXED_BYTES + table_len + 4 * (data + parity);
        let mut summed = bytes.get(..used)?.to_vec();
        summed.get_mut(36..40)?.fill(0);
        if u32_at(bytes, 36)? != crc32fast::hash(&summed) {
            return None;
        }
        let which = *bytes.get(4)?;
        let found = Home {
            segment: u32_at(bytes, 8)?,
            log: *bytes.get(16..)?.first_chunk()?,
        };
        let table = bytes.get(FIXED_BYTES..FIXED_BYTES + table_len)?.to_vec();
        let sums = bytes
            .get(FIXED_BYTES + table_len..used)?
            .chunks_exact(4)
            .filter_map(|sum| u32_at(sum, 0))
            .collect();
        let head = Self {
            kind: Kind::of(which >> 1)?,
            home: found,
            number: u32_at(bytes, 12)?,
            group: u32_at(bytes, 40)?,
            nth: u32_at(bytes, 44)?,
            more: *bytes.get(7)? == 1,
            body_len: size(u32_at(bytes, 24)?)?,
            shard_len: size(u32_at(bytes, 28)?)?,
            data,
            parity,
            table,
            sums,
        };
        let fits = data > 0 && parity > 0 && head.body_len <= data * head.shard_len;
        (found == home && fits).then_some((head, which & 1 == 1))
    }

    /// The shards that hold a range of the body.
    fn shards_of(&self, range: &Range<usize>) -> Range<usize> {
        range.start / self.shard_len..range.end.div_ceil(self.shard_len)
    }

    /// The part of the frame that must be read to have a range of the body, from the frame's first byte.
    pub(super) fn span_of(&self, range: &Range<usize>) -> Range<usize> {
        let shards = self.shards_of(range);
        self.body_at() + shards.start * self.shard_len..self.body_at() + shards.end * self.shard_len
    }

    /// A range of the body out of the bytes of [`Head::span_of`], when every shard of it is right.
    pub(super) fn part<'a>(&self, range: &Range<usize>, span: &'a [u8]) -> Option<&'a [u8]> {
        let shards = self.shards_of(range);
        for (n, shard) in shards.clone().zip(span.chunks(self.shard_len)) {
            if crc32fast::hash(shard) != *self.sums.get(n)? {
                return None;
            }
        }
        let skip = range.start - shards.start * self.shard_len;
        span.get(skip..skip + range.len())
    }
}

/// Where a frame comes to stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placing {
    pub(super) home: Home,
    pub(super) number: u32,
    pub(super) group: u32,
    pub(super) nth: u32,
    /// Whether another frame of the group follows.
    pub(super) more: bool,
}

/// The bytes of a frame.
pub(super) fn encode(place: &Placing, kind: Kind, table: Vec<u8>, body: &[u8]) -> Vec<u8> {
    let (data, parity, shard_len) = shape(body.len());
    let mut shards = body.to_vec();
    shards.resize(data * shard_len, 0);
    let sums_of =
        |bytes: &[u8]| -> Vec<u32> { bytes.chunks(shard_len).map(crc32fast::hash).collect() };
    let mut extra = vec![0; parity * shard_len];
    for (n, shard) in shards.chunks(shard_len).enumerate() {
        let group = n % parity;
        if let Some(sum) = extra.get_mut(group * shard_len..(group + 1) * shard_len) {
            xor(sum, shard);
        }
    }
    let mut sums = sums_of(&shards);
    sums.extend(sums_of(&extra));
    let head = Head {
        kind,
        home: place.home,
        number: place.number,
        group: place.group,
        nth: place.nth,
        more: place.more,
        body_len: body.len(),
        shard_len,
        data,
        parity,
        table,
        sums,
    };
    let mut out = head.encode(false);
    out.reserve(head.total_len());
    out.extend_from_slice(&shards);
    out.extend_from_slice(&extra);
    out.extend_from_slice(&head.encode(true));
    out
}

fn xor(sum: &mut [u8], shard: &[u8]) {
    sum.iter_mut().zip(shard).for_each(|(a, b)| *a ^= b);
}

/// A frame as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
    /// Ranges of the body that are gone.
    pub(super) lost: Vec<Range<usize>>,
    /// What has to be written, from the frame's first byte, to make the file right again.
    pub(super) mends: Vec<(usize, Vec<u8>)>,
}

/// One thing met in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Met {
    /// A frame at an offset, whole or with lost ranges.
    Frame(usize, Frame),
    /// Bytes in which frames may have been.
    Lost(Range<usize>),
}

/// Reads the frame whose head is known and whose first byte is the first of `bytes`.
fn check(head: Head, bytes: &[u8]) -> Frame {
    let at = head.body_at();
    let shard_len = head.shard_len;
    let mut shards: Vec<Vec<u8>> = Vec::with_capacity(head.data + head.parity);
    let mut bad: Vec<usize> = Vec::new();
    for n in 0..head.data + head.parity {
        let start = at + n * shard_len;
        let mut shard = bytes
            .get(start.min(bytes.len())..(start + shard_len).min(bytes.len()))
            .unwrap_or_default()
            .to_vec();
        shard.resize(shard_len, 0);
        if head.sums.get(n) != Some(&crc32fast::hash(&shard)) || start + shard_len > bytes.len() {
            bad.push(n);
        }
        shards.push(shard);
    }
    let mut mends = Vec::new();
    let mut lost = Vec::new();
    for group in 0..head.parity {
        let members = (group..head.data).step_by(head.parity);
        let members: Vec<usize> = members.chain([head.data + group]).collect();
        let mut wrong = members.iter().filter(|n| bad.contains(n));
        match (wrong.next(), wrong.next()) {
            (None, _) => {}
            (Some(&one), None) => {
                let mut sum = vec![0; shard_len];
                for n in members.iter().filter(|n| **n != one) {
                    if let Some(shard) = shards.get(*n) {
                        xor(&mut sum, shard);
                    }
                }
                if head.sums.get(one) == Some(&crc32fast::hash(&sum)) {
                    mends.push((at + one * shard_len, sum.clone()));
                    if let Some(shard) = shards.get_mut(one) {
                        *shard = sum;
                    }
                } else if one < head.data {
                    lost.push(one);
                }
            }
            _ => lost.extend(
                members
                    .iter()
                    .filter(|n| bad.contains(n) && **n < head.data),
            ),
        }
    }
    lost.sort_unstable();
    let whole = lost.is_empty();
    for (second, start) in [(false, 0), (true, at + head.shards_len())] {
        let right = head.encode(second);
        if whole && bytes.get(start..start + right.len()) != Some(&right[..]) {
            mends.push((start, right));
        }
    }
    shards.truncate(head.data);
    let mut body = shards.concat();
    body.truncate(head.body_len);
    let lost = lost
        .into_iter()
        .map(|n| n * shard_len..((n + 1) * shard_len).min(head.body_len))
        .filter(|range| !range.is_empty())
        .collect();
    Frame {
        head,
        body,
        lost,
        mends,
    }
}

/// The first frame at or after `at` whose number is at least `number`, and where it begins.
fn next(bytes: &[u8], at: usize, home: Home, number: u32) -> Option<(usize, Frame)> {
    let mut place = at;
    while place + FIXED_BYTES <= bytes.len() {
        if let Some((head, second)) = bytes
            .get(place..)
            .filter(|rest| rest.starts_with(&MAGIC))
            .and_then(|rest| Head::parse(rest, home))
            && head.number >= number
        {
            let begin = if second {
                (place as u64).checked_sub((head.total_len() - head.len()) as u64)
            } else {
                Some(place as u64)
            };
            if let Some(begin) = begin.and_then(|b| usize::try_from(b).ok())
                && begin >= at
                && let Some(rest) = bytes.get(begin..)
            {
                return Some((begin, check(head, rest)));
            }
        }
        place += ALIGN;
    }
    None
}

/// Meets everything in the bytes of a segment, in order. Returns where the last frame ends.
pub(super) fn scan(bytes: &[u8], home: Home, met: &mut dyn FnMut(Met)) -> usize {
    let (mut at, mut number) = (0, 0);
    while let Some((begin, frame)) = next(bytes, at, home, number) {
        if begin > at || frame.head.number > number {
            met(Met::Lost(at..begin));
        }
        at = begin + frame.head.total_len();
        number = frame.head.number + 1;
        met(Met::Frame(begin, frame));
    }
    at
}

/// The frame at the start of these bytes, though its first head may be damaged.
pub(super) fn frame_at(bytes: &[u8], home: Home) -> Option<Frame> {
    next(bytes, 0, home, 0)
        .filter(|(begin, _)| *begin == 0)
        .map(|(_, frame)| frame)
}

/// The log that the frames of these bytes belong to, when there is any whole head in them.
pub(super) fn log_of(bytes: &[u8]) -> Option<[u8; 8]> {
    (0..bytes.len()).step_by(ALIGN).find_map(|at| {
        let rest = bytes.get(at..).filter(|rest| rest.starts_with(&MAGIC))?;
        let home = Home {
            segment: u32_at(rest, 8)?,
            log: *rest.get(16..)?.first_chunk()?,
        };
        Head::parse(rest, home).map(|_| home.log)
    })
}
