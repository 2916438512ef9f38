/** Grids that were taken from this phone because their grants ended: told until the person has read it. */
import { ref } from 'vue';
import { areas } from './forms';

const KEPT = 'gridfold.worker.ended';
const codes = (text: string) => text.split(' ').filter((code) => code !== '');

export const ended = ref<string[]>(codes(typeof window === 'undefined' ? '' : (localStorage.getItem(KEPT) ?? '')));
/** Streams are named by grid and sensitivity; a grid of which some are still read here goes on. */
export function noteErased(streams: string[]): void {
  const grids = streams
    .map((stream) => stream.split('/')[0] ?? '')
    .filter((code) => code !== '' && !areas.value.some((area) => area.mine && area.code === code));
  if (grids.length === 0) return;
  ended.value = [...new Set([...ended.value, ...grids])];
  localStorage.setItem(KEPT, ended.value.join(' '));
}

export function endedRead(): void {
  ended.value = [];
  localStorage.removeItem(KEPT);
}
