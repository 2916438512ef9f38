/** What tells a record from others of its name, in words: about whom, what, when, where and who. */
import type { RecordRow } from '@/api/types';
import { t } from '@/messages';
import { aboutFields, fieldFor } from '@/words/meaning';
import { firstWords } from '@/words/telling';
import { areaShort, form as formOf } from './directory';
import { recordTitle, rowOf } from './rows';
import { recordPlace, time, value } from './say';

export type Aspect = 'about' | 'details' | 'when' | 'where' | 'spot' | 'who' | 'maker';
export interface Told {
  aspect: Aspect;
  text: string;
}

/** The household of a record; of a task the one that its matter is about. */
function householdOf(row: RecordRow): string | undefined {
  if (row.household) return row.household;
  for (const field of aboutFields(formOf(row.form))) {
    const about = row.fields?.[field.key];
    const household = typeof about === 'string' ? rowOf(about)?.household : undefined;
    if (household) return household;
  }
  return undefined;
}

/** What the fields of these meanings say, in words. */
function saidBy(row: RecordRow, ...meanings: Parameters<typeof fieldFor>[1][]): string {
  const form = formOf(row.form);
  for (const meaning of meanings) {
    const field = fieldFor(form, meaning);
    const words = field ? value(row.form, field.key, row.fields?.[field.key]) : '';
    if (words !== '') return words;
  }
  return '';
}

function whenOf(row: RecordRow): string {
  if (formOf(row.form)?.means === 'household')
    return row.last_visited_at ? t('telling.visited', { at: time(row.last_visited_at) }) : '';
  return saidBy(row, 'happened') || time(row.captured_at);
}

/**
 * What stands beside a title, in the order in which people ask for it. `without`: what the page shows already.
 * `closer`: also what else tells two apart.
 */
export function telling(row: RecordRow, without: Aspect[] = [], closer = false): Told[] {
  const household = householdOf(row);
  const words: Record<Aspect, () => string> = {
    about: () => (household && household !== row.record_id ? recordTitle(household) : ''),
    details: () => firstWords(saidBy(row, 'details')),
    when: () => whenOf(row),
    where: () => areaShort(row.grid),
    // What is about a household is at its door.
    spot: () => (household || !row.location ? '' : recordPlace(row.location)),
    who: () => saidBy(row, 'doer', 'accountable'),
    maker: () => (row.made_by ? t('record.madeBy', { name: row.made_by.user_name }) : ''),
  };
  const all = Object.entries(words) as [Aspect, () => string][];
  const who = words.who();
  // Who wrote it down stands for who handles it where nobody does yet.
  const left = closer ? without : [...without, 'spot', ...(who === '' && !without.includes('who') ? [] : ['maker'])];
  return all
    .filter(([aspect]) => !left.includes(aspect))
    .map(([aspect, say]) => ({ aspect, text: say() }))
    .filter(({ text }) => text !== '' && text !== row.title);
}
