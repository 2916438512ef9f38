//! Notes as a worker types them: a seeded grammar of 64 clauses whose slots take names, places,
//! numbers, times and things; and, as the worst case, characters drawn at random.

use rand::{RngExt as _, rngs::StdRng};

const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚";
const GIVEN: &str = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂红玉梅建国华志春燕文辉海玲云飞雪琴宁龙凤鑫浩宇晨欣怡子涵博嘉俊思雨佳琪婷凯帆岩松柏林泉清源德福安康顺永庆";
const STREETS: [&str; 16] = [
    "幸福路",
    "中山路",
    "解放街",
    "人民路",
    "建设巷",
    "和平里",
    "长青园",
    "桂花苑",
    "滨河道",
    "新村",
    "东风街",
    "槐树胡同",
    "文化路",
    "工人新村",
    "向阳小区",
    "丁香园",
];
const THINGS: [&str; 32] = [
    "灭火器",
    "楼道灯",
    "下水管",
    "煤气阀",
    "电动车",
    "门禁",
    "电梯",
    "水表",
    "降压药",
    "轮椅",
    "晾衣架",
    "扶手",
    "防盗窗",
    "热水器",
    "插线板",
    "烟感报警器",
    "井盖",
    "垃圾桶",
    "消防通道",
    "屋顶",
    "外墙砖",
    "单元门",
    "充电桩",
    "暖气片",
    "纱窗",
    "血压计",
    "助听器",
    "被褥",
    "米面油",
    "口罩",
    "体温计",
    "信箱",
];
const DEPARTMENTS: [&str; 12] = [
    "物业",
    "社区卫生站",
    "派出所",
    "民政科",
    "供水公司",
    "燃气公司",
    "街道办",
    "环卫所",
    "电力公司",
    "残联",
    "居委会",
    "消防站",
];
const FEELINGS: [&str; 12] = [
    "情绪稳定",
    "比较着急",
    "表示满意",
    "有些担心",
    "精神不错",
    "身体尚可",
    "行动不便",
    "听力不好",
    "睡眠较差",
    "心情低落",
    "态度热情",
    "不太愿意多谈",
];
const CLAUSES: [&str; 64] = [
    "上门时{n}在家，{f}",
    "{n}反映{p}的{t}坏了",
    "已联系{d}，约定{m}月{j}日上门处理",
    "家中{a}岁老人独居，{f}",
    "孩子在{s}上学，每周回来{k}次",
    "提醒其注意{t}的使用安全",
    "现场查看{t}，发现有松动",
    "邻居{n}也说过同样的问题",
    "电话{h}可以联系到本人",
    "上个月到{d}咨询过一次",
    "{n}的儿子{n2}在外地打工，{k}个月回来一次",
    "家里有{k}口人，登记{k2}人",
    "租户{n}住在{p}，合同到{m}月底",
    "血压{b}，已建议到{d}复查",
    "每天早上{o}点出门锻炼",
    "低保材料还差{k}份，约好{j}号补交",
    "楼下{t}堵了{k}天，没人来修",
    "{n}愿意参加楼组长推选",
    "讲解了反诈宣传材料，{f}",
    "门口堆放杂物，已劝其当场清理",
    "{d}的人{j}号来过，说要等配件",
    "夜里{o}点左右有噪音，影响休息",
    "{t}已过期，需要更换",
    "{n}刚从医院出院，需要有人陪同",
    "收到{k}条关于{t}的意见",
    "已拍照留存，转{d}处理",
    "本户水费欠{x}元，说明了缴费方式",
    "{n2}是退役军人，优待证已办理",
    "冰箱里备有{k}天的菜，生活能自理",
    "窗台外{t}摆放不稳，已取下",
    "想申请居家养老服务，{f}",
    "{p}漏水到楼下{n2}家",
    "双方同意{m}月{j}日到居委会协商",
    "{n}的降压药只够{k}天，已代为登记",
    "核对户籍信息，{k2}人已迁出",
    "空置房，邻居说{k}个月没人住",
    "商铺经营范围有变化，已更新",
    "养了{k}条狗，已办证",
    "电线老化，建议尽快联系{d}",
    "{n}对{t}的事{f}",
    "楼道里停放电动车{k2}辆，已劝离",
    "家庭医生签约到{m}月，提醒续签",
    "{n}说{s}那边施工扬尘大",
    "燃气软管使用超过{k}年，通知更换",
    "孩子{a2}岁，疫苗接种齐全",
    "独居老人{n2}摔过一次，已装扶手",
    "希望社区多组织{k}次活动",
    "未能进屋，隔门交谈约{k2}分钟",
    "和{n}约好下周{w}再来",
    "此前登记的{t}问题已解决",
    "残疾证{m}月到期，帮忙预约了{d}",
    "送去{t}一份，本人签收",
    "{p}墙面有裂缝，长约{x}厘米",
    "合租{k2}人，均已登记身份信息",
    "手机号换成{h}",
    "担心拆迁补偿，已解释政策",
    "视力不好，表格由{n2}代填",
    "中午在{s}食堂吃饭，每餐{k}元",
    "有慢性病史{k}年，{f}",
    "建议把{t}列入{d}整改清单",
    "冬天暖气只有{k2}度，反映过{k}次",
    "屋内整洁，通道畅通",
    "{w}晚上有志愿者来陪聊",
    "记下{n}的诉求，承诺{k2}日内答复",
];

fn pick<'a>(rng: &mut StdRng, of: &[&'a str]) -> &'a str {
    of[rng.random_range(0..of.len())]
}

fn name(rng: &mut StdRng) -> String {
    let surnames: Vec<char> = SURNAMES.chars().collect();
    let given: Vec<char> = GIVEN.chars().collect();
    let mut out = String::from(surnames[rng.random_range(0..surnames.len())]);
    for _ in 0..rng.random_range(1..=2) {
        out.push(given[rng.random_range(0..given.len())]);
    }
    out
}

fn clause(rng: &mut StdRng) -> String {
    let mut out = pick(rng, &CLAUSES).to_owned();
    let place = format!(
        "{}{}号{}单元{}室",
        pick(rng, &STREETS),
        rng.random_range(1..180),
        rng.random_range(1..7),
        rng.random_range(1..13) * 100 + rng.random_range(1..5)
    );
    let slots = [
        ("{n2}", name(rng)),
        ("{n}", name(rng)),
        ("{p}", place),
        ("{s}", pick(rng, &STREETS).to_owned()),
        ("{t}", pick(rng, &THINGS).to_owned()),
        ("{d}", pick(rng, &DEPARTMENTS).to_owned()),
        ("{f}", pick(rng, &FEELINGS).to_owned()),
        (
            "{h}",
            format!("1{}", rng.random_range(3_000_000_000u64..9_999_999_999)),
        ),
        ("{m}", rng.random_range(1..13).to_string()),
        ("{j}", rng.random_range(1..31).to_string()),
        ("{a2}", rng.random_range(1..15).to_string()),
        ("{a}", rng.random_range(65..98).to_string()),
        ("{k2}", rng.random_range(2..20).to_string()),
        ("{k}", rng.random_range(2..10).to_string()),
        ("{o}", rng.random_range(5..24).to_string()),
        ("{x}", rng.random_range(20..500).to_string()),
        (
            "{b}",
            format!(
                "{}/{}",
                rng.random_range(120..180),
                rng.random_range(70..110)
            ),
        ),
        (
            "{w}",
            pick(rng, &["周一", "周二", "周三", "周四", "周五", "周六"]).to_owned(),
        ),
    ];
    for (slot, with) in slots {
        out = out.replace(slot, &with);
    }
    out
}

/// Notes of exactly `chars` characters.
pub(crate) fn notes(rng: &mut StdRng, chars: usize) -> String {
    let mut out = String::new();
    while out.chars().count() < chars {
        out.push_str(&clause(rng));
        out.push(if rng.random_range(0..3) == 0 {
            '。'
        } else {
            '，'
        });
    }
    out.chars().take(chars).collect()
}

/// Characters drawn alike from 3,500 code points: no text, the worst that can be typed.
pub(crate) fn noise(rng: &mut StdRng, chars: usize) -> String {
    (0..chars)
        .filter_map(|_| char::from_u32(0x4E00 + rng.random_range(0..3_500u32) * 5))
        .collect()
}
