#!/usr/bin/env bash
# Some characters are read otherwise as a surname. Libraries that write names in pinyin read them as
# words unless told, so a list of people sorted or searched by first letters has them elsewhere:
# pypinyin has no option for it (readings of one's own must be loaded), and reads 翟 and 覃 as words too;
# pinyin-pro has `surname`.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pypinyin==0.55.0
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-fund --no-audit --save-exact pinyin-pro@3.29.4
cat >look.py <<'PY'
import json
import sys

import pypinyin

print("pypinyin", pypinyin.__version__, file=sys.stderr)
print(json.dumps({name: pypinyin.lazy_pinyin(name)[0] for name in sys.argv[1:]}))
PY
cat >look.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { pinyin } from "pinyin-pro";

// How the surname is read, then how each library reads it that is told nothing.
const NAMES = {
  单雄信: ["shan", "dan", "dan"],
  仇英: ["qiu", "chou", "chou"],
  解晓东: ["xie", "jie", "jie"],
  查良镛: ["zha", "cha", "cha"],
  曾国藩: ["zeng", "ceng", "ceng"],
  区小红: ["ou", "qu", "qu"],
  乐嘉: ["yue", "le", "le"],
  翟志刚: ["zhai", "di", "zhai"],
  覃海洋: ["qin", "tan", "qin"],
  尉迟恭: ["yu", "yu", "wei"],
};
const python = JSON.parse(execFileSync("venv/bin/python", ["look.py", ...Object.keys(NAMES)], { stdio: ["ignore", "pipe", "inherit"] }));
console.log("pinyin-pro", JSON.parse(readFileSync("node_modules/pinyin-pro/package.json", "utf8")).version);
for (const [name, expected] of Object.entries(NAMES)) {
  const told = pinyin(name, { toneType: "none", surname: "head" }).split(" ")[0];
  const untold = pinyin(name, { toneType: "none" }).split(" ")[0];
  console.log(`    ${name} is ${expected[0]}: pypinyin ${python[name]}, pinyin-pro ${untold}, with surname ${told}`);
  assert.deepEqual([told, python[name], untold], expected);
}
JS
node look.mjs
echo "as described"
