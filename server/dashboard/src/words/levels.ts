/** The levels of areas, from the top down, as files of areas name them; an organisation may have others of its own. */
import type { Key } from '@/messages';

/** Only a grid holds records, and nothing lies in it. */
export const GRID = 'grid';
export const LEVELS = ['province', 'city', 'district', 'street', 'community', GRID] as const;
export const LEVEL_NAMES: Partial<Record<string, Key>> = {
  province: 'level.province',
  city: 'level.city',
  district: 'level.district',
  street: 'level.street',
  community: 'level.community',
  [GRID]: 'level.grid',
};
