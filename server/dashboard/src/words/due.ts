/** Until when work is usually to be done: proposed, for whoever hands it out to change. */

/** The end of office hours, so many days from now, where nothing says when. */
const DAYS = 3;
const END_OF_WORK_H = 18;

/** Of several matters the one that is due first says when; what is past says nothing. */
export function usualDue(dues: (string | null | undefined)[], now: Date): Date {
  const coming = dues.map((due) => Date.parse(due ?? '')).filter((at) => at > now.getTime());
  if (coming.length > 0) return new Date(Math.min(...coming));
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + DAYS, END_OF_WORK_H);
}
