import { beforeEach, expect, test, vi } from 'vitest';
import { useTyping } from '@/forms/typing';
import { openStore } from '@/phone';
import { forms, lookUp } from '@/app/forms';
import { double, type Held } from './double';

let held: Held;
vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
vi.mock('@gridfold/phone', () => ({
  storeInfo: () => Promise.resolve({ exists: true, key: 'Browser', persisted: true }),
  PhoneError: class extends Error {},
  openPhone: () => Promise.resolve(current.phone),
}));
let current = double();

beforeEach(async () => {
  current = double();
  held = current.held;
  await openStore('zh-CN', false);
  await lookUp();
  expect(forms.value).toHaveLength(2);
});

test('every key is a draft on disk, and saving makes it a record', async () => {
  const made: string[] = [];
  const typing = useTyping((id) => made.push(id));
  expect(await typing.begin({ what: 'new', form: 'visit' })).toBe(true);
  expect(held.saves).toHaveLength(0);
  for (const text of ['老', '老人', '老人独居']) {
    typing.write('notes', { type: 'words', text });
    await typing.settled();
    expect(held.saves.at(-1)!.operations).toContainEqual({ type: 'SetLongText', field: 'notes', text });
  }
  expect(made).toEqual(['draft-1']);
  expect(held.drafts.size).toBe(1);
  typing.write('purpose', { type: 'one', key: 'care' });
  expect(await typing.save()).toEqual({ saved: 'r1' });
  expect(held.drafts.size).toBe(0);
});

test('what is missing is said once, and saved all the same when it is said again', async () => {
  const typing = useTyping(() => undefined);
  await typing.begin({ what: 'new', form: 'visit' });
  typing.write('notes', { type: 'words', text: '无人' });
  expect(await typing.save()).toEqual({ missing: true });
  expect(typing.missing.value).toEqual(['purpose']);
  expect(await typing.save()).toEqual({ saved: 'r1' });
});

test('a field that a condition hides again is not written', async () => {
  const typing = useTyping(() => undefined);
  await typing.begin({ what: 'new', form: 'visit' });
  expect(typing.shown.value.map(({ key }) => key)).not.toContain('safety_finding');
  typing.write('safety_checked', { type: 'yesNo', yes: true });
  await vi.waitFor(() => expect(typing.shown.value.map(({ key }) => key)).toContain('safety_finding'));
  typing.write('safety_finding', { type: 'words', text: '线路老化' });
  typing.write('safety_checked', { type: 'yesNo', yes: false });
  typing.write('purpose', { type: 'one', key: 'safety' });
  await vi.waitFor(() => expect(typing.shown.value.map(({ key }) => key)).not.toContain('safety_finding'));
  await typing.save();
  const fields = held.saves.at(-1)!.operations.map((one) => ('field' in one ? one.field : ''));
  expect(fields).toContain('safety_checked');
  expect(fields).not.toContain('safety_finding');
});

test('a number that is none is named and nothing is saved', async () => {
  const typing = useTyping(() => undefined);
  await typing.begin({ what: 'new', form: 'visit' });
  typing.write('minutes', { type: 'words', text: '二十' });
  expect(await typing.save()).toEqual({ wrong: 'minutes' });
  expect(typing.wrong.value.minutes).toBe('请输入整数。');
  expect(held.records.size).toBe(0);
});

test('a draft goes on where it was left, half a number and all', async () => {
  const first = useTyping(() => undefined);
  await first.begin({ what: 'new', form: 'visit' });
  first.write('minutes', { type: 'words', text: '二' });
  first.write('needs', { type: 'many', keys: ['meals'] });
  await first.settled();
  const again = useTyping(() => undefined);
  expect(await again.begin({ what: 'draft', id: 'draft-1' })).toBe(true);
  expect(again.entries.minutes).toEqual({ type: 'words', text: '二' });
  expect(again.entries.needs).toEqual({ type: 'many', keys: ['meals'] });
});
