/** Plurals of English: “1 record(s)” is one record, “2 record(s)” are two. The number is the last one before the word. */
const MARK = '(s)';

export function counted(text: string): string {
  if (!text.includes(MARK)) return text;
  const parts = text.split(MARK);
  return parts.slice(0, -1).map((part) => {
    const n = /(\d[\d,.]*)\D*$/.exec(part)?.[1];
    return n === '1' ? part : `${part}s`;
  }).join('') + (parts.at(-1) ?? '');
}
