/** What one may do where, by the grants in force: so that nothing is offered that the server would refuse there. */
import type { Role } from '@/api/types';
import { isWithin } from './directory';
import { session } from './session';

const grants = () => session.me?.grants ?? [];

/** The roles held in an area; of none, those held everywhere. */
export const rolesAt = (code: string): Role[] => [
  ...new Set(
    grants()
      .filter((g) => !g.area || (code !== '' && isWithin(code, [g.area])))
      .map((g) => g.role),
  ),
];
/** The areas in which one of these roles is held, with all that lies in them; null for everywhere. */
export function areasAs(...roles: Role[]): string[] | null {
  const areas = grants()
    .filter((g) => roles.includes(g.role))
    .map((g) => g.area ?? '');
  return areas.includes('') ? null : [...new Set(areas)];
}
/** The areas in which one may make records and delete them. */
export const areasToWrite = (): string[] | null => areasAs('worker', 'supervisor', 'admin', 'service');
/** Whether an area may be changed: who does must be its administrator, and that of what it lies in. */
export const mayChangeArea = (parent: string): boolean =>
  parent === '' ? areasAs('admin') === null : isWithin(parent, areasAs('admin'));
