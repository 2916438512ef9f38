/** Taps that were not meant: the second of two in a row falls on whatever the first one brought. */

/** Longest time between the taps of a hand that taps twice. */
const TWICE_MS = 700;

let timer: ReturnType<typeof setTimeout> | undefined;

/** Lets no button and no link take a tap until a hand that taps twice has done so; what is under it has just changed. */
export function settle(): void {
  clearTimeout(timer);
  document.body.classList.add('settling');
  timer = setTimeout(() => document.body.classList.remove('settling'), TWICE_MS);
}
