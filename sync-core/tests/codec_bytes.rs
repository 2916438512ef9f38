//! Canonical bytes: what is written reads back, what reads is written the same, nothing panics.

use gridfold_sync_core::codec::{DecodeError, Reader, put_i64, put_u64, unzigzag, zigzag};
use gridfold_sync_core::edit::{Decimal, Op, Value, decode_payload, encode_payload, payload_hash};
use gridfold_sync_core::entry::{Entry, Header, Receipt, ReceiptStream, SignKey, Target};
use gridfold_sync_core::ids::{
    ActionKey, AreaCode, ChoiceKey, EntryRef, FieldKey, FormCode, Hash, IncarnationId, ItemKey,
    RecordId, SensitivityClass, StreamId, UserId,
};
use gridfold_sync_core::limits::{MAX_DEPS, MAX_OPS_PER_EDIT, MAX_PAYLOAD_BYTES};
use gridfold_sync_core::time::Timestamp;
use gridfold_sync_core::view::PartState;
use proptest::prelude::*;

fn name() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_.-]{1,12}"
}
fn key() -> impl Strategy<Value = FieldKey> {
    name().prop_map(|n| FieldKey::new(&n).unwrap())
}
fn item() -> impl Strategy<Value = ItemKey> {
    name().prop_map(|n| ItemKey::new(&n).unwrap())
}
fn choice() -> impl Strategy<Value = ChoiceKey> {
    name().prop_map(|n| ChoiceKey::new(&n).unwrap())
}
fn text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,20}", "[一-龥🏠👩\u{200d}]{0,9}"]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::Text),
        any::<i64>().prop_map(Value::Integer),
        (any::<i64>(), 0u8..=18)
            .prop_map(|(mantissa, scale)| Value::Decimal(Decimal { mantissa, scale })),
        any::<bool>().prop_map(Value::Boolean),
        any::<i32>().prop_map(Value::Date),
        any::<i64>().prop_map(|t| Value::DateTime(Timestamp(t))),
        choice().prop_map(Value::Choice),
        any::<(i32, i32)>().prop_map(|(lat_e7, lon_e7)| Value::Geopoint { lat_e7, lon_e7 }),
        any::<[u8; 16]>().prop_map(|b| Value::Reference(RecordId::from_bytes(b))),
        (any::<[u8; 16]>(), text()).prop_map(|(b, name)| Value::Person {
            user: UserId::from_bytes(b),
            name,
        }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (key(), value()).prop_map(|(field, value)| Op::Set { field, value }),
        key().prop_map(|field| Op::Unset { field }),
        (key(), any::<u32>(), any::<u32>(), text()).prop_map(|(field, at, delete, insert)| {
            Op::Splice {
                field,
                at,
                delete,
                insert,
            }
        }),
        (key(), choice()).prop_map(|(field, choice)| Op::Choose { field, choice }),
        (key(), choice()).prop_map(|(field, choice)| Op::Unchoose { field, choice }),
        (key(), item()).prop_map(|(field, item)| Op::ItemAdd { field, item }),
        (key(), item()).prop_map(|(field, item)| Op::ItemRemove { field, item }),
        (key(), item(), key(), value()).prop_map(|(field, item, member, value)| {
            Op::ItemSet {
                field,
                item,
                member,
                value,
            }
        }),
        (key(), item(), key()).prop_map(|(field, item, member)| {
            Op::ItemUnset {
                field,
                item,
                member,
            }
        }),
        (key(), any::<i64>()).prop_map(|(field, by)| Op::Count { field, by }),
        (name(), text()).prop_map(|(a, note)| {
            Op::Transition {
                action: ActionKey::new(&a).unwrap(),
                note,
            }
        }),
        Just(Op::Delete),
        Just(Op::Restore),
    ]
}

fn entry_ref() -> impl Strategy<Value = EntryRef> {
    any::<([u8; 16], u64)>().prop_map(|(b, seq)| EntryRef {
        incarnation: IncarnationId::from_bytes(b),
        seq,
    })
}

fn header() -> impl Strategy<Value = Header> {
    let new = (any::<[u8; 16]>(), name()).prop_map(|(b, form)| Target::New {
        record: RecordId::from_bytes(b),
        form: FormCode::new(&form).unwrap(),
    });
    let at = proptest::collection::btree_set(entry_ref(), 1..6)
        .prop_map(|deps| Target::At(deps.into_iter().collect()));
    (any::<(u64, u32, i64, [u8; 32])>(), prop_oneof![new, at]).prop_map(
        |((seq, form_version, claimed, payload), target)| Header {
            seq,
            target,
            form_version,
            claimed: Timestamp(claimed),
            payload: Hash(payload),
        },
    )
}

fn receipt() -> impl Strategy<Value = Receipt> {
    let stream = (name(), 0u8..3, any::<(u64, [u8; 32])>()).prop_map(|(grid, class, (seq, p))| {
        let class = SensitivityClass::from_u8(class).unwrap();
        ReceiptStream {
            stream: StreamId::new(AreaCode::new(&grid).unwrap(), class),
            seq,
            prefix: Hash(p),
        }
    });
    (any::<u64>(), proptest::collection::vec(stream, 0..5))
        .prop_map(|(epoch, streams)| Receipt::sign(&SignKey::from_seed(&[3; 32]), epoch, streams))
}

/// Some bytes changed, cut off or added.
fn mutate(mut bytes: Vec<u8>, changes: &[(usize, u8, u8)]) -> Vec<u8> {
    for &(at, how, with) in changes {
        let at = at % (bytes.len() + 1);
        match how % 4 {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, with),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            _ if at < bytes.len() => bytes[at] = with,
            _ => {}
        }
    }
    bytes
}
fn changes() -> impl Strategy<Value = Vec<(usize, u8, u8)>> {
    proptest::collection::vec((0usize..400, any::<u8>(), any::<u8>()), 1..4)
}

/// Whatever these bytes decode to encodes to the same bytes.
fn stands(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(ops) = decode_payload(bytes) {
        prop_assert_eq!(encode_payload(&ops), bytes);
    }
    fn again<T>(
        bytes: &[u8],
        read: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
        write: impl Fn(&T) -> Vec<u8>,
    ) -> Result<(), TestCaseError> {
        let mut r = Reader::new(bytes);
        if let Ok(read) = read(&mut r) {
            let used = bytes.len() - r.remaining();
            prop_assert_eq!(write(&read), &bytes[..used]);
        }
        Ok(())
    }
    again(bytes, Value::decode, |v| {
        let mut out = Vec::new();
        v.encode(&mut out);
        out
    })?;
    again(bytes, Header::decode, Header::encode)?;
    again(bytes, Receipt::decode, Receipt::encode)?;
    again(
        bytes,
        |r| r.i64(),
        |n| {
            let mut out = Vec::new();
            put_i64(&mut out, *n);
            out
        },
    )?;
    let _ = PartState::from_bytes(bytes);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn numbers_round_trip_in_their_shortest_form(n in any::<u64>(), shift in 0u32..64) {
        let n = n >> shift;
        let mut bytes = Vec::new();
        put_u64(&mut bytes, n);
        prop_assert_eq!(bytes.len(), (64 - n.leading_zeros()).div_ceil(7).max(1) as usize);
        let mut r = Reader::new(&bytes);
        prop_assert_eq!(r.u64(), Ok(n));
        prop_assert!(r.finish().is_ok());
        // The same number with a needless byte more.
        let last = bytes.len() - 1;
        bytes[last] |= 0x80;
        bytes.push(0);
        prop_assert!(Reader::new(&bytes).u64().is_err());
        let signed = n as i64;
        prop_assert_eq!(unzigzag(zigzag(signed)), signed);
    }

    #[test]
    fn payloads_round_trip(ops in proptest::collection::vec(op(), 0..8), changes in changes()) {
        let bytes = encode_payload(&ops);
        prop_assert_eq!(decode_payload(&bytes), Ok(ops));
        for cut in 0..bytes.len() {
            prop_assert!(decode_payload(&bytes[..cut]).is_err(), "cut at {}", cut);
        }
        stands(&mutate(bytes, &changes))?;
    }

    #[test]
    fn headers_round_trip(header in header(), changes in changes()) {
        let bytes = header.encode();
        let mut r = Reader::new(&bytes);
        prop_assert_eq!(Header::decode(&mut r), Ok(header));
        prop_assert!(r.finish().is_ok());
        stands(&mutate(bytes, &changes))?;
    }

    #[test]
    fn random_bytes_never_panic_and_what_decodes_is_canonical(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        stands(&bytes)?;
        // And with plausible beginnings.
        for first in [&[1u8, 0][..], &[1, 1, 0], &[1, 0, 4], &[1, 7], &[2, 11], &[1, 1, 1]] {
            stands(&[first, &bytes].concat())?;
        }
    }

    #[test]
    fn decimals_print_as_they_parse_and_compare_by_value(a in -99_999i64..99_999, b in -99_999i64..99_999, s in 0u8..5, t in 0u8..5) {
        let (x, y) = (Decimal { mantissa: a, scale: s }, Decimal { mantissa: b, scale: t });
        if a != 0 {
            prop_assert_eq!(Decimal::parse(&x.to_string()), Some(x));
        }
        let exact = (i128::from(a) * 10i128.pow(u32::from(t))).cmp(&(i128::from(b) * 10i128.pow(u32::from(s))));
        prop_assert_eq!(x.compare(y), exact);
        prop_assert_eq!(y.compare(x), exact.reverse());
    }
}

proptest! {
    // Signing takes its time.
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn receipts_round_trip_and_verify(receipt in receipt(), changes in changes()) {
        let bytes = receipt.encode();
        let mut r = Reader::new(&bytes);
        let back = Receipt::decode(&mut r).unwrap();
        prop_assert_eq!(&back, &receipt);
        prop_assert!(r.finish().is_ok());
        let server = SignKey::from_seed(&[3; 32]).public();
        prop_assert!(back.verify(&server));
        prop_assert!(!back.verify(&SignKey::from_seed(&[4; 32]).public()));
        let mutated = mutate(bytes.clone(), &changes);
        stands(&mutated)?;
        if let Ok(other) = Receipt::decode(&mut Reader::new(&mutated)) {
            prop_assert!(other == receipt || !other.verify(&server));
        }
    }
}

#[test]
fn varints_that_are_not_the_shortest_or_too_large_are_refused() {
    for bytes in [&[0x80, 0x00][..], &[0xff, 0x00], &[0x81, 0x80, 0x00]] {
        assert_eq!(
            Reader::new(bytes).u64(),
            Err(DecodeError::OutOfRange("varint")),
            "{bytes:?}"
        );
    }
    let mut most = vec![0xff; 9];
    most.push(0x01);
    assert_eq!(Reader::new(&most).u64(), Ok(u64::MAX));
    most[9] = 0x02;
    assert!(Reader::new(&most).u64().is_err());
    most[9] = 0x81;
    most.push(0x00);
    assert!(Reader::new(&most).u64().is_err());
    assert_eq!(
        Reader::new(&[0x80; 20]).u64(),
        Err(DecodeError::OutOfRange("varint"))
    );
    assert_eq!(Reader::new(&[0x80]).u64(), Err(DecodeError::Truncated));
    for (n, z) in [
        (0, 0),
        (-1, 1),
        (1, 2),
        (-2, 3),
        (i64::MAX, u64::MAX - 1),
        (i64::MIN, u64::MAX),
    ] {
        assert_eq!((zigzag(n), unzigzag(z)), (z, n));
    }
}

#[test]
fn counts_and_lengths_are_held_before_anything_is_reserved() {
    let mut bytes = Vec::new();
    put_u64(&mut bytes, u64::MAX);
    let reader = || Reader::new(&bytes);
    assert_eq!(
        reader().count(10, "things"),
        Err(DecodeError::TooLarge("things"))
    );
    assert_eq!(reader().bytes(10), Err(DecodeError::TooLarge("bytes")));
    assert_eq!(reader().u32(), Err(DecodeError::OutOfRange("u32")));
    assert_eq!(
        Reader::new(&[9, 1, 2]).count(10, "things"),
        Err(DecodeError::Truncated)
    );
    assert_eq!(
        Reader::new(&[3, 1, 2]).bytes(10),
        Err(DecodeError::Truncated)
    );
    assert_eq!(
        Reader::new(&[2, 0xc3, 0x28]).str(10),
        Err(DecodeError::NotUtf8)
    );
    assert_eq!(Reader::new(&[1]).finish(), Err(DecodeError::Leftover));
}

#[test]
fn payloads_keep_to_their_limits() {
    let ops = vec![Op::Delete; MAX_OPS_PER_EDIT];
    assert_eq!(decode_payload(&encode_payload(&ops)), Ok(ops));
    let more = vec![Op::Delete; MAX_OPS_PER_EDIT + 1];
    assert_eq!(
        decode_payload(&encode_payload(&more)),
        Err(DecodeError::TooLarge("operations"))
    );
    let field = FieldKey::new("t").unwrap();
    let of = |n: usize| {
        encode_payload(&[Op::Set {
            field: field.clone(),
            value: Value::Text("x".repeat(n)),
        }])
    };
    let overhead = of(MAX_PAYLOAD_BYTES).len() - MAX_PAYLOAD_BYTES;
    assert!(decode_payload(&of(MAX_PAYLOAD_BYTES - overhead)).is_ok());
    assert_eq!(
        decode_payload(&of(MAX_PAYLOAD_BYTES)),
        Err(DecodeError::TooLarge("payload"))
    );
    let mut after = encode_payload(&[Op::Delete]);
    after.push(0);
    assert_eq!(decode_payload(&after), Err(DecodeError::Leftover));
    for tag in 13..=255u8 {
        assert!(decode_payload(&[1, tag, 1, b'f', 0, 0]).is_err(), "{tag}");
    }
    for wrong in [
        &[1, 1, 0][..],
        &[1, 1, 1, b' '],
        &[1, 1, 2, 0xc3, 0xa9],
        &[1, 0, 1, b'f', 3, 2],
        &[1, 0, 1, b'f', 2, 0, 19],
    ] {
        assert!(decode_payload(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn heads_are_sorted_without_repetition_and_not_too_many() {
    let id = |seq| EntryRef {
        incarnation: IncarnationId::from_bytes([1; 16]),
        seq,
    };
    let decode = |deps: Vec<EntryRef>| {
        let header = Header {
            seq: 9,
            target: Target::At(deps),
            form_version: 1,
            claimed: Timestamp(-1),
            payload: Hash([0; 32]),
        };
        Header::decode(&mut Reader::new(&header.encode())).map(|h| h.deps().len())
    };
    assert_eq!(decode(vec![id(1), id(2)]), Ok(2));
    assert!(decode(vec![id(2), id(1)]).is_err());
    assert!(decode(vec![id(1), id(1)]).is_err());
    assert_eq!(decode((0..MAX_DEPS as u64).map(id).collect()), Ok(MAX_DEPS));
    assert!(decode((0..=MAX_DEPS as u64).map(id).collect()).is_err());
}

#[test]
fn an_entry_is_put_together_only_with_its_own_payload() {
    let who = IncarnationId::from_bytes([1; 16]);
    let target = Target::New {
        record: RecordId::from_bytes([2; 16]),
        form: FormCode::new("visit").unwrap(),
    };
    let entry = Entry::new(who, 1, target, 1, Timestamp(0), vec![Op::Delete]);
    let payload = encode_payload(entry.ops());
    assert_eq!(payload_hash(&payload), entry.header.payload);
    assert_eq!(
        Entry::from_parts(who, entry.header.clone(), &payload).as_ref(),
        Ok(&entry)
    );
    let other = encode_payload(&[Op::Restore]);
    assert!(Entry::from_parts(who, entry.header.clone(), &other).is_err());
}
