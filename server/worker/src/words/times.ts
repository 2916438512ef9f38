/** Times and days as people say them, in the language of the app and the zone of the phone. */
import { locale } from '@/app/locale';
import { t } from '@/messages';

const MINUTE = 60_000;
const DAY = 86_400_000;

const midnight = (ms: number) => new Date(ms).setHours(0, 0, 0, 0);

export function clock(ms: number): string {
  return new Intl.DateTimeFormat(locale.value, { hour: '2-digit', minute: '2-digit', hour12: false }).format(ms);
}

/** A moment: its day, named when it is near, and its time. */
export function moment(ms: number, now = Date.now()): string {
  return `${day(ms, now)} ${clock(ms)}`;
}

export function day(ms: number, now = Date.now()): string {
  const days = Math.round((midnight(ms) - midnight(now)) / DAY);
  if (days === 0) return t('time.today');
  if (days === -1) return t('time.yesterday');
  if (days === 1) return t('time.tomorrow');
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(locale.value, {
    month: 'short',
    day: 'numeric',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(ms);
}

/** How long something has been so. */
export function since(ms: number, now = Date.now()): string {
  const past = Math.max(0, now - ms);
  if (past < MINUTE) return t('time.justNow');
  if (past < 60 * MINUTE) return t('time.minutes', { n: Math.floor(past / MINUTE) });
  if (past < DAY) return t('time.hours', { n: Math.floor(past / (60 * MINUTE)) });
  return t('time.days', { n: Math.floor(past / DAY) });
}

/** What is due: how much is left, or how long it is over. */
export function due(ms: number, now = Date.now()): string {
  if (ms < now) return t('due.over', { long: since(ms, now) });
  return t('due.at', { when: moment(ms, now) });
}

const two = (n: number) => String(n).padStart(2, '0');

/** As a field for a day takes it: the day of the phone's zone. */
export function localDay(ms: number): string {
  const at = new Date(ms);
  return `${String(at.getFullYear()).padStart(4, '0')}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** As a field for a moment takes it. */
export function localMoment(ms: number): string {
  const at = new Date(ms);
  return `${localDay(ms)}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
