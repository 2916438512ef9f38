import { beforeEach, expect, test, vi } from 'vitest';
import { ended, endedRead, forgetMine, noteMine } from '@/app/ended';
import type { Area } from '@/phone';

const area = (code: string, mine = true, level = 'grid') => ({ code, name: `网格${code}`, mine, level }) as Area;
const told = () => Object.values(ended.value);

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  });
  forgetMine();
});

test('a grid that was mine and is no more is told by its name, until it was read', () => {
  noteMine([area('1'), area('2'), area('9', false), area('99', true, 'community')]);
  expect(told()).toEqual([]);
  noteMine([area('2')]);
  expect(told()).toEqual(['网格1']);
  noteMine([area('2')]);
  expect(told()).toEqual(['网格1']);
  endedRead();
  noteMine([area('2')]);
  expect(told()).toEqual([]);
});

test('what ended while the page was closed is told at the next start', () => {
  noteMine([area('1')]);
  ended.value = {};
  noteMine([]);
  expect(told()).toEqual(['网格1']);
});

test('a grid that is given back is told no more', () => {
  noteMine([area('1')]);
  noteMine([]);
  noteMine([area('1')]);
  expect(told()).toEqual([]);
});

test('the next person is told nothing of it', () => {
  noteMine([area('1')]);
  noteMine([]);
  forgetMine();
  noteMine([area('2')]);
  expect(told()).toEqual([]);
});

test('what cannot be read is nothing', () => {
  localStorage.setItem('gridfold.worker.mine', '330101001 330101002');
  noteMine([area('1')]);
  expect(told()).toEqual([]);
});
