//! Carrying without a server: QR frames, and stores from before there was carrying.

use crate::common::{TestPlatform, options};
use gridfold_client::{
    CarryProgress, CarryReader, CarryTo, Client, ClientError, MAX_FRAME_CHARS, MIN_FRAME_CHARS,
    carry_frames,
};
use gridfold_sync_core::limits::{MAX_CARRY_BYTES, MAX_CARRY_FRAMES};

/// Bytes that repeat nothing.
fn noise(seed: u64, n: usize) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..n)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 32) as u8
        })
        .collect()
}

fn read<'a>(frames: impl IntoIterator<Item = &'a String>) -> CarryReader {
    let mut reader = CarryReader::new();
    for frame in frames {
        if reader.receive(frame) {
            break;
        }
    }
    reader
}

#[test]
fn frames_fit_and_are_what_a_qr_code_holds_most_densely() {
    for n in [1, 50, 500, 5_000, 50_000] {
        let bytes = noise(n as u64, n);
        for chars in [0, MIN_FRAME_CHARS, 300, 1_000, MAX_FRAME_CHARS, u32::MAX] {
            let Ok(frames) = carry_frames(&bytes, chars) else {
                assert!(
                    n > 1_000 && chars <= MIN_FRAME_CHARS,
                    "{n} bytes at {chars}"
                );
                continue;
            };
            let longest = frames.iter().map(String::len).max().unwrap();
            assert!(longest <= chars.clamp(MIN_FRAME_CHARS, MAX_FRAME_CHARS) as usize);
            let dense = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || ":/-".contains(c);
            assert!(frames.iter().all(|f| f.chars().all(dense)));
            assert_eq!(read(&frames).bytes(), Some(bytes.as_slice()));
        }
    }
}

#[test]
fn too_much_for_frames_is_said() {
    let too_large = |bytes: &[u8], chars| match carry_frames(bytes, chars) {
        Err(ClientError::Rejected { code, .. }) => code,
        other => panic!("{other:?}"),
    };
    let most = noise(1, MAX_CARRY_BYTES);
    assert_eq!(too_large(&most, MIN_FRAME_CHARS), "carry_too_large");
    assert_eq!(
        too_large(&[0; MAX_CARRY_BYTES + 1], 1_000),
        "carry_too_large"
    );
    assert_eq!(too_large(b"", 1_000), "carry_damaged");
    let frames = carry_frames(&most, 2_000).unwrap();
    assert!(frames.len() <= 2 * MAX_CARRY_FRAMES);
}

#[test]
fn any_order_repetitions_and_losses_lead_to_the_same() {
    let bytes = noise(3, 9_000);
    let frames = carry_frames(&bytes, 400).unwrap();
    let parts = frames.len() / 2;
    let mut backwards = frames.clone();
    backwards.reverse();
    // The mixed half alone, and whatever a fixed stride meets in the loop.
    let only_mixed: Vec<String> = frames[parts..].to_vec();
    let strided: Vec<String> = (0..4 * frames.len())
        .map(|i| frames[i * 11 % frames.len()].clone())
        .collect();
    let twice: Vec<String> = frames.iter().flat_map(|f| [f.clone(), f.clone()]).collect();
    let lower: Vec<String> = frames.iter().map(|f| f.to_lowercase()).collect();
    for order in [&backwards, &strided, &twice, &lower] {
        assert_eq!(read(order).bytes(), Some(bytes.as_slice()));
    }
    let mut reader = read(&only_mixed);
    let CarryProgress { have, of } = reader.progress();
    assert!(reader.bytes().is_some() || (have < of && of as usize == parts));
    // Every third part was never seen: the mixed ones make up for it.
    let lossy: Vec<String> = (0..frames.len())
        .filter(|i| *i >= parts || i % 3 != 0)
        .map(|i| frames[i].clone())
        .collect();
    let known = read(&lossy);
    assert_eq!(known.bytes(), Some(bytes.as_slice()));
    let all = parts as u32;
    assert_eq!(known.progress(), CarryProgress { have: all, of: all });
    for frame in &frames {
        reader.receive(frame);
    }
    assert_eq!(reader.bytes(), Some(bytes.as_slice()));
    assert!(reader.receive("anything"), "done stays done");
}

#[test]
fn what_fits_is_one_code_in_the_form_that_others_read() {
    // Of BCR-2020-005's test vectors.
    let data = "916ec65cf77cadf55cd7f9cda1a1030026ddd42e905b77adc36e4f2d3ccba44f7f04f2de44f42d84c374a0e149136f25b018";
    let text = "ur:bytes/hdeymejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtgwdpfnsboxgwlbaawzuefywkdplrsrjynbvygabwjldapfcsdwkbrkch";
    let data: Vec<u8> = (0..data.len() / 2)
        .map(|i| u8::from_str_radix(&data[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    assert_eq!(carry_frames(&data, 600).unwrap(), [text.to_uppercase()]);
    let reader = read(&[text.to_owned()]);
    assert_eq!(reader.bytes(), Some(data.as_slice()));
    assert_eq!(reader.progress(), CarryProgress { have: 1, of: 1 });
    // The largest that fits one code, and one byte more.
    let chars = 600;
    let fits = (0..1_000)
        .rev()
        .find(|n| carry_frames(&noise(9, *n), chars).is_ok_and(|f| f.len() == 1));
    let fits = fits.unwrap();
    assert!(
        (chars as usize - 20..=chars as usize).contains(&(2 * fits + 20)),
        "{fits}"
    );
    let frames = carry_frames(&noise(9, fits + 1), chars).unwrap();
    assert_eq!(frames.len(), 4);
    assert!(frames[0].starts_with("UR:BYTES/1-2/"));
}

#[test]
fn garbage_and_others_frames_between_do_no_harm() {
    let (ours, theirs) = (noise(5, 4_000), noise(6, 4_000));
    let frames = carry_frames(&ours, 300).unwrap();
    let others = carry_frames(&theirs, 300).unwrap();
    let mut reader = CarryReader::new();
    assert_eq!(reader.progress(), CarryProgress { have: 0, of: 0 });
    let garbage = [
        String::new(),
        "https://example.org/menu".to_owned(),
        "UR:CRYPTO-SEED/1-9/LPADBBCSIECYVDIDATKPFEGHIHJTCXIABDFEVLMS".to_owned(),
        "UR:BYTES/1-4294967295/LPADBBCSIECYVDIDATKPFEGHIHJTCXIABDFEVLMS".to_owned(),
        "UR:BYTES/0-0/AEAE".to_owned(),
        "UR:BYTES//".to_owned(),
        "UR:BYTES/".to_owned(),
        // A byte string that something follows, a text, and bytes that are no CBOR.
        ur::ur::encode(&[0x41, 7, 0], &ur::Type::Bytes),
        ur::ur::encode(&[0x61, b'a'], &ur::Type::Bytes),
        ur::ur::encode(b"GFCARRY", &ur::Type::Bytes),
        "é".repeat(100),
        "A".repeat(100_000),
        frames[0][..frames[0].len() - 1].to_owned(),
        frames[1].replace("/2-", "/3-"),
    ];
    for text in &garbage {
        assert!(!reader.receive(text));
    }
    assert_eq!(reader.progress(), CarryProgress { have: 0, of: 0 });
    // Theirs came first, and goes on between ours.
    for (i, frame) in frames.iter().enumerate() {
        if i % 2 == 0 {
            reader.receive(&others[i / 2]);
        }
        reader.receive(&garbage[i % garbage.len()]);
        if reader.receive(frame) {
            break;
        }
    }
    assert_eq!(reader.bytes(), Some(ours.as_slice()));
}

#[test]
fn a_store_from_before_there_was_carrying_opens() {
    let dir = tempfile::tempdir().unwrap();
    let platform = TestPlatform::new(1);
    drop(Client::create(options(dir.path(), &platform)).unwrap());
    {
        let db = redb::Database::open(dir.path().join("store.redb")).unwrap();
        let tx = db.begin_write().unwrap();
        for name in ["carry", "carried"] {
            let table: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new(name);
            assert!(tx.delete_table(table).unwrap(), "{name}");
        }
        tx.commit().unwrap();
    }
    let client = Client::open(options(dir.path(), &platform)).unwrap();
    assert!(client.carried().is_empty() && client.carry_held().is_empty());
    let refused = client.carry_export(&CarryTo::Server);
    assert_eq!(refused, Err(ClientError::SignInRequired));
    assert!(!client.status().damaged);
}
