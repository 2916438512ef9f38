/** What a worker has before them: asked for in one go, the most pressing first. */
import { formMeaning } from '@/app/forms';
import { sentBack, type SentBack } from '@/app/sentBack';
import { phone, type Draft, type RecordPage, type RecordQuery, type RecordSummary, type RefusedEdit } from '@/phone';

const SHOWN = 20;
const ALL = 1_000;
const MONTH_MS = 30 * 86_400_000;

export interface Today {
  overdue: RecordPage;
  dueSoon: RecordSummary[];
  toAcknowledge: RecordSummary[];
  sentBack: (SentBack & { toAcknowledge: boolean })[];
  mine: RecordPage;
  inConflict: RecordSummary[];
  refused: RefusedEdit[];
  drafts: Draft[];
  fresh: RecordSummary[];
  households: { all: number; unvisited: RecordSummary[] } | undefined;
  delivery: { here: number; atServer: number; seen: number; oldestHereMs: number | undefined };
}

/** Every record that a query finds, page by page. */
export async function everything(query: RecordQuery): Promise<RecordSummary[]> {
  const found: RecordSummary[] = [];
  let after: string | null = null;
  do {
    const page: RecordPage = await phone().list({ ...query, limit: ALL, after });
    found.push(...page.items);
    after = page.next;
  } while (after !== null);
  return found;
}

export async function askToday(seenUntilMs: number): Promise<Today> {
  const client = phone();
  const [overdue, due, mine, refused, drafts] = await Promise.all([
    client.list({ overdue: true, sort: 'Due', limit: SHOWN }),
    client.list({ dueSoon: true, sort: 'Due', limit: SHOWN }),
    client.list({ mine: true, open: true, limit: SHOWN }),
    client.refused(),
    client.drafts(),
  ]);
  const all = await everything({ sort: 'Updated' });
  const toAcknowledge: RecordSummary[] = [];
  for (const record of mine.items) {
    const steps = await client.nextTransitions(record.id);
    if (steps.some(({ action }) => action === 'acknowledge')) toAcknowledge.push(record);
  }
  const back = await sentBack(
    all.filter(({ stage }) => stage === 'Open'),
    new Set(mine.items.map(({ id }) => id)),
  );
  const isBack = new Set(back.map(({ record }) => record.id));
  const asked = new Set([...toAcknowledge.map(({ id }) => id), ...isBack]);
  const over = new Set(overdue.items.map(({ id }) => id));
  return {
    overdue,
    dueSoon: due.items.filter(({ id }) => !over.has(id)),
    toAcknowledge: toAcknowledge.filter(({ id }) => !isBack.has(id)),
    sentBack: back.map((one) => ({ ...one, toAcknowledge: toAcknowledge.some(({ id }) => id === one.record.id) })),
    mine: { ...mine, items: mine.items.filter(({ id }) => !asked.has(id)) },
    inConflict: all.filter(({ conflicts }) => conflicts > 0),
    refused,
    drafts,
    fresh: all.filter(({ updatedAtMs, delivery }) => delivery === null && updatedAtMs > seenUntilMs).slice(0, SHOWN),
    households: unvisited(all),
    delivery: deliveries(all),
  };
}

/** Households without a visit within a month, those longest unvisited first. */
function unvisited(all: RecordSummary[]): Today['households'] {
  const [household, visit] = [formMeaning('household')?.code, formMeaning('visit')?.code];
  if (!household || !visit) return undefined;
  const last = new Map<string, number>();
  for (const { form, householdId, capturedAtMs } of all)
    if (form === visit && householdId !== null)
      last.set(householdId, Math.max(last.get(householdId) ?? 0, capturedAtMs));
  const households = all.filter(({ form }) => form === household);
  const since = Date.now() - MONTH_MS;
  const waiting = households.filter(({ id }) => (last.get(id) ?? 0) < since);
  waiting.sort((a, b) => (last.get(a.id) ?? 0) - (last.get(b.id) ?? 0));
  return { all: households.length, unvisited: waiting };
}

function deliveries(all: RecordSummary[]): Today['delivery'] {
  const here = all.filter(({ pending }) => pending);
  return {
    here: here.length,
    atServer: all.filter(({ delivery }) => delivery === 'AtServer').length,
    seen: all.filter(({ delivery }) => delivery === 'SeenBySupervisor').length,
    oldestHereMs: here.length > 0 ? Math.min(...here.map(({ updatedAtMs }) => updatedAtMs)) : undefined,
  };
}

const KEPT = 'gridfold.worker.seen';

/** Until when the person has seen what is new: it is what came since they were last here, and stays so while they are. */
export function seenUntil(): number {
  const now = Date.now();
  const kept = sessionStorage.getItem(KEPT) ?? localStorage.getItem(KEPT) ?? String(now);
  sessionStorage.setItem(KEPT, kept);
  localStorage.setItem(KEPT, String(now));
  return Number(kept) || now;
}
