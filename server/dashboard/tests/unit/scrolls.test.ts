import { expect, test } from 'vitest';
import { waysToMore } from '@/app/scrolls';

const at = (scrollLeft: number, scrollTop = 0) => ({
  scrollLeft,
  scrollTop,
  clientWidth: 100,
  clientHeight: 50,
  scrollWidth: 300,
  scrollHeight: 50,
});

test('there is more where something is out of sight, and nowhere else', () => {
  expect(waysToMore(at(0))).toEqual(['right']);
  expect(waysToMore(at(90))).toEqual(['left', 'right']);
  expect(waysToMore(at(200))).toEqual(['left']);
  expect(waysToMore(at(199.5))).toEqual(['left']);
  expect(waysToMore({ ...at(0), scrollWidth: 100, scrollHeight: 80 })).toEqual(['down']);
  expect(waysToMore({ ...at(0, 30), scrollWidth: 100, scrollHeight: 80 })).toEqual(['up']);
  expect(waysToMore({ ...at(0), scrollWidth: 101 })).toEqual([]);
});
