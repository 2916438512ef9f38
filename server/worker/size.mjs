/** What the first visit loads, compressed as the server sends it: everything that the service worker keeps. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const MOST_BYTES = 1_300_000;
const DIST = new URL('./dist/', import.meta.url).pathname;
/** Asked for when somebody scans, and where the map is near. */
const LATER = /zxing|ponyfill|MapView|maplibre/;
const COMPRESSED_ALREADY = new Set(['.png']);
/** Forms of other files. */
const BESIDE = new Set(['.br', '.gz']);

let sum = 0;
const rows = [];
for (const name of readdirSync(DIST, { recursive: true })) {
  if (LATER.test(name) || extname(name) === '' || BESIDE.has(extname(name))) continue;
  const bytes = readFileSync(join(DIST, name));
  const size = COMPRESSED_ALREADY.has(extname(name))
    ? bytes.length
    : brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
  rows.push([size, name]);
  sum += size;
}
rows.sort(([a], [b]) => b - a);
for (const [size, name] of rows.slice(0, 6)) process.stdout.write(`${String(size).padStart(9)}  ${name}\n`);
process.stdout.write(`${String(sum).padStart(9)}  in all, of at most ${MOST_BYTES}\n`);
if (sum > MOST_BYTES) {
  process.stderr.write("the first load of the worker's app is too large\n");
  process.exit(1);
}
