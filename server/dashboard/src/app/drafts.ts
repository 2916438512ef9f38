/** What is typed for a new record, kept in the tab until it is saved: a reload or a failure loses nothing of it. */
import { readTyped, typedText, Unfinished } from '@/words/typed';
import type { Field } from '@/api/types';
import type { Values } from '@/words/entering';
import { DRAFTS, session } from './session';

export interface Draft {
  /** The id under which the record is made: the same again makes nothing twice. */
  recordId: string;
  /** Whether the server was asked to make it, in whichever tab. */
  asked: boolean;
  grid: string;
  values: Values;
}

/** By who types, so that nobody else in the same tab is shown it, and by what for. */
const nameOf = (what: string): string => `${DRAFTS}${session.me?.user_id ?? ''}.${what}`;

/** What is no value yet is kept as it was typed. */
const TYPED = 'typed so far';
const put = (_: string, value: unknown): unknown =>
  value instanceof Unfinished ? { [TYPED]: typedText(value) } : value;

export function keepDraft(what: string, draft: Draft): void {
  try {
    sessionStorage.setItem(nameOf(what), JSON.stringify(draft, put));
  } catch {
    // A tab that keeps nothing still has what stands on the page.
  }
}
export function dropDraft(what: string): void {
  sessionStorage.removeItem(nameOf(what));
}
export function keptDraft(what: string, fields: Field[]): Draft | null {
  try {
    const kept = sessionStorage.getItem(nameOf(what));
    if (kept === null) return null;
    const draft = JSON.parse(kept) as Draft;
    const known = fields.filter((f) => f.key in draft.values);
    return { ...draft, values: Object.fromEntries(known.map((f) => [f.key, again(f, draft.values[f.key])])) };
  } catch {
    return null;
  }
}
function again(field: Field, value: unknown): unknown {
  if (Array.isArray(value) && field.type === 'group')
    return value.map((item: Values) =>
      Object.fromEntries(
        Object.entries(item).map(([key, of]) => {
          const member = field.members?.find((m) => m.key === key);
          return [key, member ? again(member, of) : of];
        }),
      ),
    );
  return typeof value === 'object' && value !== null && TYPED in value
    ? readTyped(field, String((value as Values)[TYPED]))
    : value;
}
