// Visits as workers type them, the same for every library: all 14 fields of the form, notes of 120 characters.

export const FORM = "visit";
export const GRID = "120101001001001";
const BEGIN = Date.UTC(2026, 5, 1, 1);
const NOTES = 120;

const WORDS = {
  n: "王秀英 李建国 张敏 刘桂兰 陈涛 杨玉梅 赵志强 黄丽 周海燕 吴德福 徐静 孙永庆 马雪琴 朱晨 胡桂芳 郭文辉".split(" "),
  p: "幸福路 中山路 解放街 建设巷 和平里 长青园 桂花苑 滨河道 东风街 槐树胡同 文化路 丁香园".split(" "),
  t: "灭火器 楼道灯 下水管 煤气阀 电动车 门禁 电梯 水表 扶手 热水器 插线板 烟感报警器 井盖 单元门 充电桩 暖气片".split(" "),
  d: "物业 社区卫生站 派出所 民政科 供水公司 燃气公司 街道办 环卫所 居委会 消防站".split(" "),
  f: "情绪稳定 比较着急 表示满意 有些担心 精神不错 行动不便 听力不好 睡眠较差".split(" "),
};
const CLAUSES = [
  "上门时{n}在家，{f}", "{n}反映{p}{#}号的{t}坏了", "已联系{d}，约定{m}月{j}日上门处理", "家中{a}岁老人独居，{f}",
  "提醒其注意{t}的使用安全", "现场查看{t}，发现有松动", "邻居{n}也说过同样的问题", "上个月到{d}咨询过一次",
  "家里有{k}口人，登记{k}人", "血压{b}，已建议到{d}复查", "低保材料还差{k}份，约好{j}号补交", "楼下{t}堵了{k}天，没人来修",
  "讲解了反诈宣传材料，{f}", "{d}的人{j}号来过，说要等配件", "{t}已过期，需要更换", "{n}刚从医院出院，需要有人陪同",
  "已拍照留存，转{d}处理", "本户水费欠{x}元，说明了缴费方式", "想申请居家养老服务，{f}", "{p}{#}号漏水到楼下{n}家",
  "电线老化，建议尽快联系{d}", "家庭医生签约到{m}月，提醒续签", "孩子{k}岁，疫苗接种齐全", "和{n}约好下周再来",
  "此前登记的{t}问题已解决", "墙面有裂缝，长约{x}厘米", "冬天暖气只有{j}度，反映过{k}次", "记下{n}的诉求，承诺{k}日内答复",
];
const FINDINGS = ["楼道堆物", "电线老化", "燃气软管过期", "灭火器失效", "无", "阳台杂物"];

/** Numbers that look drawn at random and are the same each time. */
function drawn(seed) {
  let state = (seed * 0x9e3779b1) >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function notes(draw) {
  const numbers = { "#": 180, m: 12, j: 28, k: 9, x: 480 };
  const slot = (name) => {
    if (name === "a") return String(65 + draw(33));
    if (name === "b") return `${120 + draw(60)}/${70 + draw(40)}`;
    return name in numbers ? String(1 + draw(numbers[name])) : WORDS[name][draw(WORDS[name].length)];
  };
  let out = "";
  while (out.length < NOTES) {
    out += CLAUSES[draw(CLAUSES.length)].replace(/\{(.)\}/g, (_, name) => slot(name)) + (draw(3) === 0 ? "。" : "，");
  }
  return out.slice(0, NOTES);
}

/** A UUIDv7 of that time, as every record has for its id. */
function idAt(atMs, draw) {
  const time = atMs.toString(16).padStart(12, "0");
  const some = Array.from({ length: 18 }, () => draw(16).toString(16)).join("");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${some.slice(0, 3)}-8${some.slice(3, 6)}-${some.slice(6)}`;
}

/** The `n`th visit, later than those before; `id` is the record's own where it is known. */
export function visit(n, id = null) {
  const draw = drawn(n + 1);
  const at = BEGIN + n * 600_000 + draw(500_000);
  const of = (...choices) => choices[draw(choices.length)];
  return {
    id: id ?? idAt(at, draw),
    form: FORM,
    grid: GRID,
    household: idAt(at - 86_400_000, draw),
    visited_at: at,
    purpose: of("routine", "care", "safety", "request", "notice"),
    result: of("met", "absent", "declined"),
    minutes: 3 + draw(57),
    people_met: draw(5),
    needs: [of("medicine", "repair", "meals", "escort", "advice")],
    safety_checked: true,
    safety_finding: of(...FINDINGS),
    follow_up: true,
    follow_up_on: new Date(at + (3 + draw(27)) * 86_400_000).toISOString().slice(0, 10),
    temperature: (100 + draw(180)) / 10,
    location: { latitude: 39.9 + draw(40_000) / 1e7, longitude: 116.39 + draw(40_000) / 1e7 },
    notes: notes(draw),
  };
}
