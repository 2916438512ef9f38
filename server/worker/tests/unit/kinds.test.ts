import { expect, test } from 'vitest';
import { emptyEntry, entriesOf, type Entries } from '@/forms/entries';
import { isKind, propose, type Proposal } from '@/forms/kinds';
import { localMoment } from '@/words/times';
import { formOf } from './double';

const form = formOf('matter.3');
const { fields } = form;
const DUE = Date.parse('2026-06-16T12:00');
const light = {
  kind: { code: 'street_light', label: '路灯损坏', department: '市政设施' },
  due: { dueAtMs: DUE, warnAtMs: null, provisional: false },
} as unknown as Proposal;
const noise = { kind: { code: 'noise', label: '噪声', department: '公安' }, due: null } as unknown as Proposal;
const words = (text: string) => ({ type: 'words', text }) as const;

test('a kind proposes who is accountable and until when', () => {
  const { changed, made } = propose(fields, entriesOf(fields), {}, light);
  expect(changed).toEqual({ department: words('市政设施'), due_at: words(localMoment(DUE)) });
  expect(made).toEqual(changed);
});

test('another kind proposes anew, and what a person wrote stays', () => {
  const first = propose(fields, entriesOf(fields), {}, light);
  const entries: Entries = { ...entriesOf(fields), ...first.changed };
  // Its time is open: what was proposed goes.
  const due = fields.find(({ key }) => key === 'due_at')!;
  expect(propose(fields, entries, first.made, noise).changed).toEqual({
    department: words('公安'),
    due_at: emptyEntry(due.kind),
  });
  const written = { ...entries, department: words('居委会') };
  expect(propose(fields, written, first.made, noise).changed).toEqual({ due_at: emptyEntry(due.kind) });
  // Nothing that is asked for is known any more.
  expect(propose(fields, entries, first.made, undefined).changed.department).toEqual(words(''));
});

test('a field that this person may not write is left alone', () => {
  const mine = fields.filter(({ key }) => key !== 'due_at');
  expect(propose(mine, entriesOf(mine), {}, light).changed).toEqual({ department: words('市政设施') });
});

test('the kind stands where the form says, else in the field of that name of a matter', () => {
  expect(fields.filter((field) => isKind(form, field)).map(({ key }) => key)).toEqual(['kind']);
  expect(isKind({ ...form, means: 'visit' }, fields[0]!)).toBe(false);
});
