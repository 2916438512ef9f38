/** How far the server's lists are behind what it has acknowledged, by its newest answer. */
import { reactive } from 'vue';

const HEADER = 'gridfold-views-behind';

export const behind = reactive({
  /** Entries that were saved and are not in lists yet. */
  entries: 0,
});

export function noteBehind(headers: Headers): void {
  const entries = Number(headers.get(HEADER) ?? 0);
  behind.entries = Number.isFinite(entries) ? entries : 1;
}
