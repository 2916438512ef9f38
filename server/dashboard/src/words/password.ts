/** What the server asks of passwords. */
export const PASSWORD_SHORTEST = 12;
/** Counted as the server counts, by code points. */
export const isShort = (password: string): boolean => Array.from(password).length < PASSWORD_SHORTEST;
