/** The kinds of the catalogue where one is chosen: which a text names, and what the catalogue proposes for it. */
import type { FieldMeaning, Form, MatterKind } from '@/api/types';
import { isEmpty, type Values } from './entering';
import { fieldFor } from './meaning';

const HOUR_MS = 3_600_000;
const plain = (text: string): string => text.normalize('NFKC').trim().toLowerCase();

/** The kind that a text names by its code or one of its names, whatever the case and width. */
export function kindNamed(kinds: MatterKind[], text: unknown): MatterKind | undefined {
  if (typeof text !== 'string' || text.trim() === '') return undefined;
  const wanted = plain(text);
  return kinds.find((k) => [k.code, k.label.zh, k.label.en].some((name) => plain(name) === wanted));
}

/** The kinds to offer for what is typed so far: those with all of it in their code, names or department. */
export function kindsFor(kinds: MatterKind[], typed: string): MatterKind[] {
  const parts = plain(typed).split(/\s+/);
  const offered = kinds.filter((k) => !k.retired);
  return offered.filter((k) => {
    const words = plain([k.code, k.label.zh, k.label.en, k.department].join(' '));
    return parts.every((part) => words.includes(part));
  });
}

/** Until when a matter of a kind is to be done that was reported at a time; nothing where the catalogue does not say. */
export function dueOf(kind: MatterKind | undefined, reportedAt: string): string | null {
  const at = Date.parse(reportedAt);
  if (kind?.deadline_hours === undefined || Number.isNaN(at)) return null;
  return new Date(at + kind.deadline_hours * HOUR_MS).toISOString();
}

/** What the catalogue proposes for a kind of a matter that was reported at a time, by the fields of its form. */
function proposals(form: Form, kind: MatterKind | undefined, reportedAt: string): Values {
  const due = dueOf(kind, reportedAt);
  const wanted: [FieldMeaning, string | null][] = [
    ['accountable', kind?.department ?? null],
    ['due', due],
  ];
  return Object.fromEntries(
    wanted.flatMap(([meaning, value]) => {
      const field = fieldFor(form, meaning);
      return field ? [[field.key, value] as const] : [];
    }),
  );
}

/**
 * The values with what the catalogue proposes, in the fields of `mayWrite`. What a person wrote there stays:
 * only what is empty, or was proposed before, changes. Gives what is proposed now, to be known the next time.
 */
export function propose(
  form: Form,
  values: Values,
  made: Values,
  kind: MatterKind | undefined,
  reportedAt: string,
  mayWrite: readonly string[],
): { values: Values; made: Values } {
  const [next, now]: [Values, Values] = [{ ...values }, {}];
  for (const [key, value] of Object.entries(proposals(form, kind, reportedAt))) {
    if (!mayWrite.includes(key)) continue;
    const isOurs = made[key] !== undefined && values[key] === made[key];
    if (!isEmpty(values[key]) && !isOurs) continue;
    if (value === null && !isOurs) continue;
    next[key] = value;
    if (value !== null) now[key] = value;
  }
  return { values: next, made: now };
}
