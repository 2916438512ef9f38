/** Why a search found a record: which of its values has what was typed, also by the first letters of its sounds. */
import type { Field, Form, RecordRow } from '@/api/types';
import { FIELDS_MOST, isRestricted } from './telling';

const TEXTS = new Set<Field['type']>(['text', 'long_text', 'person', 'group']);

/** The keys of what can be searched by words and may be read without a note in the audit: after those that are shown in any case. */
export function keysSearched(forms: Form[], beside: string[]): string[] {
  const shut = new Set(forms.flatMap((form) => form.fields.filter((f) => isRestricted(form, f)).map((f) => f.key)));
  const all = forms.flatMap((form) => form.fields.filter((f) => TEXTS.has(f.type)).map((f) => f.key));
  return [...new Set([...beside, ...all])].filter((key) => !shut.has(key)).slice(0, FIELDS_MOST);
}

/** The first character of each letter in the order of sounds; no word of Chinese begins with I, U or V. */
const FIRST = '阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨他屲夕丫帀';
const LETTERS = 'abcdefghjklmnopqrstwxyz';
const bySound = new Intl.Collator('zh-CN-u-co-pinyin');
const HAN = /\p{Script=Han}/u;

/** A text by the first letters of its sounds, sign for sign: 张先生 is `zxs`. What is no Chinese stays. */
export function initials(text: string): string {
  const letter = (sign: string): string => {
    if (!HAN.test(sign)) return sign;
    let at = LETTERS.length - 1;
    while (at > 0 && bySound.compare(sign, FIRST[at] ?? '') < 0) at -= 1;
    return LETTERS[at] ?? sign;
  };
  return Array.from(text, letter).join('');
}

const plain = (text: string): string => text.normalize('NFKC').toLowerCase();

/** As much of a text as stands beside a name, around what was found in it. */
const AROUND = 12;
const MOST = 40;
function part(text: string, at: number, length: number): string {
  const signs = Array.from(text.replace(/\s+/g, ' '));
  if (signs.length <= MOST) return signs.join('');
  const from = Math.max(0, at - AROUND);
  const until = at + length + AROUND;
  return `${from > 0 ? '…' : ''}${signs.slice(from, until).join('')}${until < signs.length ? '…' : ''}`;
}

/** Where a word is in a text, sign for sign; by its sounds only where it is letters. */
function foundAt(text: string, word: string): number {
  const at = plain(text).indexOf(word);
  if (at >= 0) return Array.from(plain(text).slice(0, at)).length;
  return /^[a-z]+$/.test(word) ? plain(initials(text)).indexOf(word) : -1;
}

/** The texts of a value, with the member of a group that each is of. */
function textsOf(field: Field, value: unknown): { member?: Field; text: string }[] {
  if (typeof value === 'string') return [{ text: value }];
  if (Array.isArray(value) && field.type === 'group')
    return value.flatMap((item: Record<string, unknown>) =>
      (field.members ?? []).flatMap((member) => {
        const text = item[member.key];
        return typeof text === 'string' && TEXTS.has(member.type) ? [{ member, text }] : [];
      }),
    );
  const name = typeof value === 'object' && value !== null ? (value as { name?: unknown }).name : undefined;
  return typeof name === 'string' ? [{ text: name }] : [];
}

export interface Matched {
  field: Field;
  member?: Field;
  text: string;
}
/** For each word that the title has not, the first value that has it. */
export function matchedIn(form: Form | undefined, row: Pick<RecordRow, 'title' | 'fields'>, typed: string): Matched[] {
  const words = plain(typed)
    .split(/\s+/)
    .filter((word) => word !== '' && foundAt(row.title, word) < 0);
  const all = (form?.fields ?? []).flatMap((field) =>
    textsOf(field, row.fields?.[field.key]).map((of) => ({ field, ...of })),
  );
  const found = new Map<string, Matched>();
  for (const word of words) {
    const hit = all.find(({ text }) => foundAt(text, word) >= 0);
    if (!hit) continue;
    const text = part(hit.text, foundAt(hit.text, word), word.length);
    found.set(`${hit.field.key} ${hit.member?.key ?? ''} ${hit.text}`, { ...hit, text });
  }
  return [...found.values()];
}
