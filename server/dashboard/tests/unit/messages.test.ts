import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { catalogue } from '@/messages';

const SRC = new URL('../../src', import.meta.url).pathname;
const entries = Object.entries(catalogue as Record<string, readonly string[]>);
const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(vue|ts)$/.test(name) && !name.startsWith('messages/'))
  .map((name) => readFileSync(join(SRC, name), 'utf8'))
  .join('\n');

test('every message is there in both languages', () => {
  for (const [key, said] of entries) {
    expect(said, key).toHaveLength(2);
    for (const text of said) expect(text.trim(), key).not.toBe('');
  }
});

test('both languages take the same values', () => {
  const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
  for (const [key, [zh, en]] of entries) expect(names(en ?? ''), key).toEqual(names(zh ?? ''));
});

test('no message has a character that the messages’ own syntax would read', () => {
  for (const [key, said] of entries) for (const text of said) expect(text, key).not.toMatch(/[@|]/);
});

test('no key is there twice', () => {
  const files = readdirSync(join(SRC, 'messages')).filter((name) => name !== 'index.ts');
  const keys = files.flatMap((name) =>
    [...readFileSync(join(SRC, 'messages', name), 'utf8').matchAll(/^ {2}'([\w.]+)':/gm)].map((m) => m[1]),
  );
  expect(keys.length).toBe(new Set(keys).size);
  expect(keys.length).toBe(entries.length);
});

test('every message is used', () => {
  // These are named by what they say: a role, why a text is no value.
  const named = (key: string) =>
    /^(role|evidence|typed|formDraft|map\.look|map\.sign|deadline|deadline\.why|reports\.(unit|measure|of))\./.test(
      key,
    );
  const unused = entries.map(([key]) => key).filter((key) => !named(key) && !sources.includes(`'${key}'`));
  expect(unused).toEqual([]);
});
