#!/usr/bin/env bash
# A message that is short enough for one code is sent as a UR of one part (BCR-2020-005), whose
# decoder is then done at once. @ngraveio/bc-ur says so by `isComplete()`, and by its measures of
# progress that it has nothing: 0, of 0 parts expected. A scanner that waits for its bar to fill
# never ends, on short messages only.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
echo '{ "private": true }' >package.json
npm install --silent --no-fund --no-audit --save-exact @ngraveio/bc-ur@1.1.13
cat >look.cjs <<'JS'
const assert = require("node:assert/strict");
const { UR, UREncoder, URDecoder } = require("@ngraveio/bc-ur");

console.log("@ngraveio/bc-ur", require("@ngraveio/bc-ur/package.json").version);
function scanned(message) {
  const encoder = new UREncoder(UR.fromBuffer(message), 100);
  const decoder = new URDecoder();
  const first = encoder.nextPart();
  decoder.receivePart(first);
  while (!decoder.isComplete()) decoder.receivePart(encoder.nextPart());
  assert.deepEqual(decoder.resultUR().decodeCBOR(), message);
  const seen = [decoder.getProgress(), decoder.estimatedPercentComplete(), decoder.expectedPartCount()];
  console.log(`    ${message.length} bytes, first code ${first.slice(0, 20)}…: complete; progress ${seen[0]}, estimated ${seen[1]}, parts expected ${seen[2]}`);
  return seen;
}
assert.deepEqual(scanned(Buffer.alloc(300, 7)), [1, 1, 4]);
assert.deepEqual(scanned(Buffer.alloc(60, 7)), [0, 0, 0]);
JS
node look.cjs
echo "as described"
