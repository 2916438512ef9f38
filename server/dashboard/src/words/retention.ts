/** How long records are kept, as it is typed. */
export const DAYS_LEAST = 30;
export const DAYS_MOST = 36_500;

/** The days; null for no limit when nothing is typed; undefined for what is no number of days. */
export function daysOf(text: string): number | null | undefined {
  const typed = text.trim();
  if (typed === '') return null;
  if (!/^\d+$/.test(typed)) return undefined;
  const days = Number(typed);
  return days >= DAYS_LEAST && days <= DAYS_MOST ? days : undefined;
}
