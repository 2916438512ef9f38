/** The working calendar as people read and write it. */
import type { CalendarDay, Interval, KindDeadline, Urgency } from '@/api/types';

export const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** `09:00-12:00 13:30-17:30`. */
export const hoursText = (hours: Interval[]): string => hours.map(({ from, to }) => `${from}-${to}`).join(' ');

const TIME = /^([01]?\d|2[0-4]):([0-5]\d)$/;
const minutes = (text: string): number => {
  const [, hour, minute] = TIME.exec(text) ?? [];
  return hour === undefined ? NaN : Number(hour) * 60 + Number(minute);
};

/** What was typed as hours; nothing of what is none, or out of order. */
export function hoursOf(text: string): Interval[] | undefined {
  const parts = text.trim().split(/[\s,，;；]+/);
  const hours: Interval[] = [];
  let before = 0;
  for (const part of parts) {
    const [from = '', to = '', more] = part.replaceAll('：', ':').split(/[-–—~～]/);
    const [opens, closes] = [minutes(from), minutes(to)];
    if (more !== undefined || !(before <= opens && opens < closes && closes <= 24 * 60)) return undefined;
    before = closes;
    hours.push({ from: from.padStart(5, '0'), to: to.padStart(5, '0') });
  }
  return hours;
}

/** A month as weeks that begin on Monday; null where another month is. */
export function weeksOf(days: CalendarDay[], month: number): (CalendarDay | null)[][] {
  const own = days.filter(({ date }) => Number(date.slice(5, 7)) === month);
  const first = own[0];
  if (!first) return [];
  const lead = (new Date(`${first.date}T00:00:00Z`).getUTCDay() + 6) % 7;
  const cells: (CalendarDay | null)[] = [...Array<null>(lead).fill(null), ...own];
  while (cells.length % 7 !== 0) cells.push(null);
  return Array.from({ length: cells.length / 7 }, (_, week) => cells.slice(week * 7, week * 7 + 7));
}

const USUAL: Urgency[] = [
  { code: 'normal', label: { zh: '一般', en: 'Normal' } },
  { code: 'urgent', label: { zh: '紧急', en: 'Urgent' } },
];

/** What an urgency is called, by its code. */
export function urgencyNamed(urgencies: Urgency[], code: string): Urgency | undefined {
  return (urgencies.length > 0 ? urgencies : USUAL).find((urgency) => urgency.code === code);
}

/** The deadlines of a kind, also the one that is written as hours alone. */
export function deadlinesOf(kind: { deadline_hours?: number; deadlines?: KindDeadline[] }): KindDeadline[] {
  const hours = kind.deadline_hours === undefined ? [] : [{ amount: kind.deadline_hours, unit: 'hours' }];
  return [...(kind.deadlines ?? []), ...hours];
}
