#!/usr/bin/env bash
# Full-text search that was made for words with spaces between them does not find Chinese words, and
# says so nowhere. SQLite's FTS5 takes a sentence for one word; its `trigram` finds from three
# characters on, and most Chinese words have two. MiniSearch and FlexSearch find nothing either as
# they come.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check apsw==3.54.1.0
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-fund --no-audit --save-exact minisearch@7.2.0 flexsearch@0.8.212
cat >look.py <<'PY'
import apsw

print("apsw", apsw.apsw_version(), "with SQLite", apsw.sqlite_lib_version())
TEXT = "三号楼前路灯不亮"
EXPECTED = {
    "unicode61": {"路灯": False, "前路灯": False, TEXT: True},
    "trigram": {"路灯": False, "前路灯": True, TEXT: True},
}
db = apsw.Connection(":memory:")
for tokenizer, words in EXPECTED.items():
    db.execute(f"create virtual table {tokenizer} using fts5(text, tokenize = '{tokenizer}')")
    db.execute(f"insert into {tokenizer} values (?)", (TEXT,))
    for word, expected in words.items():
        found = bool(list(db.execute(f"select 1 from {tokenizer} where text match ?", (word,))))
        print(f"    {tokenizer}: {word} in {TEXT}: {'found' if found else 'not found'}")
        assert found is expected
PY
venv/bin/python look.py
cat >look.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import FlexSearch from "flexsearch";
import MiniSearch from "minisearch";

const texts = ["三号楼前路灯不亮", "the lamp is broken"];
const mini = new MiniSearch({ fields: ["text"] });
mini.addAll(texts.map((text, id) => ({ id, text })));
const flex = new FlexSearch.Index();
texts.forEach((text, id) => flex.add(id, text));
const searched = {
  minisearch: (word) => mini.search(word, { prefix: true, fuzzy: 0.2 }).map((found) => found.id),
  flexsearch: (word) => flex.search(word),
};
for (const [name, search] of Object.entries(searched)) {
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version);
  for (const [word, expected] of [["lamp", [1]], ["路灯", []]]) {
    const found = search(word);
    console.log(`    ${word}: ${found.map((id) => texts[id]).join(", ") || "not found"}`);
    assert.deepEqual(found, expected);
  }
}
JS
node look.mjs
echo "as described"
