import { expect, test } from 'vitest';
import { newestWords, wordsBack } from '@/app/sentBack';
import type { Delivery, HistoryEntry, Operation, RecordSummary } from '@/phone';

const record = (doer: string | null) => ({ doer }) as RecordSummary;
const set: Operation = { type: 'Set', field: 'summary', value: { type: 'Text', text: '路灯' } };
const step = (action: string, note = ''): Operation => ({ type: 'Transition', action, note });

function entry(by: 'me' | '王主管', ...operations: Operation[]): HistoryEntry {
  const delivery: Delivery | null = by === 'me' ? 'AtServer' : null;
  return { userName: by, delivery, operations, state: { type: 'Admitted', late: false } } as unknown as HistoryEntry;
}

test('work that somebody gave back with words after my step was sent back', () => {
  const history = [
    entry('王主管', set),
    entry('me', step('acknowledge')),
    entry('me', step('finish')),
    entry('王主管', step('reissue', '照片不清楚')),
  ];
  expect(wordsBack(record('me'), history)).toEqual({ words: '照片不清楚', by: '王主管' });
  // What is written besides a step changes nothing of it.
  expect(wordsBack(record('me'), [...history, entry('me', set)])?.words).toBe('照片不清楚');
  // A step of mine answers it.
  expect(wordsBack(record('me'), [...history, entry('me', step('acknowledge'))])).toBeUndefined();
});

test('without words, by myself, or handed out for the first time nothing is sent back', () => {
  expect(wordsBack(record('me'), [entry('me', step('finish')), entry('王主管', step('reissue', ' '))])).toBeUndefined();
  expect(wordsBack(record('me'), [entry('me', step('return', '不归我'))])).toBeUndefined();
  expect(wordsBack(record('me'), [entry('me', set), entry('王主管', step('dispatch', '速办'))])).toBeUndefined();
  expect(wordsBack(record('me'), [entry('王主管', set), entry('王主管', step('dispatch', '速办'))])).toBeUndefined();
  expect(wordsBack(record(null), [entry('me', set)])).toBeUndefined();
});

test('a report that came back to be mended was sent back, for it is nobody’s work yet', () => {
  const history = [entry('me', set), entry('王主管', step('return', '地点写清楚'))];
  expect(wordsBack(record(null), history)).toEqual({ words: '地点写清楚', by: '王主管' });
});

test('who urges, follows or takes a step back gives nothing back, and what stands suspended is nobody’s turn', () => {
  const asides = ['urge', 'follow', 'recall'];
  const mine = [entry('王主管', set), entry('me', step('handle'))];
  expect(wordsBack(record('me'), [...mine, entry('王主管', step('urge', '快一点'))], asides)).toBeUndefined();
  const back = [...mine, entry('王主管', step('not_done', '没修好'))];
  expect(wordsBack(record('me'), [...back, entry('王主管', step('urge', '快'))], asides)?.words).toBe('没修好');
  expect(wordsBack({ ...record('me'), suspendedAtMs: 1 }, back, asides)).toBeUndefined();
  // Following is no part in it.
  const followed = [entry('王主管', set), entry('me', step('follow')), entry('王主管', step('return', '地点'))];
  expect(wordsBack(record('me'), followed, asides)).toBeUndefined();
});

test('a step that was refused, or is only carried here, gives nothing back', () => {
  const back = entry('王主管', step('reissue', '重做'));
  const states = [{ type: 'Refused', code: 'no_grant', reason: '' }, { type: 'Carried' }] as const;
  for (const state of states)
    expect(wordsBack(record('me'), [entry('me', step('finish')), { ...back, state }])).toBeUndefined();
});

test('what was said with the newest step that has words, whoever made it and however often it was made without', () => {
  const at = (entry: HistoryEntry, capturedAtMs: number) => ({ ...entry, capturedAtMs });
  const history = [
    at(entry('王主管', set), 1),
    at(entry('王主管', step('dispatch', ' 速办 ')), 2),
    at(entry('me', step('acknowledge')), 3),
  ];
  expect(newestWords(history)).toEqual({ words: '速办', by: '王主管', atMs: 2 });
  expect(newestWords([...history, at(entry('me', step('finish', '已换灯泡')), 4)])?.words).toBe('已换灯泡');
  const refused = { ...at(entry('me', step('finish', '不算')), 5), state: { type: 'Refused', code: 'x', reason: '' } };
  expect(newestWords([...history, refused as HistoryEntry])?.words).toBe('速办');
  expect(newestWords([at(entry('me', set), 1)])).toBeUndefined();
});
