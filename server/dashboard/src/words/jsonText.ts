/** JSON as people write it: read with the place of each value, and where it is wrong, what is wrong there. */

/** What is wrong with a text as JSON. */
export type JsonWrong =
  'value' | 'member' | 'colon' | 'comma' | 'comma_more' | 'open' | 'escape' | 'number' | 'after' | 'deep' | 'twice';
export interface JsonFault {
  why: JsonWrong;
  /** Where in the text. */
  offset: number;
  /** The value that it is in, such as `fields[2].type`; empty for the whole. */
  path: string;
  /** What stands there instead; empty at the end of the text. */
  found: string;
}
export interface JsonRead {
  value: unknown;
  /** Where each value begins, by its path. */
  at: Map<string, number>;
}

/** Deeper than any form goes: what is deeper is a mistake, and would exhaust the page. */
const DEEPEST = 64;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_]\w*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const LITERALS: Record<string, unknown> = { true: true, false: false, null: null };

/** The path of a member or an item of what is at a path. */
export const within = (path: string, key: string | number): string =>
  typeof key === 'number' ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;

class Wrong extends Error {
  constructor(readonly fault: JsonFault) {
    super(fault.why);
  }
}

class Reader {
  readonly at = new Map<string, number>();
  private pos = 0;
  constructor(private readonly text: string) {}

  whole(): unknown {
    const value = this.value('', 0);
    this.space();
    if (this.pos < this.text.length) this.fail('after', '');
    return value;
  }
  private fail(why: JsonWrong, path: string, offset = this.pos): never {
    const found = this.text.slice(offset, offset + 1);
    throw new Wrong({ why, offset, path, found });
  }
  private space(): void {
    while (this.pos < this.text.length && ' \t\r\n\uFEFF'.includes(this.text[this.pos] ?? '')) this.pos += 1;
  }
  private next(pattern: RegExp): string {
    pattern.lastIndex = this.pos;
    return pattern.exec(this.text)?.[0] ?? '';
  }
  private takes(sign: string): boolean {
    this.space();
    if (this.text[this.pos] !== sign) return false;
    this.pos += 1;
    return true;
  }

  private value(path: string, depth: number): unknown {
    this.space();
    if (depth > DEEPEST) this.fail('deep', path);
    this.at.set(path, this.pos);
    const sign = this.text[this.pos] ?? '';
    if (sign === '{') return this.object(path, depth);
    if (sign === '[') return this.list(path, depth);
    if (sign === '"') return this.words(path);
    const number = this.next(NUMBER);
    if (number !== '') {
      const end = this.pos + number.length;
      if (/[\w.]/.test(this.text[end] ?? '')) this.fail('number', path);
      this.pos = end;
      return Number(number);
    }
    const word = this.next(WORD);
    if (!(word in LITERALS)) this.fail(sign === '-' ? 'number' : 'value', path);
    this.pos += word.length;
    return LITERALS[word];
  }
  private words(path: string): string {
    const begin = this.pos;
    this.pos += 1;
    for (;;) {
      const sign = this.text[this.pos];
      // A text that goes on over the end of its line was not closed on it.
      if (sign === undefined || sign === '\n') this.fail('open', path, begin);
      if (sign === '"') break;
      if (sign !== '\\') this.pos += 1;
      else {
        const escape = this.next(ESCAPE);
        if (escape === '') this.fail('escape', path);
        this.pos += escape.length;
      }
    }
    this.pos += 1;
    // A tab is no text to JSON, and means what it is.
    return JSON.parse(this.text.slice(begin, this.pos).replaceAll('\t', '\\t')) as string;
  }
  private object(path: string, depth: number): Record<string, unknown> {
    this.pos += 1;
    const entries = new Map<string, unknown>();
    if (this.takes('}')) return {};
    do {
      this.space();
      const begin = this.pos;
      if (this.text[begin] !== '"') this.fail(this.text[begin] === '}' ? 'comma_more' : 'member', path);
      const key = this.words(path);
      const inside = within(path, key);
      if (entries.has(key)) this.fail('twice', inside, begin);
      if (!this.takes(':')) this.fail('colon', inside);
      entries.set(key, this.value(inside, depth + 1));
    } while (this.takes(','));
    if (!this.takes('}')) this.fail('comma', path);
    return Object.fromEntries(entries);
  }
  private list(path: string, depth: number): unknown[] {
    this.pos += 1;
    const items: unknown[] = [];
    if (this.takes(']')) return [];
    do {
      this.space();
      if (this.text[this.pos] === ']') this.fail('comma_more', path);
      items.push(this.value(within(path, items.length), depth + 1));
    } while (this.takes(','));
    if (!this.takes(']')) this.fail('comma', path);
    return items;
  }
}

export function readJson(text: string): JsonRead | JsonFault {
  const reader = new Reader(text);
  try {
    return { value: reader.whole(), at: reader.at };
  } catch (thrown) {
    if (thrown instanceof Wrong) return thrown.fault;
    throw thrown;
  }
}

/** The line and column of a place in a text, from 1, as editors count them. */
export function lineOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: Array.from(before.slice(start)).length + 1 };
}
