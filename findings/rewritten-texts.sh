#!/usr/bin/env bash
# Two people rewrite one text while neither hears of the other; then their documents are merged.
# yjs, automerge and Loro end without a conflict and with a text that nobody wrote: with their call
# for "the text is now this" (`updateText`, `update`) the two are mixed letter by letter, with "delete
# all, insert all" both stand one after the other. Only automerge's plain assignment keeps one whole
# text and tells of the other.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-fund --no-audit --save-exact yjs@13.6.33 @automerge/automerge@3.5.0 loro-crdt@1.17.1
cat >look.mjs <<'JS'
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as Automerge from "@automerge/automerge";
import { LoroDoc } from "loro-crdt";
import * as Y from "yjs";

for (const name of ["yjs", "@automerge/automerge", "loro-crdt"])
  console.log(name, JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version);

const said = "the lamp is broken";
const one = "fixed, resident is happy";
const two = "electrician comes tomorrow";
const told = (how, text) => (console.log(`${how}:\n    ${text}`), text);
const whole = [one, two];
const joined = [one + two, two + one];

function yjs() {
  const [a, b] = [1, 2].map((id) => Object.assign(new Y.Doc(), { clientID: id }));
  a.getText("notes").insert(0, said);
  Y.applyUpdate(b, Y.encodeStateAsUpdate(a));
  for (const [doc, text] of [[a, one], [b, two]]) {
    doc.transact(() => {
      doc.getText("notes").delete(0, said.length);
      doc.getText("notes").insert(0, text);
    });
  }
  Y.applyUpdate(a, Y.encodeStateAsUpdate(b));
  return a.getText("notes").toString();
}

function automerge(write) {
  let a = Automerge.from({ notes: said }, "aa");
  let b = Automerge.clone(a, "bb");
  a = Automerge.change(a, (doc) => write(doc, one));
  b = Automerge.change(b, (doc) => write(doc, two));
  const merged = Automerge.merge(a, b);
  return [merged.notes, Automerge.getConflicts(merged, "notes")];
}

function loro(write) {
  const [a, b] = [new LoroDoc(), new LoroDoc()];
  a.setPeerId("1");
  b.setPeerId("2");
  a.getText("notes").insert(0, said);
  a.commit();
  b.import(a.export({ mode: "snapshot" }));
  for (const [doc, text] of [[a, one], [b, two]]) {
    write(doc.getText("notes"), text);
    doc.commit();
  }
  a.import(b.export({ mode: "update" }));
  return a.getText("notes").toString();
}

/** Neither's text, nor the two one after the other. */
const mixed = (text) => assert.ok(![...whole, ...joined].includes(text), text);
console.log(`"${said}" becomes "${one}" here and "${two}" there:`);
assert.ok(joined.includes(told("yjs, delete and insert", yjs())));

const [updated, updatedConflicts] = automerge((doc, text) => Automerge.updateText(doc, ["notes"], text));
mixed(told("automerge, updateText", updated));
assert.equal(updatedConflicts, undefined);
const [spliced, splicedConflicts] = automerge((doc, text) => Automerge.splice(doc, ["notes"], 0, doc.notes.length, text));
assert.ok(joined.includes(told("automerge, splice of all", spliced)));
assert.equal(splicedConflicts, undefined);
const [assigned, conflicts] = automerge((doc, text) => { doc.notes = text; });
assert.ok(whole.includes(told("automerge, assignment", assigned)));
assert.deepEqual(Object.values(conflicts).sort(), [...whole].sort());

mixed(told("Loro, update", loro((text, is) => text.update(is))));
assert.ok(joined.includes(told("Loro, delete and insert", loro((text, is) => {
  text.delete(0, text.length);
  text.insert(0, is);
}))));
JS
node look.mjs
echo "as described"
