//! Names, codes and decimals: what people and programs write, each in one spelling.

use gridfold_sync_core::edit::Decimal;
use gridfold_sync_core::entry::{RefusalCode, Verdict};
use gridfold_sync_core::ids::{EntryRef, FieldKey, IncarnationId, StreamId};
use gridfold_sync_core::limits::MAX_NAME_BYTES;

#[test]
fn names_have_one_spelling() {
    for bad in [
        "",
        " ",
        "a b",
        "é",
        "a/b",
        "a:b",
        &"x".repeat(MAX_NAME_BYTES + 1),
    ] {
        assert!(FieldKey::new(bad).is_err(), "{bad:?}");
    }
    assert!(FieldKey::new(&"x".repeat(MAX_NAME_BYTES)).is_ok());
    for (text, ok) in [
        ("g/0", true),
        ("g/2", true),
        ("g/3", false),
        ("g/00", false),
        ("g/+1", false),
        ("/1", false),
        ("g", false),
        ("a/b/1", false),
    ] {
        let parsed = StreamId::parse(text);
        assert_eq!(parsed.is_some(), ok, "{text}");
        assert!(parsed.is_none_or(|s| s.name() == text));
    }
    let id = EntryRef {
        incarnation: IncarnationId::from_bytes([7; 16]),
        seq: 12,
    };
    assert_eq!(EntryRef::parse(&id.to_string()), Some(id));
    for bad in ["+12", "-1", "", " 12", "18446744073709551616"] {
        assert_eq!(
            EntryRef::parse(&format!("{}:{bad}", id.incarnation)),
            None,
            "{bad}"
        );
    }
}

#[test]
fn verdicts_and_codes_keep_their_numbers() {
    let mut seen = std::collections::BTreeSet::new();
    for code in RefusalCode::ALL {
        assert_eq!(RefusalCode::from_u8(*code as u8), Some(*code));
        assert!(seen.insert(code.as_str()));
    }
    for n in 0..=255u8 {
        if let Some(verdict) = Verdict::from_u8(n) {
            assert_eq!(verdict.to_u8(), n);
        }
    }
}

#[test]
fn decimals_parse_as_people_write_them() {
    let decimal = |mantissa, scale| Some(Decimal { mantissa, scale });
    for (text, expected) in [
        ("0", decimal(0, 0)),
        ("-12.50", decimal(-1250, 2)),
        ("-0.05", decimal(-5, 2)),
        ("999999999999999999", decimal(999_999_999_999_999_999, 0)),
        ("0.00000000000000001", decimal(1, 17)),
    ] {
        assert_eq!(Decimal::parse(text), expected, "{text}");
        assert_eq!(expected.unwrap().to_string(), text);
    }
    for bad in [
        "",
        "-",
        ".",
        "-.",
        "+1",
        "1.2.3",
        "1e3",
        "1,5",
        "１",
        "--1",
        "1.-2",
        " 1",
        "1000000000000000000",
    ] {
        assert_eq!(Decimal::parse(bad), None, "{bad}");
    }
    let least = Decimal {
        mantissa: i64::MIN,
        scale: 18,
    };
    assert_eq!(least.to_string(), "-9.223372036854775808");
    let most = Decimal {
        mantissa: i64::MAX,
        scale: 0,
    };
    assert!(least.compare(most).is_lt() && most.compare(least).is_gt());
    let (a, b) = (
        Decimal {
            mantissa: 150,
            scale: 2,
        },
        Decimal {
            mantissa: 15,
            scale: 1,
        },
    );
    assert!(a.compare(b).is_eq() && a != b);
}
