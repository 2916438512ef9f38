/**
 * Grids that are this person's no more: told until the person has read it. Found by what was theirs before and
 * not by what a sync reports, which nobody hears when the page is closed in that moment.
 */
import { ref } from 'vue';
import type { Area } from '@/phone';

/** Names by code: a grid whose grant has ended is in the directory no more. */
type Names = Record<string, string>;
const MINE = 'gridfold.worker.mine';
const ENDED = 'gridfold.worker.ended';

function kept(key: string): Names {
  try {
    return (JSON.parse(localStorage.getItem(key) ?? '{}') ?? {}) as Names;
  } catch {
    return {};
  }
}

/** The names are asked for after every change of the store; they change once in months. */
function keep(key: string, names: Names): void {
  const text = JSON.stringify(names);
  if (localStorage.getItem(key) !== text) localStorage.setItem(key, text);
}

export const ended = ref<Names>({});

export function noteMine(areas: Area[]): void {
  const now = areas.filter(({ mine, level }) => mine && level === 'grid');
  const goesOn = new Set(now.map(({ code }) => code));
  const gone = Object.entries({ ...kept(ENDED), ...kept(MINE) }).filter(([code]) => !goesOn.has(code));
  ended.value = Object.fromEntries(gone);
  keep(ENDED, ended.value);
  keep(MINE, Object.fromEntries(now.map(({ code, name }) => [code, name])));
}

export function endedRead(): void {
  ended.value = {};
  localStorage.removeItem(ENDED);
}

/** What is told is told to the person who had it. */
export function forgetMine(): void {
  endedRead();
  localStorage.removeItem(MINE);
}
