/** The same act on many records, one after the other, so that each is admitted or refused by itself. */
import { reactive } from 'vue';
import { ApiProblem } from '@/api/problem';

export interface Failed {
  title: string;
  problem: ApiProblem;
}
export interface Progress {
  done: number;
  all: number;
  failed: Map<string, Failed>;
}

export async function each<T extends { record_id: string; title: string }>(
  items: T[],
  progress: Progress,
  act: (item: T) => Promise<unknown>,
  stopped: () => boolean = () => false,
): Promise<void> {
  progress.all = items.length;
  progress.done = 0;
  progress.failed.clear();
  for (const item of items) {
    if (stopped()) return;
    try {
      await act(item);
    } catch (thrown) {
      progress.failed.set(item.record_id, { title: item.title, problem: ApiProblem.from(thrown) });
    }
    progress.done += 1;
  }
}
export const newProgress = (): Progress => reactive({ done: 0, all: 0, failed: new Map<string, Failed>() });
