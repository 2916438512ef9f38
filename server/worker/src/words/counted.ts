/** Plurals of English: “1 record(s)” is one record, “2 record(s)” are two. The number is the last one before the word. */

/** Stands for `(s)` while values are put in, so that a value which has those letters keeps them. */
const MARK = '\uE000';
export const marked = (text: string): string => text.replaceAll('(s)', MARK);

export function counted(text: string): string {
  const parts = text.split(MARK);
  const last = parts.pop() ?? '';
  const words = parts.map((part) => (/(\d[\d,.]*)\D*$/.exec(part)?.[1] === '1' ? part : `${part}s`));
  return words.join('') + last;
}
