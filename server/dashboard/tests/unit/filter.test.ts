import { expect, test } from 'vitest';
import { extended, settle, type Column } from '@/app/board';
import { forms } from '@/app/directory';
import { addressOf, conditionsOf, exportedColumns, refiltered, usualColumns, viewOf, type View } from '@/app/filter';
import type { RecordRow } from '@/api/types';
import { newRecordId } from '@/words/ids';
import { cornersOf, cornerText, readCorners, ringOf } from '@/words/polygon';

const view: View = {
  filter: { form: 'visit', text: '路灯', conflict: 'true' },
  columns: ['grid', 'f.purpose'],
  sort: 'captured',
};

test('a view survives the address', () => {
  expect(viewOf(addressOf(view))).toEqual(view);
  const bare: View = { filter: {}, columns: [], sort: '-changed' };
  expect(viewOf(addressOf(bare))).toEqual(bare);
});
test('a file has the columns that are shown, in their order', () => {
  expect(exportedColumns(view)).toEqual(['title', 'grid']);
  expect(exportedColumns({ ...view, columns: ['form', 'due', 'received'] })).toEqual([
    'title',
    'due_at',
    'received_at',
  ]);
});
test('what others wrote is a condition that stays in the address and goes to the server', () => {
  const only = viewOf({ received_from: '2026-06-13T00:00:00Z', by_others: 'true' });
  expect(addressOf(only)).toMatchObject({ by_others: 'true' });
  expect(conditionsOf(only.filter)).toMatchObject({ received_from: '2026-06-13T00:00:00Z', by_others: true });
});
test('corners are read and written alike, and a ring is closed', () => {
  const corners = cornersOf('117.2, 39.1\n117.3,39.1\n117.3,39.2\n');
  expect(corners).toEqual([
    [117.2, 39.1],
    [117.3, 39.1],
    [117.3, 39.2],
  ]);
  expect(cornersOf(cornerText(corners!, ';'))).toEqual(corners);
  expect(ringOf(corners!)).toHaveLength(4);
});
test('what is no polygon is told', () => {
  for (const bad of ['', '1,2\n3,4', '1,2\n3,4\n5,', '181,0\n1,1\n2,2', '1;2;3'])
    expect(cornersOf(bad), bad).toBeNull();
});
test('what is typed wrong is told with its line, and what can be read is shown', () => {
  expect(readCorners('117,39\n117.1 39\n117,39.1')).toEqual({
    corners: [
      [117, 39],
      [117, 39.1],
    ],
    wrong: { why: 'format', line: 2 },
  });
  expect(readCorners('39,117').wrong).toEqual({ why: 'swapped', line: 1 });
  expect(readCorners('181,10').wrong).toEqual({ why: 'range', line: 1 });
  expect(readCorners('117,39\n117.1，39').wrong).toEqual({ why: 'few', line: 2 });
});
test('a record id made here is a version 7 UUID of its time', () => {
  const id = newRecordId(0x0190_1234_5678, (into) => into.fill(0xff));
  expect(id).toBe('01901234-5678-7fff-bfff-ffffffffffff');
});
test('what arrives on a board stands behind what is read, marked', () => {
  const row = (id: string, received_at = '2026-06-13T08:00:00Z') => ({ record_id: id, received_at }) as RecordRow;
  const [since, later] = ['2026-06-13T09:00:00Z', '2026-06-13T10:00:00Z'];
  const fresh = new Set<string>();
  // “e” stood below what was loaded and moved up when “b” left.
  const now = [row('d', later), row('c', later), row('a'), row('e')];
  const rows = settle([row('a'), row('b'), row('c')], now, fresh, since);
  expect(rows.map((r) => r.record_id)).toEqual(['a', 'c', 'd', 'e']);
  expect([...fresh].sort()).toEqual(['c', 'd']);
});
test('another form brings its usual columns, unless others were chosen', () => {
  const label = { zh: '', en: '' };
  const field = { label, type: 'text' as const };
  forms.value = [
    {
      code: 'call',
      version: 1,
      label,
      class: 'general',
      title: 'why',
      fields: [
        { ...field, key: 'why', type: 'choose_one', choices: [] },
        { ...field, key: 'whom', type: 'reference', means: 'household' },
        { ...field, key: 'when', type: 'date_time', means: 'happened' },
      ],
    },
  ];
  const first = viewOf({});
  const visits = refiltered(first, { form: 'call' });
  expect(visits.columns).toEqual(usualColumns('call'));
  expect(visits.columns).toEqual(['form', 'grid', 'f.whom', 'f.when', 'changed']);
  expect(viewOf(addressOf(visits))).toEqual(visits);
  expect(refiltered(visits, { form: 'matter' }).columns).toEqual(first.columns);
  expect(refiltered(view, { form: 'matter' }).columns).toEqual(['grid']);
  expect(refiltered(view, { ...view.filter, text: 'x' }).columns).toEqual(view.columns);
});
test('a column of the board is extended by what follows, each card once', () => {
  const row = (id: string) => ({ record_id: id, received_at: '1' }) as RecordRow;
  const column: Column = {
    form: 'matter',
    status: 'reported',
    rows: [row('a'), row('b')],
    total: 4,
    floor: false,
    next: 'b',
  };
  const more = extended(column, { records: [row('b'), row('c')], next: 'c' });
  expect(more.rows.map((r) => r.record_id)).toEqual(['a', 'b', 'c']);
  expect(more.next).toBe('c');
  expect(extended(more, { records: [row('d')] }).next).toBeNull();
});
