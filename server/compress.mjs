/**
 * Writes the compressed forms of a web app's files beside them, as the server's build embeds them.
 *
 * node server/compress.mjs DIST
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** What is smaller gains nothing. */
const FROM_BYTES = 512;
/** Of these compression makes nothing smaller. */
const COMPRESSED = new Set(['.br', '.gz', '.png', '.jpg', '.jpeg', '.webp', '.woff2', '.gif', '.avif']);
const QUALITY = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 };

const dist = process.argv[2];
for (const name of readdirSync(dist, { recursive: true })) {
  const file = join(dist, name);
  if (extname(name) === '' || COMPRESSED.has(extname(name).toLowerCase())) continue;
  const bytes = readFileSync(file);
  if (bytes.length < FROM_BYTES) continue;
  const params = { ...QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}
