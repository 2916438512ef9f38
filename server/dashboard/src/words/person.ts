/** People as records name them: by id with the name of the moment, or by name where they have no account. */
export interface Person {
  user_id?: string;
  name: string;
}

export function personOf(value: unknown): Person | undefined {
  if (typeof value === 'string') return value === '' ? undefined : { name: value };
  if (typeof value !== 'object' || value === null || !('name' in value) || typeof value.name !== 'string')
    return undefined;
  return 'user_id' in value && typeof value.user_id === 'string'
    ? { user_id: value.user_id, name: value.name }
    : { name: value.name };
}

const ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;
/** Whether a text is an id and no name. */
export const isUserId = (text: string): boolean => ID.test(text);
