/** What the catalogue proposes for a kind of matter: who is accountable, and until when. */
import type { FieldInfo, FormInfo, MatterKind, ProposedDue } from '@/phone';
import { localMoment } from '@/words/times';
import { emptyEntry, isEmpty, type Entries, type Entry } from './entries';

/** The field that holds the kind: what the form says, else the field of that name, as it was before forms said so. */
export const isKind = (form: FormInfo | undefined, { kind, means, key }: FieldInfo): boolean =>
  kind.type === 'Text' && (means === 'kind' || (form?.means === 'matter' && key === 'kind'));

export interface Proposal {
  kind: MatterKind;
  /** Until when it should be handled; none when its time is open. */
  due: ProposedDue | null;
}

function proposedFor({ kind, means }: FieldInfo, { kind: of, due }: Proposal): Entry | undefined {
  if (means === 'accountable' && kind.type === 'Text' && of.department !== '')
    return { type: 'words', text: of.department };
  if (means === 'due' && kind.type === 'DateTime' && due !== null)
    return { type: 'words', text: localMoment(due.dueAtMs) };
  return undefined;
}

const same = (a: Entry | undefined, b: Entry | undefined) => JSON.stringify(a) === JSON.stringify(b);

/**
 * What changes when this is proposed, by field. What a person wrote stays: only what is empty, or was proposed
 * before (`made`), changes.
 */
export function propose(
  fields: FieldInfo[],
  entries: Entries,
  made: Entries,
  proposal: Proposal | undefined,
): { changed: Entries; made: Entries } {
  const [changed, now]: [Entries, Entries] = [{}, {}];
  for (const field of fields) {
    const stands = entries[field.key];
    if (!stands || (field.means !== 'accountable' && field.means !== 'due')) continue;
    const isOurs = made[field.key] !== undefined && same(made[field.key], stands);
    if (!isEmpty(stands) && !isOurs) continue;
    const wanted = proposal && proposedFor(field, proposal);
    if (wanted) now[field.key] = wanted;
    const next = wanted ?? emptyEntry(field.kind);
    if (!same(stands, next)) changed[field.key] = next;
  }
  return { changed, made: now };
}

/** How urgent a matter says that it is: the choice in the field for that. */
export function urgencyIn(fields: FieldInfo[], entries: Entries): string | null {
  const field = fields.find(({ means }) => means === 'priority');
  const chosen = field && entries[field.key];
  return chosen?.type === 'one' ? chosen.key : null;
}
