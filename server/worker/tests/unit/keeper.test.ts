import { expect, test } from 'vitest';
import type { Draft } from '@gridfold/phone';
import { Keeper } from '@/forms/keeper';

const draft = (text: string): Draft => ({
  grid: 'g1',
  form: 'visit',
  operations: [{ type: 'SetLongText', field: 'notes', text }],
});

test('one save runs at a time, and the newest is never left out', async () => {
  const saved: Draft[] = [];
  const open: (() => void)[] = [];
  const ids: string[] = [];
  const keeper = new Keeper(
    (one) =>
      new Promise((resolve) => {
        saved.push(one);
        open.push(() => resolve('d1'));
      }),
    (id) => ids.push(id),
    () => undefined,
  );
  keeper.keep(draft('a'));
  keeper.keep(draft('ab'));
  keeper.keep(draft('abc'));
  expect(saved).toHaveLength(1);
  open[0]!();
  await Promise.resolve();
  while (saved.length < 2) await new Promise((resolve) => setImmediate(resolve));
  open[1]!();
  await keeper.settled();
  expect(saved.map(({ operations }) => operations)).toEqual([draft('a').operations, draft('abc').operations]);
  // The second replaces the first: there is one draft and not one a key.
  expect(saved[1]!.id).toBe('d1');
  expect(ids).toEqual(['d1']);
});

test('what could not be kept is said, and the next key tries again', async () => {
  let full = true;
  const said: unknown[] = [];
  const keeper = new Keeper(
    () => (full ? Promise.reject(new Error('full')) : Promise.resolve('d1')),
    () => undefined,
    (error) => said.push(error),
  );
  keeper.keep(draft('a'));
  await keeper.settled();
  full = false;
  keeper.keep(draft('ab'));
  await keeper.settled();
  expect(said[0]).toBeInstanceOf(Error);
  expect(said.at(-1)).toBeUndefined();
});
