/** The kinds of the catalogue where one is chosen: which a text names, and what the catalogue proposes for it. */
import type { FieldMeaning, Form, MatterKind } from '@/api/types';
import { isEmpty, type Values } from './entering';
import { fieldFor } from './meaning';

/** Levels in which kinds lie at most. */
const LEVELS = 3;
/** What the catalogue says of a matter; null where it does not say. */
export interface Proposal {
  department: string | null;
  due: string | null;
}

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
  const headings = new Set(kinds.filter((k) => !k.retired).map((k) => k.parent));
  // Where others lie in a kind, those are to be chosen.
  const offered = kinds.filter((k) => !k.retired && !headings.has(k.code));
  return offered.filter((k) => {
    const names = [...above(kinds, k), k].flatMap((each) => [each.code, each.label.zh, each.label.en]);
    const words = plain([...names, departmentOf(kinds, k)].join(' '));
    return parts.every((part) => words.includes(part));
  });
}

/** The department that is accountable for a kind: its own, else that of the kind it lies in. */
export function departmentOf(kinds: MatterKind[], kind: MatterKind): string {
  let at: MatterKind | undefined = kind;
  for (let level = 0; at && level < LEVELS; level += 1) {
    if (at.department !== '') return at.department;
    const above: string | undefined = at.parent;
    at = kinds.find((each) => each.code === above);
  }
  return '';
}

/** The kinds that a kind lies in, the outermost first. */
export function above(kinds: MatterKind[], kind: MatterKind): MatterKind[] {
  const path: MatterKind[] = [];
  let at = kinds.find((each) => each.code === kind.parent);
  while (at && path.length < LEVELS) {
    const next: string | undefined = at.parent;
    path.unshift(at);
    at = next === undefined ? undefined : kinds.find((each) => each.code === next);
  }
  return path;
}

/** What the catalogue proposes for a matter, by the fields of its form. */
function proposals(form: Form, { department, due }: Proposal): Values {
  const wanted: [FieldMeaning, string | null][] = [
    ['accountable', department],
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
  proposal: Proposal,
  mayWrite: readonly string[],
): { values: Values; made: Values } {
  const [next, now]: [Values, Values] = [{ ...values }, {}];
  for (const [key, value] of Object.entries(proposals(form, proposal))) {
    if (!mayWrite.includes(key)) continue;
    const isOurs = made[key] !== undefined && values[key] === made[key];
    if (!isEmpty(values[key]) && !isOurs) continue;
    if (value === null && !isOurs) continue;
    next[key] = value;
    if (value !== null) now[key] = value;
  }
  return { values: next, made: now };
}
