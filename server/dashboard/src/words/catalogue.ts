/** The next version of the catalogue while it is written: its rows as they are typed. */
import type { MatterKind } from '@/api/types';

/** A kind with its deadline as text, so that what is no number of hours can be told instead of changed. */
export interface Draft extends Omit<MatterKind, 'deadline_hours'> {
  deadline: string;
}
export type Wrong = 'incomplete' | 'deadline' | 'twice';

/** The longest deadline the server takes: ten years. */
export const HOURS_MOST = 87_600;

export const draftOf = (kinds: MatterKind[]): Draft[] =>
  kinds.map(({ deadline_hours: hours, ...kind }) => ({
    ...kind,
    label: { ...kind.label },
    deadline: hours === undefined ? '' : String(hours),
  }));

export const newDraft = (): Draft => ({ code: '', label: { zh: '', en: '' }, department: '', deadline: '' });

const hours = (text: string): number | undefined => (/^\d+$/.test(text.trim()) ? Number(text) : undefined);

/** What is wrong with each row, in the order of the rows. */
export function wrongIn(drafts: Draft[]): Wrong[][] {
  const times = new Map<string, number>();
  for (const { code } of drafts) times.set(code.trim(), (times.get(code.trim()) ?? 0) + 1);
  return drafts.map((draft) => {
    const wrong: Wrong[] = [];
    const texts = [draft.code, draft.label.zh, draft.label.en];
    // What lies in another takes over its department.
    if (draft.parent === undefined) texts.push(draft.department);
    if (texts.some((text) => text.trim() === '')) wrong.push('incomplete');
    const given = hours(draft.deadline);
    if (draft.deadline.trim() !== '' && (given === undefined || given < 1 || given > HOURS_MOST))
      wrong.push('deadline');
    if (draft.code.trim() !== '' && (times.get(draft.code.trim()) ?? 0) > 1) wrong.push('twice');
    return wrong;
  });
}

export function kindsOf(drafts: Draft[]): MatterKind[] {
  return drafts.map(({ deadline, ...kind }) => {
    const given = hours(deadline);
    const made: MatterKind = {
      ...kind,
      code: kind.code.trim(),
      department: kind.department.trim(),
      label: { zh: kind.label.zh.trim(), en: kind.label.en.trim() },
    };
    return given === undefined ? made : { ...made, deadline_hours: given };
  });
}
