/** What plans are due for, as the library reckons it on this phone: a few for Today, pages of all, and what is due for one record. */
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { colleagues, forms, formsInUse, identity } from './forms';
import { here, ownPlace } from './near';
import { onChange, phone, type DuePage, type DueQuery, type DueTask, type FormInfo, type RecordDetail } from '@/phone';

/** As many as a page of the library may have. */
const MOST = 1_000;
/** As many as are asked for when somebody scrolls. */
const STEP = 50;

/** With the place of the phone, where the person said that the app may know it: distances are told then. */
export const fromHere = (): DueQuery =>
  here.value ? { latitude: here.value.latitude, longitude: here.value.longitude } : {};

export interface FewDue {
  items: DueTask[];
  total: number;
  overdue: number;
}

/** The first few of this person's or nobody's: what is overdue before all else, the nearest first where that is known. */
export async function fewDue(few: number): Promise<FewDue> {
  const query: DueQuery = { ...fromHere(), mine: true, order: here.value ? 'Distance' : 'Need' };
  const [over, all] = await Promise.all([
    phone().due({ ...query, overdue: true, limit: few }),
    // So many that as many are left without those that are overdue.
    phone().due({ ...query, limit: 2 * few }),
  ]);
  const first = new Set(over.items.map(({ taskId }) => taskId));
  const rest = all.items.filter(({ taskId, overdue }) => !overdue && !first.has(taskId));
  return { items: [...over.items, ...rest].slice(0, few), total: all.total, overdue: over.total };
}

/** Pages of the library, one after the other, until somebody has seen enough. */
async function* pagesOf(query: DueQuery, limit = MOST): AsyncGenerator<DuePage> {
  let after: string | null = null;
  do {
    const page: DuePage = await phone().due({ ...query, limit, after });
    yield page;
    after = page.next;
  } while (after !== null);
}

/** What one plan comes to in its period of today. */
export interface PlanNow {
  plan: string;
  label: string;
  fromDay: string;
  untilDay: string;
  open: number;
  overdue: number;
  begun: number;
}

/** The plans that anything is due for, in the order of their names. */
export async function plansNow(mine: boolean): Promise<PlanNow[]> {
  const found = new Map<string, PlanNow>();
  for await (const { items } of pagesOf({ mine, order: 'Time' }))
    for (const { plan, label, fromDay, untilDay, overdue, begun } of items) {
      const now = found.get(plan) ?? { plan, label, fromDay, untilDay, open: 0, overdue: 0, begun: 0 };
      now.open += 1;
      if (overdue) now.overdue += 1;
      if (begun) now.begun += 1;
      found.set(plan, now);
    }
  return [...found.values()].sort((a, b) => a.label.localeCompare(b.label));
}

/**
 * Whether plans may be about records like this: about what stays, such as a household, and not about work, or about
 * what somebody wrote of a day.
 */
export const mayBeDue = (form: FormInfo | undefined): boolean =>
  form !== undefined && form.statuses.length === 0 && form.means !== 'visit';

/** What is due for one record. The library finds by plan and grid; by distance from its own place it comes first. */
export async function dueFor(record: RecordDetail): Promise<DueTask[]> {
  const place = ownPlace(record);
  const query: DueQuery = { grid: record.grid, ...(place && { ...place, order: 'Distance' }) };
  const found: DueTask[] = [];
  for await (const { items } of pagesOf(query, place ? STEP : MOST)) {
    const own = items.filter(({ recordId }) => recordId === record.id);
    // How far it is from itself is nothing to tell.
    found.push(...own.map((task) => ({ ...task, distanceM: null })));
    // What comes now lies elsewhere.
    if (place && items.some(({ distanceM }) => (distanceM ?? 1) > 0)) break;
  }
  return found;
}

export interface DueList {
  items: ShallowRef<DueTask[]>;
  total: Ref<number>;
  hasMore: Ref<boolean>;
  error: ShallowRef<unknown>;
  waiting: Ref<boolean>;
  more: () => Promise<void>;
}

/** All that a query finds, page by page as somebody asks for more; asked for anew when anything changed. */
export function useDueList(query: () => DueQuery): DueList {
  const items = shallowRef<DueTask[]>([]);
  const [total, hasMore, waiting] = [ref(0), ref(false), ref(true)];
  const error = shallowRef<unknown>();
  let next: string | null = null;
  /** What was asked before this is no answer any more. */
  let turn = 0;
  let fetching = false;

  async function fetched(asked: DueQuery, kept: DueTask[], least: number): Promise<void> {
    const mine = (turn += 1);
    const found = [...kept];
    let after = kept.length > 0 ? next : null;
    try {
      do {
        const limit = Math.min(MOST, Math.max(STEP, least - found.length));
        const page: DuePage = await phone().due({ ...asked, limit, after });
        if (mine !== turn) return;
        found.push(...page.items);
        [after, total.value] = [page.next, page.total];
      } while (after !== null && found.length < least);
      [items.value, next, hasMore.value, error.value] = [found, after, after !== null, undefined];
    } catch (failed) {
      if (mine === turn) error.value = failed;
    }
    if (mine === turn) waiting.value = false;
  }
  /** As far as it was shown, so that nobody who scrolled is thrown back. */
  const anew = () => fetched(query(), [], items.value.length);

  let changed = false;
  async function follow(): Promise<void> {
    changed = true;
    if (fetching) return;
    fetching = true;
    while (changed) {
      changed = false;
      await anew();
    }
    fetching = false;
  }
  onScopeDispose(onChange(() => void follow()));
  watch(query, () => {
    // Another list begins at its top.
    items.value = [];
    void fetched(query(), [], 0);
  });
  void anew();
  return {
    items,
    total,
    hasMore,
    error,
    waiting,
    async more() {
      if (hasMore.value) await fetched(query(), items.value, items.value.length + STEP);
    },
  };
}

/** Makes the task of what is due, or gives the one that is there; its id. */
export const begin = ({ plan, recordId, grid }: DueTask): Promise<string> =>
  phone().beginDue(plan, recordId, recordId === null ? grid : null);

/** The forms of a visit to a record of this form, with how one is begun there. The library does not tell which of them a plan counts. */
export function visitsOf(form: string): { form: FormInfo; about: string }[] {
  return formsInUse.value.flatMap((one) => {
    if (one.means !== 'visit') return [];
    const to = one.fields.find(
      ({ kind, means }) =>
        kind.type === 'Reference' && kind.form === form && (means === 'household' || means === 'about'),
    );
    return to?.means ? [{ form: one, about: to.means }] : [];
  });
}

/** Who is to do it, by name. */
export function doerOf({ doer }: DueTask): string {
  if (doer === null) return '';
  if (doer === identity.value?.userId) return identity.value.userName;
  return colleagues.value.find(({ userId }) => userId === doer)?.name ?? doer;
}

/** How urgent, in words of the form of tasks, and whether that is more than the least. */
export function priorityOf({ priority }: DueTask): { label: string; presses: boolean } | undefined {
  if (priority === null) return undefined;
  for (const form of forms.value.filter(({ means }) => means === 'task')) {
    const kind = form.fields.find(({ means }) => means === 'priority')?.kind;
    const at = kind?.type === 'ChooseOne' ? kind.choices.findIndex(({ key }) => key === priority) : -1;
    if (kind?.type === 'ChooseOne' && at >= 0) return { label: kind.choices[at]?.label ?? priority, presses: at > 0 };
  }
  return { label: priority, presses: false };
}
