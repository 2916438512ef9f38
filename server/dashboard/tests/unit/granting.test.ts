import { expect, test } from 'vitest';
import { areasToGive, liesIn, rolesToGive } from '@/words/granting';

const parents: Record<string, string> = { grid: 'community', community: 'street', street: '', other: 'street' };
const parentOf = (code: string) => Promise.resolve(parents[code] ?? '');

test('a supervisor is offered workers of their own areas and nothing above or beside', async () => {
  const own = [{ role: 'supervisor' as const, area: 'community' }];
  expect(rolesToGive(own)).toEqual(['worker']);
  const areas = areasToGive(own, 'worker');
  expect(areas).toEqual(['community']);
  const offered = await Promise.all(Object.keys(parents).map((code) => liesIn(code, areas, parentOf)));
  expect(offered).toEqual([true, true, false, false]);
});
test('who is administrator here and supervisor there gives each what the server takes', () => {
  const own = [
    { role: 'admin' as const, area: 'community' },
    { role: 'supervisor' as const, area: 'other' },
  ];
  expect(rolesToGive(own)).toEqual(['worker', 'supervisor', 'admin', 'auditor', 'service']);
  expect(areasToGive(own, 'worker')).toEqual(['community', 'other']);
  expect(areasToGive(own, 'auditor')).toEqual(['community']);
});
test('everywhere is for whose grant is of no area', async () => {
  expect(areasToGive([{ role: 'admin' }], 'service')).toBeNull();
  expect(areasToGive([{ role: 'supervisor' }, { role: 'admin', area: 'a' }], 'worker')).toBeNull();
  expect(areasToGive([{ role: 'supervisor' }, { role: 'admin', area: 'a' }], 'admin')).toEqual(['a']);
  expect(await liesIn('grid', null, parentOf)).toBe(true);
});
test('workers and auditors give nothing', () => {
  expect(rolesToGive([{ role: 'worker', area: 'grid' }, { role: 'auditor' }])).toEqual([]);
});
