/** Who may give which role where, as the server holds to it: an administrator of an area any role, a supervisor a worker's. */
import type { Grant, Role } from '@/api/types';

type Held = Pick<Grant, 'role' | 'area'>;
const ROLES: Role[] = ['worker', 'supervisor', 'admin', 'auditor', 'service'];
/** The role that may give all others. */
const GIVES_ALL: Role = 'admin';
const GIVES_WORKERS: Role = 'supervisor';

const gives = (held: Held, role: Role): boolean =>
  held.role === GIVES_ALL || (role === 'worker' && held.role === GIVES_WORKERS);

/** The roles that somebody with these grants may give anywhere at all. */
export const rolesToGive = (own: Held[]): Role[] => ROLES.filter((role) => own.some((held) => gives(held, role)));

/** The areas in which they may give this role, with all that lies in them; null for everywhere. */
export function areasToGive(own: Held[], role: Role): string[] | null {
  const areas = own.filter((held) => gives(held, role)).map((held) => held.area ?? '');
  return areas.includes('') ? null : [...new Set(areas)];
}

/** Whether an area is one of these or lies in one, as those above it say. */
export async function liesIn(
  code: string,
  among: string[] | null,
  parentOf: (code: string) => Promise<string>,
): Promise<boolean> {
  if (among === null) return true;
  for (let at = code, steps = 0; at !== '' && steps < DEEPEST; at = await parentOf(at), steps += 1)
    if (among.includes(at)) return true;
  return false;
}
/** More levels than a country has. */
const DEEPEST = 32;
