/** Reads what the page downloads: rows of a CSV file, and of the first sheet of a workbook. */
import assert from 'node:assert/strict';
import { inflateRawSync } from 'node:zlib';

/** Rows of cells; quotes as spreadsheets write them. */
export function csvRows(text) {
  const rows = [[]];
  for (const [, quoted, bare, end] of text
    .replace(/^\ufeff/, '')
    .matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1).push(quoted === undefined ? bare : quoted.replaceAll('""', '"'));
    if (end === '') break;
    if (end !== ',') rows.push([]);
  }
  return rows.filter((row) => row.length > 1 || row[0] !== '');
}

const CENTRAL = 0x02014b50;
const END = 0x06054b50;
/** The files of a zip archive by name. */
function unzipped(bytes) {
  let end = bytes.length - 22;
  while (end >= 0 && bytes.readUInt32LE(end) !== END) end -= 1;
  assert.ok(end >= 0, 'this is no zip archive');
  const files = new Map();
  let at = bytes.readUInt32LE(end + 16);
  for (let n = bytes.readUInt16LE(end + 10); n > 0; n -= 1) {
    assert.equal(bytes.readUInt32LE(at), CENTRAL);
    const [name, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    const local = bytes.readUInt32LE(at + 42);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(start, start + bytes.readUInt32LE(at + 20));
    const isPacked = bytes.readUInt16LE(at + 10) !== 0;
    files.set(bytes.toString('utf8', at + 46, at + 46 + name), isPacked ? inflateRawSync(data) : data);
    at += 46 + name + extra + comment;
  }
  return files;
}

const plain = (xml) =>
  xml.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
/** Rows of cells as text; a cell that is not there is empty. */
export function sheetRows(bytes) {
  const files = unzipped(bytes);
  const text = (name) => files.get(name)?.toString('utf8') ?? '';
  const shared = [...text('xl/sharedStrings.xml').matchAll(/<si>(.*?)<\/si>/gs)].map(([, si]) =>
    plain([...si.matchAll(/<t[^>]*>(.*?)<\/t>/gs)].map(([, t]) => t).join('')),
  );
  const styles = text('xl/styles.xml');
  const formats = new Map(
    [...styles.matchAll(/<numFmt numFmtId="(\d+)" formatCode="([^"]*)"/g)].map(([, id, code]) => [id, code]),
  );
  const used = styles.match(/<cellXfs.*?<\/cellXfs>/s)?.[0] ?? '';
  const isTime = [...used.matchAll(/<xf numFmtId="(\d+)"/g)].map(([, id]) => /yyyy/.test(formats.get(id) ?? ''));
  // A moment is the days since the spreadsheet's own beginning, shown as its style says.
  const shown = (value, style) =>
    isTime[style] && value !== ''
      ? new Date(Math.round((Number(value) - 25_569) * 86_400) * 1_000).toISOString().slice(0, 19).replace('T', ' ')
      : value;
  return [...text('xl/worksheets/sheet1.xml').matchAll(/<row [^>]*?>(.*?)<\/row>/gs)].map(([, row]) => {
    const cells = [];
    for (const [, letters, more, value] of row.matchAll(/<c r="([A-Z]+)\d+"([^>]*)>(?:<v>(.*?)<\/v>)?/gs)) {
      const column = [...letters].reduce((n, letter) => n * 26 + letter.charCodeAt(0) - 64, 0) - 1;
      const style = Number(more.match(/ s="(\d+)"/)?.[1] ?? 0);
      cells[column] = / t="s"/.test(more) ? shared[Number(value)] : shown(plain(value ?? ''), style);
    }
    return Array.from(cells, (cell) => cell ?? '');
  });
}
