/** Rows of records that something refers to: asked for many at once, and kept while the page is open. */
import { reactive } from 'vue';
import { api } from '@/api/client';
import type { RecordRow } from '@/api/types';
import { keysSearched } from '@/words/matched';
import { keysBeside } from '@/words/telling';
import { t } from '@/messages';
import { forms, loadForms, titleOf } from './directory';
import { session } from './session';

/** Null: asked for, or not to be had. */
const rows = reactive(new Map<string, RecordRow | null>());
const wanted: string[] = [];
const AT_ONCE = 200;

/** The fields of lists by which records of one name are told apart. */
export const besideKeys = (): string[] => keysBeside(forms.value);
/** The same with those in which a search finds words, so that it can be told where. */
export const searchedKeys = (): string[] => keysSearched(forms.value, besideKeys());

/** A record by its id; nothing until it is known, and for ever when it is not ours to see. */
export function rowOf(id: string): RecordRow | undefined {
  const known = rows.get(id);
  if (known !== undefined || session.state !== 'in') return known ?? undefined;
  rows.set(id, null);
  wanted.push(id);
  if (wanted.length === 1) queueMicrotask(() => void ask());
  return undefined;
}
/** What was asked for in vain. */
const missing = reactive(new Set<string>());

/** What names a record that another one refers to. Its id says nothing to people. */
export function recordTitle(id: string): string {
  const row = rowOf(id);
  if (row) return titleOf(row.title, row.form) || t('records.untitled');
  return missing.has(id) ? t('records.unseen') : '…';
}

export function rememberRows(list: RecordRow[]): void {
  for (const row of list) rows.set(row.record_id, row);
}

/** What is asked for between two turns of the page goes in one request. */
async function ask(): Promise<void> {
  await loadForms().catch(() => undefined);
  while (wanted.length > 0) {
    const ids = wanted.splice(0, AT_ONCE);
    const query = { id: ids.join(','), deleted: true, fields: besideKeys().join(','), limit: AT_ONCE };
    api.get('/v1/records', { query, background: true }).then(
      ({ records }) => {
        rememberRows(records);
        const found = new Set(records.map((row) => row.record_id));
        for (const id of ids) if (!found.has(id)) missing.add(id);
      },
      () => {
        // What refers to them says enough.
        for (const id of ids) missing.add(id);
      },
    );
  }
}

/** Everything known is of the one who was signed in. */
export function forgetRows(): void {
  rows.clear();
  missing.clear();
}
