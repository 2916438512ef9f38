//! What is found and what is not, how names are folded, and their order.

use gridfold_sync_core::receipt_number::ReceiptNumber;
use gridfold_sync_core::search::{
    NATURAL_KEY_CHARS, SearchQuery, SearchText, fold, fold_keeping_accents, is_called, natural_key,
};
use proptest::prelude::*;

fn words(texts: &[&str]) -> String {
    let mut out = SearchText::default();
    for text in texts {
        out.add(text);
    }
    out.into_string()
}

fn finds(typed: &str, texts: &[&str]) -> bool {
    SearchQuery::read(typed).unwrap().finds(&words(texts))
}

#[test]
fn what_differs_in_writing_only_is_one() {
    for (text, folded) in [
        ("３号楼Ａ座", "3号楼a座"),
        ("\u{F914}", "\u{6A02}"),
        ("Café ÉLAN", "cafe elan"),
        ("cafe\u{301}", "cafe"),
        ("Nguyễn Đạt", "nguyen đat"),
        ("①②㈱", "12(株)"),
        ("ｶﾞｽ ガス", "ガス ガス"),
        ("한글", "한글"),
        ("  王\u{3000}\t小明\n", "王 小明"),
        ("王\u{200B}小\u{FE00}明\0", "王小明"),
        ("ΟΔΟΣ οδος", "οδοσ οδοσ"),
        ("İstanbul", "istanbul"),
        ("", ""),
    ] {
        assert_eq!(fold(text), folded, "{text}");
    }
    assert_eq!(fold_keeping_accents("Ｊosé"), "josé");
    assert_eq!(fold_keeping_accents("jose\u{301}"), "josé");
}

#[test]
fn all_parts_of_a_query_must_be_there_each_as_it_stands() {
    let block = ["幸福里３号楼２单元102", "住户王小明", "022-27318899"];
    for typed in [
        "3号楼",
        "幸福里 102",
        "102 幸福里",
        "单元\u{3000}幸福",
        "王",
        "小明",
        "10",
        "022",
        "8899",
        "7318899",
        "2731",
        "３号楼２单元",
        "楼 楼",
        "!! 王",
    ] {
        assert!(finds(typed, &block), "{typed}");
    }
    for typed in [
        "22",
        "号3",
        "王明",
        "明022",
        "102住户",
        "899",
        "幸福里 103",
        "！",
        "8899号",
    ] {
        assert!(!finds(typed, &block), "{typed}");
    }
    assert!(!finds("3号楼", &["13号楼"]), "another building");
    assert!(finds("O'Brien", &["O’Brien Str."]));
    assert!(finds("o brien", &["O’Brien Str."]));
    assert!(!finds("brie obr", &["O’Brien Str."]));
    assert!(finds("11010119900307123x", &["11010119900307123X"]));
    assert!(finds("123X", &["11010119900307123X"]));
    for nothing in ["", " ", "\u{3000}\n"] {
        assert!(SearchQuery::read(nothing).is_none());
    }
    assert!(!finds("!", &[]));
}

#[test]
fn a_name_is_found_by_the_first_letters_of_its_pinyin() {
    let finds = |typed: &str, text: &str| {
        let mut words = SearchText::default();
        words.add_short(text);
        let words = words.into_string();
        SearchQuery::read(typed).is_some_and(|query| query.finds(&words))
    };
    for typed in ["wxm", "wx", "w", "xm", "WXM", "ｗｘｍ", "王小明", "小明"] {
        assert!(finds(typed, "王小明"), "{typed}");
    }
    for typed in ["wm", "xw", "m", "wxmz"] {
        assert!(!finds(typed, "王小明"), "{typed}");
    }
    // Surnames that are read otherwise than the character is elsewhere; rarer characters.
    for (typed, name) in [
        ("zxx", "曾晓星"),
        ("sxx", "单晓星"),
        ("oyn", "欧阳娜"),
        ("lx", "李鑫"),
        ("wxm", "王小明 18702212345"),
        ("xfl", "幸福里３号楼"),
        ("yxl", "\u{F914}小里"),
    ] {
        assert!(finds(typed, name), "{typed} {name}");
    }
    // A sentence is no name.
    assert!(!finds("lds", "路灯三天没有亮了"));
    assert!(is_called("王小明", "wx") && is_called("王小明", "小") && !is_called("王小明", "wm"));
    assert!(is_called("幸福里社区", "") && is_called("Wang", "an"));
}

#[test]
fn names_stand_in_the_order_people_count_in() {
    let ordered = [
        "",
        "002号",
        "3号",
        "10号",
        "１０号楼",
        "10号楼2单元9",
        "10号楼２单元10",
        "10号楼10单元",
        "100号",
        "1234567890123456789012345678901234567890号",
        "A座",
        "b座",
        "Ｃ座",
        "éa",
        "eb",
        "幸福",
    ];
    for pair in ordered.windows(2) {
        let keys = (natural_key(pair[0]), natural_key(pair[1]));
        assert!(keys.0 < keys.1, "{pair:?} {keys:?}");
    }
    assert_eq!(natural_key("Ａ座０２"), natural_key("a座2"));
    assert_eq!(
        natural_key(&"9".repeat(300)).chars().count(),
        NATURAL_KEY_CHARS
    );
}

proptest! {
    #[test]
    fn everyday_text_folds_alone_as_it_does_beside_what_nobody_sees(
        text in "[ -~\t\n一-鿿、。“”—！-～　]{0,40}",
        at in 0..40_usize,
    ) {
        // What nobody sees leaves the text as it is, and has it looked up in the tables.
        let mut seen: Vec<char> = text.chars().collect();
        seen.insert(at.min(seen.len()), '\u{200B}');
        prop_assert_eq!(fold(&text), fold(&seen.into_iter().collect::<String>()));
    }

    #[test]
    fn folding_again_changes_nothing(text in any::<String>()) {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn a_text_is_found_by_itself_and_its_words_hold_nothing_an_index_would_part(text in any::<String>()) {
        let words = words(&[&text]);
        let is_word = |w: &str| w == "¶" || w.chars().all(char::is_alphanumeric);
        prop_assert!(words.split(' ').all(is_word), "{:?}", words);
        if let Some(query) = SearchQuery::read(&text)
            && !query.phrases().is_empty()
        {
            prop_assert!(query.finds(&words));
        }
    }
}

#[test]
fn the_number_of_a_receipt_is_found_however_it_is_said() {
    let number = ReceiptNumber::from_random([7; 16]);
    let kept = [number.to_string(), "路灯不亮".to_owned()];
    let kept = kept.each_ref().map(String::as_str);
    let said: String = number
        .grouped()
        .chars()
        .map(|c| if c == '1' { '幺' } else { c })
        .collect();
    for typed in [
        number.to_string(),
        number.grouped(),
        number.grouped().replace(' ', "－"),
        said,
    ] {
        assert!(finds(&typed, &kept), "{typed}");
    }
    let other = ReceiptNumber::from_random([8; 16]).grouped();
    assert!(!finds(&other, &kept), "{other}");
}
