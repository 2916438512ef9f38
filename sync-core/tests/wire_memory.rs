//! The peak of memory that the worst bodies take, counted by the allocator itself.
//!
//! One test in this binary: the count is of the whole process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests"
)]
#![expect(
    unsafe_code,
    reason = "an allocator that counts cannot be written without"
)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use common::{GRID, World, stream};
use gridfold_sync_core::codec::{DecodeError, put_u64};
use gridfold_sync_core::limits::{MAX_BODY_DECODED_BYTES, MAX_ITEMS_PER_PULL, MAX_OPS_PER_MESSAGE};
use gridfold_sync_core::wire::{SyncRequest, SyncResponse, seal_frame, seal_frame_as};

/// What one request may take at most, decoded and admitted: the content while its buffer grows,
/// and what it becomes. The decompressor's own window, at most 16 MiB, is not counted here.
const PEAK_BYTES: usize = 4 * MAX_BODY_DECODED_BYTES;

struct Counting;
static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How much more than at the start was held at once.
fn peak(run: impl FnOnce()) -> usize {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    run();
    PEAK.load(Relaxed) - before
}

fn head(incarnations: usize) -> Vec<u8> {
    let mut out = vec![0; 19];
    put_u64(&mut out, incarnations as u64);
    out.resize(out.len() + 16 * incarnations, 7);
    out.push(1);
    out.extend([8; 32]);
    out
}

/// One log of this many entries with shapes, templates, and the columns after them.
fn log(n: usize, shapes: &[u8], templates: &[u8], columns: &[&[u8]]) -> Vec<u8> {
    let mut out = head(1);
    out.extend([1, 0, 3, b'g', b'-', b'1', 0, 1]);
    put_u64(&mut out, n as u64);
    out.extend([1, 5, b'p', b'r', b'o', b'b', b'e', 1]);
    out.extend_from_slice(shapes);
    out.extend_from_slice(templates);
    let zeros = vec![0; n];
    let records = [0; 11].repeat(n);
    for column in [&zeros[..], &records, &zeros, &zeros, &[], &zeros]
        .into_iter()
        .chain(columns.iter().copied())
    {
        put_u64(&mut out, column.len() as u64);
        out.extend_from_slice(column);
    }
    out.extend([0; 64]);
    out.push(0);
    out
}

fn template(shape_of: impl Fn(usize) -> u8) -> Vec<u8> {
    let mut out = vec![1];
    put_u64(&mut out, 1_000);
    out.extend((0..1_000).map(shape_of));
    out
}

/// Items that the receiver is said to have, six bytes each, in as many runs as fit.
fn empty_items() -> Vec<u8> {
    let mut out = head(1);
    out.push(0);
    let runs = 600;
    put_u64(&mut out, runs);
    for _ in 0..runs {
        out.extend([0; 9]);
        out.extend([0; 64]);
        out.extend([0, 3, b'g', b'-', b'1', 0]);
        put_u64(&mut out, MAX_ITEMS_PER_PULL as u64);
        let ones = [1; MAX_ITEMS_PER_PULL];
        let zeros = [0; MAX_ITEMS_PER_PULL];
        for column in [&ones[..], &zeros, &zeros, &zeros, &zeros, &zeros, &[]] {
            put_u64(&mut out, column.len() as u64);
            out.extend_from_slice(column);
        }
    }
    out.truncate(MAX_BODY_DECODED_BYTES);
    out
}

#[test]
fn no_body_takes_more_than_the_named_peak() {
    let word = |shape: u8| [1, shape << 4, 4, b'n', b'o', b't', b'e'];
    let long_name = |tag: u8| {
        let mut out = vec![1, tag << 4, 64];
        out.extend([b'f'; 64]);
        out.push(64);
        out.extend([b'm'; 64]);
        out
    };
    let shapes: Vec<u8> = {
        let mut out = Vec::new();
        put_u64(&mut out, MAX_OPS_PER_MESSAGE as u64);
        out.extend(vec![11 << 4; MAX_OPS_PER_MESSAGE]);
        out
    };
    let splices = [0, 0, 1].repeat(131_000);
    let texts = vec![b'x'; 131_000];
    let mut one_text = Vec::new();
    put_u64(&mut one_text, 0);
    put_u64(&mut one_text, 0);
    put_u64(&mut one_text, 15 << 20);
    let item_sets = [&[0, 64][..], &vec![1; 130_999 * 2]].concat();
    let nothing: Vec<&[u8]> = vec![&[]; 2 * MAX_OPS_PER_MESSAGE];
    let huge_text = vec![b'x'; 15 << 20];
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("zeros past the limit", vec![0; 4 * MAX_BODY_DECODED_BYTES]),
        (
            "deletes",
            log(131, &[1, 11 << 4], &template(|_| 0), &[&[], &[]]),
        ),
        (
            "small splices",
            log(131, &word(2), &template(|_| 0), &[&splices, &texts]),
        ),
        (
            "long names",
            log(
                131,
                &long_name(8),
                &template(|_| 0),
                &[&item_sets[..131_001], &[b'i'; 64]],
            ),
        ),
        (
            "one huge text",
            log(1, &word(2), &[1, 1, 0], &[&one_text, &huge_text]),
        ),
        ("unused shapes", log(1, &shapes, &[1, 1, 0], &nothing)),
        ("a table of incarnations", {
            let mut out = head((MAX_BODY_DECODED_BYTES - 100) / 16);
            out.extend([0, 0]);
            out
        }),
        ("items without anything", empty_items()),
    ];
    let mut worst = 0;
    for (name, content) in bodies {
        let body = seal_frame(&content);
        let size = content.len();
        drop(content);
        let mut told = String::new();
        let here = stream(GRID);
        let mut world = World::new(1);
        let by = world.worker.clone();
        let taken = peak(|| match SyncRequest::decode(&body) {
            Ok(mut request) => {
                told = format!("{} logs", request.logs.len());
                if let Some(log) = request.logs.pop() {
                    // Signed anew, as a device would that built this on purpose.
                    let entries = log.entries;
                    let log = common::world::sign(&by.key, &here, Default::default(), entries);
                    told = format!(
                        "{told}, {:?}",
                        world.admit(&by, &log).map(|d| d.last().map(|d| d.verdict))
                    );
                }
            }
            Err(error) => told = error.to_string(),
        });
        println!(
            "{name}: {} on the wire, {size} decoded, peak {:.1} MiB, {told}",
            body.len(),
            taken as f64 / f64::from(1 << 20)
        );
        assert!(taken <= PEAK_BYTES, "{name}: {taken}");
        worst = worst.max(taken);
    }
    assert!(worst > MAX_BODY_DECODED_BYTES, "the count counts: {worst}");
    // The largest table, and more marks that name it than a response may have.
    let request = SyncRequest {
        seen: Some(0),
        ..SyncRequest::default()
    };
    let mut content = vec![8, 0];
    let incarnations = (MAX_BODY_DECODED_BYTES - (1 << 20)) / 16;
    put_u64(&mut content, incarnations as u64);
    content.resize(content.len() + 16 * incarnations, 7);
    content.extend([0; 5]);
    content.extend([1, 0]);
    put_u64(&mut content, 1 << 20);
    content.resize(MAX_BODY_DECODED_BYTES, 0);
    let body = seal_frame_as(request.version(), &content);
    drop(content);
    let asker = World::new(1).worker.author;
    let mut told = None;
    let taken = peak(|| told = SyncResponse::decode(&body, &request, asker).err());
    assert_eq!(told, Some(DecodeError::TooLarge("marks")));
    assert!(taken <= PEAK_BYTES, "marks: {taken}");
}
