/** What a draft is told from others by, on a line. */
import { titleOf } from './titles';
import { charsOf } from '@/forms/entries';
import type { Draft } from '@/phone';

const MOST = 24;

/** The record that it changes, the one that it is about, or what was typed first; nothing when there is no word of it. */
export function subjectOf({ recordId, newRecord, operations }: Draft): string {
  if (recordId && !newRecord) return titleOf(recordId);
  const about = operations.flatMap((one) =>
    one.type === 'Set' && one.value.type === 'Reference' ? [titleOf(one.value.recordId)] : [],
  );
  const typed = operations.flatMap((one) => {
    if (one.type === 'SetLongText') return [one.text];
    return one.type === 'Set' && one.value.type === 'Text' ? [one.value.text] : [];
  });
  const [first = ''] = [...about, ...typed].map((text) => text.trim()).filter((text) => text !== '');
  const chars = charsOf(first);
  return chars.length > MOST ? `${chars.slice(0, MOST).join('')}…` : first;
}
