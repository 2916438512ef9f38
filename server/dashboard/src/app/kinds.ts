/** The catalogue's kinds, asked for once where one is chosen or shown. */
import { shallowRef } from 'vue';
import { api } from '@/api/client';
import type { MatterKind } from '@/api/types';
import { session } from './session';

export const kinds = shallowRef<MatterKind[]>([]);
let askedFor = '';

let asking = Promise.resolve();

/** Asks once for each who signs in, and again when others were published. Without an answer what is typed is what it is. */
export function loadKinds(again = false): Promise<void> {
  const who = session.me?.user_id ?? '';
  if (who === '' || (askedFor === who && !again)) return asking;
  askedFor = who;
  asking = api.get('/v1/catalogue').then(
    (catalogue) => void (kinds.value = catalogue.kinds),
    () => void (askedFor = ''),
  );
  return asking;
}
