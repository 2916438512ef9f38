/** A receipt's number as it is read out, and the address that the resident opens. */

/** As the core groups it. */
const GROUP = 4;
export const grouped = (number: string): string => number.match(new RegExp(`.{1,${GROUP}}`, 'gu'))?.join(' ') ?? number;
/** Behind the `#`, which browsers never send. */
export const receiptLink = (origin: string, number: string): string => `${origin}/r/#${number}`;
