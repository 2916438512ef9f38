import { effectScope } from 'vue';
import { describe, expect, test, vi } from 'vitest';
import { usePages, type Page, type Pages } from '@/app/pages';

vi.mock('vue', async (real) => ({ ...(await real<typeof import('vue')>()), onMounted: () => undefined }));

/** Answers in the order the test chooses. */
function slow(): {
  pages: Pages<string, string>;
  answers: ((page: Page<string, string>) => void)[];
  asked: (string | undefined)[];
} {
  const answers: ((page: Page<string, string>) => void)[] = [];
  const asked: (string | undefined)[] = [];
  const pages = effectScope().run(() =>
    usePages<string>((cursor) => {
      asked.push(cursor);
      return new Promise((done) => answers.push(done));
    }),
  );
  if (!pages) throw new Error('no scope');
  return { pages, answers, asked };
}

describe('a list in pages', () => {
  test('the answer of an older call never replaces that of a newer one', async () => {
    const { pages, answers } = slow();
    const older = pages.load();
    const newer = pages.load();
    answers[1]?.({ rows: ['new'] });
    await newer;
    answers[0]?.({ rows: ['old'] });
    await older;
    expect(pages.rows.value).toEqual(['new']);
    expect(pages.busy.value).toBe(false);
  });

  test('more is asked for from where the page before ended, and added', async () => {
    const { pages, answers, asked } = slow();
    const first = pages.load();
    answers[0]?.({ rows: ['a'], next: 'here' });
    await first;
    const second = pages.load(true);
    answers[1]?.({ rows: ['b'] });
    await second;
    expect(asked).toEqual([undefined, 'here']);
    expect(pages.rows.value).toEqual(['a', 'b']);
    expect(pages.next.value).toBeNull();
  });
});
