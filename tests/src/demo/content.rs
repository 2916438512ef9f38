//! What the workers type, in Chinese and English, drawn from a seeded source.

use gridfold_sync_core::edit::{Decimal, Op, Value};
use gridfold_sync_core::ids::{ChoiceKey, FieldKey, ItemKey, RecordId};
use gridfold_sync_core::time::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const NOTES: [&str; 10] = [
    "上门走访，老人身体状况良好，厨房水龙头漏水，已登记维修。",
    "家中无人，已在门口张贴联系卡，明天下午再来。",
    "楼道堆放杂物，已劝导清理，住户表示本周内搬走。",
    "询问用药情况，血压药还剩三天，需要代取。",
    "孩子放学后无人照看，已介绍社区托管班。",
    "Checked the smoke alarm and the gas hose; both are fine.",
    "The lift has been out of order since Monday; neighbours ask for help with shopping.",
    "Asked about the heating: 17 degrees in the bedroom, radiator to be bled.",
    "反映夜间施工噪声，已上报并告知处理时限。",
    "电动车飞线充电，已当场拔除并讲解安全知识。",
];
const MORE: [&str; 6] = [
    "补充：维修师傅约在周四上午。",
    "补充：已联系家属。",
    " Follow-up: the part is on order.",
    "下次带上健康手册。",
    " Phone number checked.",
    "已拍照留存。",
];
const MATTERS: [(&str, &str); 6] = [
    ("井盖破损", "公共设施损坏"),
    ("路灯不亮", "路灯损坏"),
    ("垃圾满溢", "垃圾堆放"),
    ("Blocked drain", "排水堵塞"),
    ("消防通道堵塞", "消防隐患"),
    ("Fallen branch", "其他"),
];
const SURNAMES: [&str; 8] = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄"];

/// A seeded source of content.
#[derive(Debug)]
pub struct Content {
    rng: StdRng,
}

/// A field's key; the demo names only fields of the built-in forms.
#[must_use]
pub fn key(name: &str) -> FieldKey {
    FieldKey::new(name).unwrap_or_else(|_| unreachable!("a field of a built-in form"))
}

fn set(name: &str, value: Value) -> Op {
    Op::Set {
        field: key(name),
        value,
    }
}

fn choice(name: &str) -> ChoiceKey {
    ChoiceKey::new(name).unwrap_or_else(|_| unreachable!("a choice of a built-in form"))
}

impl Content {
    /// Content that is the same for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.rng.random_range(0..n.max(1))
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// A household with members, a place and care needs.
    pub fn household(&mut self, number: usize) -> Vec<Op> {
        let surname = self.pick(&SURNAMES);
        let mut ops = vec![
            set(
                "address",
                Value::Text(format!(
                    "{}号楼{}单元{}室",
                    1 + number % 12,
                    1 + number % 4,
                    101 + number
                )),
            ),
            set("head_name", Value::Text(format!("{surname}先生"))),
            set(
                "phone",
                Value::Text(format!("1380000{:04}", number % 10_000)),
            ),
            set("dwelling", Value::Choice(choice("owner"))),
            set("location", self.place()),
            set("consented", Value::Boolean(true)),
            Op::Splice {
                field: key("notes"),
                at: 0,
                delete: 0,
                insert: self.pick(&NOTES).to_owned(),
            },
            Op::Choose {
                field: key("care_needs"),
                choice: choice("elderly_alone"),
            },
        ];
        let item = ItemKey::new(&format!("m{number}"))
            .unwrap_or_else(|_| unreachable!("letters and digits"));
        ops.push(Op::ItemSet {
            field: key("members"),
            item,
            member: key("name"),
            value: Value::Text(format!("{surname}奶奶")),
        });
        ops
    }

    fn place(&mut self) -> Value {
        Value::Geopoint {
            lat_e7: 391_200_000 + self.rng.random_range(0..500_000),
            lon_e7: 1_172_000_000 + self.rng.random_range(0..500_000),
        }
    }

    /// A visit to a household.
    pub fn visit(&mut self, household: Option<RecordId>, at: Timestamp) -> Vec<Op> {
        let mut ops = vec![
            set("visited_at", Value::DateTime(at)),
            set(
                "purpose",
                Value::Choice(choice(
                    ["routine", "care", "safety", "request"][self.below(4)],
                )),
            ),
            set("result", Value::Choice(choice("met"))),
            set("minutes", Value::Integer(5 + self.below(50) as i64)),
            set("people_met", Value::Integer(1 + self.below(4) as i64)),
            set("safety_checked", Value::Boolean(true)),
            set("follow_up", Value::Boolean(self.below(2) == 0)),
            set(
                "temperature",
                Value::Decimal(Decimal {
                    mantissa: 160 + self.below(80) as i64,
                    scale: 1,
                }),
            ),
            set("location", self.place()),
            Op::Choose {
                field: key("needs"),
                choice: choice(["medicine", "repair", "meals"][self.below(3)]),
            },
            Op::Splice {
                field: key("notes"),
                at: 0,
                delete: 0,
                insert: self.pick(&NOTES).to_owned(),
            },
        ];
        if let Some(household) = household {
            ops.push(set("household", Value::Reference(household)));
        }
        ops
    }

    /// A matter reported on the way.
    pub fn matter(&mut self, at: Timestamp) -> Vec<Op> {
        let (summary, kind) = MATTERS[self.below(MATTERS.len())];
        vec![
            set("kind", Value::Text(kind.to_owned())),
            set("summary", Value::Text(summary.to_owned())),
            set("reported_at", Value::DateTime(at)),
            set("location", self.place()),
            set("source", Value::Text("网格巡查".to_owned())),
            set(
                "reporter_name",
                Value::Text(format!("{}女士", self.pick(&SURNAMES))),
            ),
        ]
    }

    /// The minutes of a meeting.
    pub fn meeting(&mut self, at: Timestamp) -> Vec<Op> {
        vec![
            set("topic", Value::Text("楼门议事：加装电梯".to_owned())),
            set("held_at", Value::DateTime(at)),
            set("attendees", Value::Integer(6 + self.below(20) as i64)),
            Op::Splice {
                field: key("minutes"),
                at: 0,
                delete: 0,
                insert: self.pick(&NOTES).to_owned(),
            },
        ]
    }

    /// A later edit of a visit: a value that others may change too, and a sentence at the end of
    /// the notes as this phone knows them.
    pub fn follow_up(&mut self, notes_chars: usize) -> Vec<Op> {
        let at = u32::try_from(notes_chars).unwrap_or(0);
        vec![
            set("minutes", Value::Integer(10 + self.below(90) as i64)),
            Op::Splice {
                field: key("notes"),
                at,
                delete: 0,
                insert: self.pick(&MORE).to_owned(),
            },
        ]
    }

    /// One more visit counted, and a care need chosen.
    pub fn count_visit(&mut self) -> Vec<Op> {
        let needs = ["disability", "chronic_illness", "low_income"];
        vec![
            Op::Count {
                field: key("visits_made"),
                by: 1,
            },
            Op::Choose {
                field: key("care_needs"),
                choice: choice(needs[self.below(3)]),
            },
        ]
    }
}
