import { effectScope, ref } from 'vue';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Moved } from '@/app/live';

/** Who follows the notices; there is one for all queries. */
const followers = vi.hoisted(() => new Set<(moved: Moved[]) => void>());
vi.mock('@/app/live', () => ({
  follow: (follower: (moved: Moved[]) => void) => {
    followers.add(follower);
    return () => followers.delete(follower);
  },
}));
const { useRows } = await import('@/app/pages');
const { queries, useShown } = await import('@/app/query');

function inScope<T>(make: () => T): T {
  const made = effectScope().run(make);
  if (!made) throw new Error('no scope');
  return made;
}
const tell = (grid: string) => {
  for (const follower of followers) follower([{ grid, missed: false }]);
};
/** Until everything that can happen has. */
const settled = () => vi.advanceTimersByTimeAsync(1);
beforeEach(() => {
  vi.useFakeTimers();
  queries.clear();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A question that the test answers, in the order it chooses. */
function open<T>() {
  const answers: { done: (answer: T) => void; fail: (why: Error) => void; background: boolean; of: unknown }[] = [];
  const ask = (of: unknown, background: boolean) =>
    new Promise<T>((done, fail) => {
      answers.push({ done, fail, background, of });
    });
  return { answers, ask };
}

describe('a list in pages', () => {
  test('the answer to an older question never replaces that to a newer one', async () => {
    const { answers, ask } = open<{ rows: string[] }>();
    const name = ref('a');
    const pages = inScope(() =>
      useRows<string>({ key: () => ['list', name.value], ask: (cursor, { background }) => ask(cursor, background) }),
    );
    await settled();
    name.value = 'ab';
    await settled();
    expect(pages.busy.value).toBe(true);
    answers[1]?.done({ rows: ['new'] });
    await settled();
    answers[0]?.done({ rows: ['old'] });
    await settled();
    expect(pages.rows.value).toEqual(['new']);
    expect(pages.busy.value).toBe(false);
  });

  test('more is asked for from where the page before ended, and added', async () => {
    const { answers, ask } = open<{ rows: string[]; next?: string }>();
    const pages = inScope(() =>
      useRows<string>({ key: () => ['more'], ask: (cursor, { background }) => ask(cursor, background) }),
    );
    await settled();
    answers[0]?.done({ rows: ['a'], next: 'here' });
    await settled();
    expect(pages.next.value).toBe(true);
    void pages.more();
    await settled();
    answers[1]?.done({ rows: ['b'] });
    await settled();
    expect(answers.map((a) => a.of)).toEqual([undefined, 'here']);
    expect(pages.rows.value).toEqual(['a', 'b']);
    expect(pages.next.value).toBe(false);
  });
});

describe('what a notice concerns', () => {
  test('is asked for anew in the background, and stays when that fails', async () => {
    const { answers, ask } = open<string>();
    const renewed = vi.fn();
    const shown = inScope(() =>
      useShown({
        key: () => ['shown'],
        ask: ({ background }) => ask('', background),
        follows: (all) => all.some((m) => m.grid === 'mine'),
        renewed,
      }),
    );
    await settled();
    answers[0]?.done('one');
    await settled();
    tell('other');
    await settled();
    expect(answers.length).toBe(1);
    tell('mine');
    await settled();
    expect([answers[1]?.background, shown.busy.value]).toEqual([true, false]);
    answers[1]?.fail(new Error('no line'));
    await settled();
    expect([shown.data.value, shown.problem.value]).toEqual(['one', null]);
    expect(renewed).not.toHaveBeenCalled();
    tell('mine');
    await settled();
    answers[2]?.done('two');
    await settled();
    expect(shown.data.value).toBe('two');
    expect(renewed).toHaveBeenCalledOnce();
  });

  test('is asked for once more when it was on its way already', async () => {
    const { answers, ask } = open<string>();
    const shown = inScope(() =>
      useShown({ key: () => ['under way'], ask: ({ background }) => ask('', background), follows: () => true }),
    );
    await settled();
    answers[0]?.done('one');
    await settled();
    void shown.load();
    await settled();
    tell('mine');
    await settled();
    expect([answers.length, shown.busy.value]).toEqual([2, true]);
    answers[1]?.done('before the change');
    await settled();
    expect(answers.map((a) => a.background)).toEqual([false, false, true]);
    answers[2]?.done('after it');
    await settled();
    expect(shown.data.value).toBe('after it');
  });

  test('fails aloud when somebody asked', async () => {
    const { answers, ask } = open<string>();
    const shown = inScope(() =>
      useShown({ key: () => ['failing'], ask: ({ background }) => ask('', background), follows: () => true }),
    );
    await settled();
    answers[0]?.fail(new Error('broken'));
    await settled();
    expect([shown.data.value, shown.problem.value?.code, shown.problem.value?.detail]).toEqual([
      null,
      'page',
      'broken',
    ]);
    void shown.load();
    await settled();
    answers[1]?.done('one');
    await settled();
    expect([shown.data.value, shown.problem.value]).toEqual(['one', null]);
  });
});
