/** Taking back what was written last, as long as it is only here. What had been typed becomes a draft. */
import { isSure } from './over';
import { router } from './router';
import { tellDone, tellFailure } from './say';
import { t } from '@/messages';
import { phone, type UndoneEdit } from '@/phone';

async function keep({ form, grid, recordId, created, operations }: UndoneEdit): Promise<string | undefined> {
  const typed = operations.filter((one) => 'field' in one);
  if (typed.length === 0) return undefined;
  return phone().saveDraft({ form, grid, recordId: created ? null : recordId, operations: typed });
}

export async function undoLast(): Promise<void> {
  const sure = await isSure(t('undo.sure'), t('undo.do'));
  if (!sure) return;
  try {
    const before = new Set((await phone().drafts()).map(({ id }) => id));
    const undone = await phone().undoLast();
    // The draft that it was written from is back by itself.
    const given = (await phone().drafts()).filter(({ id }) => !before.has(id)).map(({ id }) => id ?? undefined);
    const kept = given.length > 0 ? given : await Promise.all(undone.map(keep));
    const [draft] = kept.filter((id) => id !== undefined);
    tellDone(t('undo.done'));
    if (draft !== undefined) await router.push({ name: 'draft', params: { id: draft } });
    else await router.push({ name: 'today' });
  } catch (error) {
    tellFailure(error);
  }
}
