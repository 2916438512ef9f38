/** Times as people read them: local, and how long ago. */
import type { Locale } from '@/api/types';

export function localTime(text: string | null | undefined, locale: Locale): string {
  const at = Date.parse(text ?? '');
  if (Number.isNaN(at)) return '';
  return new Intl.DateTimeFormat(locale, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at);
}

/** The same to the second and with its zone, for who has to know exactly. */
export function exactTime(text: string | null | undefined, locale: Locale): string {
  const at = Date.parse(text ?? '');
  if (Number.isNaN(at)) return '';
  return new Intl.DateTimeFormat(locale, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  }).format(at);
}

/** Times inside a sentence of the server, which does not know the zone of who reads it. */
const STAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)/g;
export const withLocalTimes = (text: string, locale: Locale): string =>
  text.replace(STAMP, (stamp) => localTime(stamp, locale) || stamp);

export function localDay(text: string, locale: Locale): string {
  // A date without a time is a day, not midnight somewhere.
  const [year, month, day] = text.split('-').map(Number);
  if (!year || !month || !day) return text;
  return new Intl.DateTimeFormat(locale, { year: 'numeric', month: '2-digit', day: '2-digit', timeZone: 'UTC' }).format(
    Date.UTC(year, month - 1, day),
  );
}

/** A day without its year, for the axis of a plot. */
export function shortDay(text: string, locale: Locale): string {
  const at = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(at)) return text;
  return new Intl.DateTimeFormat(locale, { month: '2-digit', day: '2-digit', timeZone: 'UTC' }).format(at);
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86_400_000],
  ['month', 30 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

export function ago(text: string, locale: Locale, now: number): string {
  const at = Date.parse(text);
  if (Number.isNaN(at)) return '';
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  for (const [unit, ms] of STEPS) {
    if (Math.abs(at - now) >= ms) return words.format(Math.trunc((at - now) / ms), unit);
  }
  return words.format(0, 'minute');
}

/** A span of time in the largest unit it has two of. */
export function howLong(minutes: number, locale: Locale): string {
  const [unit, size]: [string, number] =
    minutes >= 2 * 1440 ? ['day', 1440] : minutes >= 120 ? ['hour', 60] : ['minute', 1];
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.round(minutes / size));
}

/**
 * The zone of this browser as the API takes it: by its name, since an offset is not the same in summer and in winter.
 * Minutes ahead of UTC where the browser knows no name.
 */
export function zoneAsked(now: Date = new Date()): string {
  const name = (Intl.DateTimeFormat().resolvedOptions() as { timeZone?: string }).timeZone ?? '';
  return name === '' || name === 'Etc/Unknown' ? String(offsetMinutes(now)) : name;
}

/** A day of this place as files are named: the date on the wall, not that of UTC. */
export function dateHere(now: Date = new Date()): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** The offset of this browser's clock from UTC in minutes, east positive. */
const offsetMinutes = (now: Date = new Date()): number => -now.getTimezoneOffset();

/** Where a day becomes an instant: its first, its last second, and when it is over. */
export type Edge = 'begins' | 'ends' | 'over';
/** The one way from a day of this place to an instant. What is due on a day is due when the day ends, never as it begins. */
export function instantOf(day: Date, edge: Edge): Date {
  const [year, month, date] = [day.getFullYear(), day.getMonth(), day.getDate()];
  if (edge === 'begins') return new Date(year, month, date);
  const over = new Date(year, month, date + 1);
  return edge === 'over' ? over : new Date(over.getTime() - 1000);
}
/** The time of day that stands for the end of it where a calendar asks for one. */
export const DAY_END = '23:59:59';
/** A day that was typed where a time is asked for, with the end of that day; null for anything else. */
export function withDayEnd(typed: string): string | null {
  const [, year, month = '', day = ''] = /^\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?\s*$/.exec(typed) ?? [];
  return year ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')} ${DAY_END}` : null;
}
/** A time until which something is to be done: the day, when all of it is left. */
export function untilWords(text: string | null | undefined, locale: Locale): string {
  const at = new Date(text ?? '');
  if (Number.isNaN(at.getTime())) return '';
  const isDay = instantOf(at, 'ends').getTime() === Math.floor(at.getTime() / 1000) * 1000;
  return isDay
    ? new Intl.DateTimeFormat(locale, { year: 'numeric', month: '2-digit', day: '2-digit' }).format(at)
    : localTime(text, locale);
}

/** Midnight of a local day, so many days from today, in UTC. */
export function startOfDay(days: number, now: Date = new Date()): string {
  return instantOf(new Date(now.getFullYear(), now.getMonth(), now.getDate() + days), 'begins').toISOString();
}

/** Midnight of this week's Monday, in UTC. */
export function startOfWeek(now: Date = new Date()): string {
  return startOfDay(-((now.getDay() + 6) % 7), now);
}

/** The time zone of this browser, for people: its name and how far it is from UTC. */
export function zoneNow(now: Date = new Date()): { zone: string; offset: string } {
  const minutes = offsetMinutes(now);
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const offset =
    minutes === 0 ? 'UTC' : `UTC${minutes < 0 ? '−' : '+'}${hours}${rest ? `:${String(rest).padStart(2, '0')}` : ''}`;
  return { zone: Intl.DateTimeFormat().resolvedOptions().timeZone, offset };
}

/** Clocks differ by a little; more than this ahead of now and a time that is past cannot be right. */
const AHEAD_MS = 120_000;
export const isAhead = (text: string | null | undefined, now: number): boolean =>
  Date.parse(text ?? '') - now > AHEAD_MS;
