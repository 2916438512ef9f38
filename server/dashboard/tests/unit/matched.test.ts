import { expect, test } from 'vitest';
import type { Form } from '@/api/types';
import { initials, keysSearched, matchedIn } from '@/words/matched';

const label = { zh: '甲', en: 'A' };
const form = {
  code: 'home',
  version: 1,
  label,
  class: 'personal',
  title: 'address',
  fields: [
    { key: 'address', label, type: 'text' },
    { key: 'head', label, type: 'text' },
    { key: 'size', label, type: 'integer' },
    { key: 'people', label, type: 'group', members: [{ key: 'name', label, type: 'text' }] },
    { key: 'notes', label, type: 'long_text' },
    { key: 'ill', label, type: 'text', class: 'restricted' },
  ],
} satisfies Form;
const row = (fields: object) => ({ title: '3号楼', fields: { address: '3号楼', ...fields } }) as never;
const said = (fields: object, typed: string) =>
  matchedIn(form, row(fields), typed).map(({ field, member, text }) => [field.key, member?.key, text]);

test('Chinese is known by the first letters of its sounds', () => {
  expect(initials('张先生')).toBe('zxs');
  expect(initials('欧阳阿姨 八号')).toBe('oyay bh');
  expect(initials('重庆Qing')).toMatch(/^[zc]qQing$/);
});
test('what was found stands beside the title that does not have it', () => {
  expect(said({ head: '张先生' }, 'zxs')).toEqual([['head', undefined, '张先生']]);
  expect(said({ head: '张先生' }, '张先生')).toEqual([['head', undefined, '张先生']]);
  expect(said({ people: [{ key: 'm', name: '李奶奶' }] }, '３号楼 lnn')).toEqual([['people', 'name', '李奶奶']]);
  expect(said({ head: '张先生' }, '3号楼')).toEqual([]);
  expect(said({ head: '张先生' }, 'wang')).toEqual([]);
});
test('of a long text what is around it', () => {
  const notes = `${'前'.repeat(50)}血压药${'后'.repeat(50)}`;
  const [[, , text]] = said({ notes }, '血压药') as [[string, undefined, string]];
  expect(text).toBe(`…${'前'.repeat(12)}血压药${'后'.repeat(12)}…`);
});
test('what is restricted is not asked for', () => {
  expect(keysSearched([form], ['size'])).toEqual(['size', 'address', 'head', 'people', 'notes']);
});
