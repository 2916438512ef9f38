/** Until when work is usually to be done: proposed, for whoever hands it out to change. */
import type { CalendarDay, Calendar } from '@/api/types';

/** The end of work so many working days from now, where nothing says when. */
export const USUAL_DAYS = 3;

/** Of several due times the one that comes first; what is past says nothing. */
export function firstDue(dues: (string | null | undefined)[], now: Date): Date | null {
  const coming = dues.map((due) => Date.parse(due ?? '')).filter((at) => at > now.getTime());
  return coming.length > 0 ? new Date(Math.min(...coming)) : null;
}

type Zone = Pick<Calendar['time_zone'], 'seconds' | 'changes'>;
/** What the clocks of the calendar are ahead of UTC at a time. */
function aheadMs(zone: Zone, at: number): number {
  const last = (zone.changes ?? []).filter((change) => change.at <= at).at(-1);
  return 1000 * (last?.seconds ?? zone.seconds ?? 0);
}
/** The day that the clocks of the calendar show, such as `2026-12-05`. */
export const dayThere = (zone: Zone, now: Date): string =>
  new Date(now.getTime() + aheadMs(zone, now.getTime())).toISOString().slice(0, 10);
/** When the clocks of the calendar show this time of this day. */
function instant(zone: Zone, date: string, time: string): Date {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  const shown = Date.parse(`${date}T00:00:00Z`) + (hour * 60 + minute) * 60_000;
  // Twice, since what they are ahead depends on when that is.
  const about = shown - aheadMs(zone, shown);
  return new Date(shown - aheadMs(zone, about));
}

/** When work ends on the so-manieth working day after today; nothing where the days given do not reach so far. */
export function endOfWork(days: CalendarDay[], zone: Zone, now: Date, nth = USUAL_DAYS): Date | null {
  const today = dayThere(zone, now);
  const worked = days.filter((day) => day.date > today && (day.hours ?? []).length > 0);
  const day = worked[nth - 1];
  const end = day?.hours?.at(-1)?.to;
  return day && end ? instant(zone, day.date, end) : null;
}
