/** The catalogue's kinds, asked for once where one is chosen or shown. */
import { shallowRef } from 'vue';
import { api } from '@/api/client';
import type { MatterKind } from '@/api/types';
import { session } from './session';

export const kinds = shallowRef<MatterKind[]>([]);
let askedFor = '';

/** Asks once for each who signs in, and again when others were published. Without an answer what is typed is what it is. */
export function loadKinds(again = false): void {
  const who = session.me?.user_id ?? '';
  if (who === '' || (askedFor === who && !again)) return;
  askedFor = who;
  api.get('/v1/catalogue').then(
    (catalogue) => (kinds.value = catalogue.kinds),
    () => (askedFor = ''),
  );
}
