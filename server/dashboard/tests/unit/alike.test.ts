import { beforeEach, expect, test } from 'vitest';
import type { Area } from '@/api/types';
import { areaName, areaPath, areaShort, forget, rememberAreas } from '@/app/directory';
import { session } from '@/app/session';

const area = (code: string, name: string, parent?: string): Area => ({
  code,
  name,
  ...(parent ? { parent } : {}),
  level: 'x',
  children: 0,
  has_boundary: false,
  retired: false,
});
const EAST = [
  area('c', '城区'),
  area('a', '东街', 'c'),
  area('a-1', '和平社区', 'a'),
  area('a-1-1', '第一网格', 'a-1'),
  area('a-1-2', '第二网格', 'a-1'),
];
const WEST = [area('b', '西街', 'c'), area('b-1', '和平社区', 'b'), area('b-1-1', '第一网格', 'b-1')];

beforeEach(() => {
  forget();
  session.me = null;
});

test('a name that is met once says enough', () => {
  rememberAreas(EAST);
  expect(areaName('a-1')).toBe('和平社区');
  expect(areaShort('a-1-1')).toBe('和平社区 / 第一网格');
});
test('of communities and grids that are called alike each stands with what it lies in, only as far up as it takes', () => {
  rememberAreas([...EAST, ...WEST]);
  expect([areaName('a-1'), areaName('b-1')]).toEqual(['东街 / 和平社区', '西街 / 和平社区']);
  expect(areaName('a')).toBe('东街');
  expect([areaName('a-1-1'), areaShort('b-1-1')]).toEqual(['东街 / 和平社区 / 第一网格', '西街 / 和平社区 / 第一网格']);
  expect([areaName('a-1-2'), areaShort('a-1-2')]).toEqual(['第二网格', '和平社区 / 第二网格']);
});
test('what is above areas of ones own goes without saying, unless they are called alike', () => {
  const grant = (code: string) => ({ role: 'supervisor', area: code });
  session.me = { grants: [grant('a-1')] } as unknown as typeof session.me;
  rememberAreas(EAST);
  expect(areaPath('a-1-1')).toBe('和平社区 / 第一网格');
  session.me = { grants: [grant('a-1'), grant('b-1')] } as unknown as typeof session.me;
  rememberAreas(WEST);
  expect([areaPath('a-1'), areaPath('b-1')]).toEqual(['东街 / 和平社区', '西街 / 和平社区']);
  expect(areaPath('a-1-1')).toBe('东街 / 和平社区 / 第一网格');
});
test('two that nothing tells apart are called the same, and that ends', () => {
  rememberAreas([area('x', '甲'), area('y', '甲')]);
  expect([areaName('x'), areaName('y')]).toEqual(['甲', '甲']);
});
