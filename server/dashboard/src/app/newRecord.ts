/** Making a record: one request under an id of the page's own, so that asking again makes nothing twice. */
import { api } from '@/api/client';
import { ApiProblem } from '@/api/problem';
import type { Fields, RecordBody } from '@/api/types';
import type { Values } from '@/words/entering';
import { newRecordId } from '@/words/ids';
import type { Draft } from './drafts';

/** Makes the record of a draft. `noted` is called before each request, with the draft as it is then. */
export async function makeRecord(
  form: string,
  draft: Draft,
  values: Values,
  noted: (draft: Draft) => void,
): Promise<RecordBody | null> {
  // What was entered was read by the types of the form's fields.
  const fields = values as Fields;
  const was = draft.asked;
  const now = { ...draft, asked: true };
  noted(now);
  const { recordId: record_id, grid } = now;
  try {
    const answer = await api.post('/v1/records', { body: { grid, form, record_id, fields } });
    return answer.record ?? null;
  } catch (thrown) {
    const problem = ApiProblem.from(thrown);
    if (problem.code !== 'conflict') {
      // What was refused in so many words was not made: the next try is another record's.
      if (problem.status >= 400 && problem.status < 500 && problem.status !== 408 && problem.status !== 429)
        noted({ ...now, asked: was });
      throw thrown;
    }
    // Not asked for from here: a tab that was copied with what was typed in it has made that one. This is another.
    if (!was) return makeRecord(form, { ...draft, recordId: newRecordId() }, values, noted);
    // Asked for before, and it was changed since: the same record becomes what it says now.
    const answer = await api.patch('/v1/records/{record_id}', { path: { record_id }, body: { fields } });
    return answer.record ?? null;
  }
}
