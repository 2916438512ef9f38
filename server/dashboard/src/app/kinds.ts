/** The catalogue's kinds, asked for once where one is chosen or shown. */
import { shallowRef } from 'vue';
import { api } from '@/api/client';
import type { DueNow, MatterKind, Urgency } from '@/api/types';
import { dayThere, endOfWork } from '@/words/due';
import { departmentOf, type Proposal } from '@/words/kinds';
import { session } from './session';

export const kinds = shallowRef<MatterKind[]>([]);
export const urgencies = shallowRef<Urgency[]>([]);
let askedFor = '';

let asking = Promise.resolve();

/** Asks once for each who signs in, and again when others were published. Without an answer what is typed is what it is. */
export function loadKinds(again = false): Promise<void> {
  const who = session.me?.user_id ?? '';
  if (who === '' || (askedFor === who && !again)) return asking;
  askedFor = who;
  asking = api.get('/v1/catalogue').then(
    (catalogue) => {
      kinds.value = catalogue.kinds;
      urgencies.value = catalogue.urgencies ?? [];
    },
    () => void (askedFor = ''),
  );
  return asking;
}

/** When a matter of a kind is due that was reported at a time: the server's to reckon, by the organisation's calendar. */
export async function dueNow(kind: string, urgency: unknown, reportedAt: string): Promise<DueNow | undefined> {
  if (Number.isNaN(Date.parse(reportedAt))) return undefined;
  const said = typeof urgency === 'string' && urgency !== '' ? { urgency } : {};
  const query = { kind, reported_at: new Date(reportedAt).toISOString(), ...said };
  return (await api.get('/v1/catalogue/due', { query, background: true })).deadline ?? undefined;
}

/** What the catalogue proposes for a matter of a kind. Without an answer there is no due time to propose. */
export async function proposalFor(
  kind: MatterKind | undefined,
  urgency: unknown,
  reportedAt: string,
): Promise<Proposal> {
  if (!kind) return { department: null, due: null };
  const due = await dueNow(kind.code, urgency, reportedAt).catch(() => undefined);
  return { department: departmentOf(kinds.value, kind), due: due?.due_at ?? null };
}

/** When work ends some working days from now by the organisation's calendar; its clocks go before the browser's. */
export async function officeDue(now = new Date()): Promise<Date | null> {
  const { time_zone: zone } = await api.get('/v1/calendar', { background: true });
  const year = Number(dayThere(zone, now).slice(0, 4));
  const of = async (year: number) => (await api.get('/v1/calendar/days', { query: { year }, background: true })).days;
  const days = await of(year);
  // Late in December the days that are wanted are of the next year.
  return endOfWork(days, zone, now) ?? endOfWork([...days, ...(await of(year + 1))], zone, now);
}
