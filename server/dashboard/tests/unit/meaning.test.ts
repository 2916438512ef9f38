import { expect, test } from 'vitest';
import type { Form, Transition } from '@/api/types';
import {
  aboutFields,
  closingWithReply,
  dispatchStep,
  dispatchWay,
  fieldFor,
  formsThat,
  isUnacknowledged,
  stageOf,
  wayToClosed,
} from '@/words/meaning';

const label = { zh: '名', en: 'Name' };
const step = (action: string, from: string[], to: string, more: Partial<Transition> = {}): Transition => ({
  action,
  label,
  from,
  to,
  roles: ['supervisor'],
  ...more,
});
/** No name of it is one of a built-in form. */
const repair: Form = {
  code: 'repair',
  version: 1,
  label,
  class: 'general',
  means: 'matter',
  fields: [
    { key: 'wanted_by', label, type: 'date_time', means: 'due' },
    { key: 'mechanic', label, type: 'text', means: 'doer' },
    { key: 'answer', label, type: 'long_text', means: 'reply' },
    { key: 'order', label, type: 'reference', form: 'order' },
  ],
  lifecycle: {
    initial: 'called_in',
    statuses: [
      { key: 'called_in', label, rank: 1 },
      { key: 'underway', label, rank: 2 },
      { key: 'mended', label, rank: 3, done: true },
      { key: 'told', label, rank: 4, done: true },
      { key: 'paid', label, rank: 5, closed: true },
    ],
    transitions: [
      step('send', ['called_in'], 'underway', { means: 'dispatch' }),
      step('mend', ['underway'], 'mended'),
      step('tell', ['mended'], 'told', { needs: ['answer'] }),
      step('pay', ['mended', 'told'], 'paid'),
    ],
  },
};

test('fields and forms are found by what they mean', () => {
  expect(fieldFor(repair, 'due')?.key).toBe('wanted_by');
  expect(fieldFor(repair, 'place')).toBeUndefined();
  expect(fieldFor(undefined, 'due')).toBeUndefined();
  expect(aboutFields(repair).map((f) => f.key)).toEqual(['order']);
  expect(formsThat([repair, { ...repair, means: undefined }], 'matter')).toEqual([repair]);
});
test('a status is open, done or closed, and a task waits in its first', () => {
  expect(['called_in', 'mended', 'paid', 'unknown'].map((s) => stageOf(repair, s))).toEqual([
    'open',
    'done',
    'closed',
    'open',
  ]);
  expect(isUnacknowledged(repair, 'called_in')).toBe(false);
  expect(isUnacknowledged({ ...repair, means: 'task' }, 'called_in')).toBe(true);
  expect(isUnacknowledged({ ...repair, means: 'task' }, 'underway')).toBe(false);
});
test('work is dispatched and closed by the steps of its form', () => {
  expect(dispatchStep(repair, 'called_in')?.action).toBe('send');
  expect(dispatchStep(repair, 'mended')).toBeUndefined();
  expect(wayToClosed(repair, 'called_in', () => true)?.map((s) => s.action)).toEqual(['send', 'mend', 'pay']);
  expect(wayToClosed(repair, 'called_in', (s) => s.action !== 'pay')).toBeNull();
  const may = ['supervisor'];
  expect(closingWithReply(repair, 'mended', may)).toEqual({ reply: 'answer', actions: ['tell', 'pay'] });
  expect(closingWithReply(repair, 'told', may)).toEqual({ reply: null, actions: ['pay'] });
  expect(closingWithReply(repair, 'underway', may)).toBeNull();
  expect(closingWithReply(repair, 'mended', ['auditor'])).toBeNull();
});
test('work is dispatched from where it is, with what leads up to it and nothing that goes back', () => {
  const statuses = ['reported', 'accepted', 'sent', 'returned', 'done'].map((key, i) => ({ key, label, rank: i }));
  const form: Form = {
    ...repair,
    lifecycle: {
      initial: 'reported',
      statuses,
      transitions: [
        step('accept', ['reported'], 'accepted'),
        step('dispatch', ['accepted', 'returned'], 'sent', { means: 'dispatch' }),
        step('return', ['sent'], 'returned'),
        step('redo', ['done'], 'accepted'),
      ],
    },
  };
  const way = (from: string, role = 'supervisor') =>
    dispatchWay(form, from, (s) => s.roles.some((r) => r === role))?.map((s) => s.action);
  expect(way('reported')).toEqual(['accept', 'dispatch']);
  expect(way('accepted')).toEqual(['dispatch']);
  expect(way('returned')).toEqual(['dispatch']);
  expect([way('sent'), way('done'), way('reported', 'worker'), way('accepted', 'worker')]).toEqual(
    Array(4).fill(undefined),
  );
  const asks = (more: Partial<Transition>) => {
    const [accept, ...rest] = form.lifecycle!.transitions;
    const lifecycle = { ...form.lifecycle!, transitions: [{ ...accept!, ...more }, ...rest] };
    return dispatchWay({ ...form, lifecycle }, 'reported', () => true);
  };
  expect(asks({ note: true })).toBeNull();
  expect(asks({ needs: ['answer'] })).toBeNull();
});
