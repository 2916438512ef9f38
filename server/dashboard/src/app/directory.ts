/** Names of areas, forms and users, asked for once and kept while the page is open. */
import { computed, reactive, shallowRef } from 'vue';
import { api } from '@/api/client';
import type { Area, Field, Form, Status, User } from '@/api/types';
import type { Person } from '@/words/person';
import { said } from './locale';
import { session } from './session';
import { t } from '@/messages';

/** The frame is still there for a moment when the session has ended: nothing is asked for then. */
const mayAsk = (): boolean => session.state === 'in';

export const forms = shallowRef<Form[]>([]);
/** Since when forms are retired, by code. */
export const retiredForms = shallowRef<Record<string, string>>({});
/** Those of which a record can be made. */
export const formsInUse = computed(() => forms.value.filter((form) => !(form.code in retiredForms.value)));
let asked: Promise<void> | null = null;

export function loadForms(again = false): Promise<void> {
  if (!asked || again) {
    asked = api.get('/v1/forms').then(
      (answer) => {
        forms.value = answer.forms;
        retiredForms.value = answer.retired;
      },
      (thrown: unknown) => {
        asked = null;
        throw thrown;
      },
    );
  }
  return asked;
}
export const form = (code: string): Form | undefined => forms.value.find((f) => f.code === code);
export const formName = (code: string): string => said(form(code)?.label, code);
export const field = (code: string, key: string): Field | undefined => form(code)?.fields.find((f) => f.key === key);
export const fieldName = (code: string, key: string): string => said(field(code, key)?.label, key);
export const statusOf = (code: string, key: string): Status | undefined =>
  form(code)?.lifecycle?.statuses.find((s) => s.key === key);
export const statusName = (code: string, key: string): string => said(statusOf(code, key)?.label, key);

/** What names a record: a title that is the key of a choice is said as the choice. */
export function titleOf(title: string, code?: string): string {
  const among = code ? [form(code)] : forms.value;
  for (const each of among) {
    const choice = each?.fields.find((f) => f.key === each.title)?.choices?.find((c) => c.key === title);
    if (choice) return said(choice.label, title);
  }
  return title;
}

/** Null: asked for, or not ours to see. */
const areas = reactive(new Map<string, Area | null>());
const unseen = reactive(new Set<string>());
export function rememberAreas(list: Area[]): void {
  for (const area of list) areas.set(area.code, area);
}
/** An area once it is known; asked for when it is not. */
export function areaOf(code: string): Area | undefined {
  if (!areas.has(code) && mayAsk()) {
    areas.set(code, null);
    api.get('/v1/areas/{code}', { path: { code } }).then(
      (area) => areas.set(code, area),
      () => unseen.add(code),
    );
  }
  return areas.get(code) ?? undefined;
}
/** What stands for a name that is still on its way. */
const COMING = '…';
/** The areas that are known by name: of two that are called alike the name alone tells nothing. */
const alike = computed(() => {
  const by = new Map<string, Area[]>();
  for (const area of areas.values()) if (area) by.set(area.name, [...(by.get(area.name) ?? []), area]);
  return by;
});
/** More levels than a country has. */
const DEEPEST = 32;
/** An area and what it lies in, the nearest first, as far as it is known and asked for. */
function* upward(code: string): Generator<Area> {
  let at = areaOf(code);
  for (let steps = 0; at && steps < DEEPEST; at = at.parent ? areaOf(at.parent) : undefined, steps += 1) yield at;
}
/** An area and what it lies in, the uppermost first, as far as it is known. What is above one's own area goes without saying. */
export function areasTo(code: string): Area[] {
  const own = new Set((session.me?.grants ?? []).map((g) => g.area ?? ''));
  const path: Area[] = [];
  for (const area of upward(code)) {
    path.unshift(area);
    if (own.has(area.code)) break;
  }
  return path;
}
/** The first so many names of a way upwards. */
function namesUp(code: string, most: number): string[] {
  const names: string[] = [];
  for (const area of upward(code)) if (names.push(area.name) >= most) break;
  return names;
}
/**
 * The name of an area with what it lies in: as many names as are asked for, and more where another one that is known here
 * would have the same. Its code says nothing to people: one that is not theirs to see has no name here.
 */
function areaSaid(code: string, least: number): string {
  const area = areaOf(code);
  if (!area) return unseen.has(code) ? t('area.unseen') : COMING;
  const others = (alike.value.get(area.name) ?? []).filter((other) => other.code !== code);
  let names = namesUp(code, least);
  while (others.some((other) => namesUp(other.code, names.length).join('/') === names.join('/'))) {
    const more = namesUp(code, names.length + 1);
    if (more.length === names.length) break;
    names = more;
  }
  return names.reverse().join(' / ');
}
/** The name of an area; where others that are met here are called the same, with what it lies in. */
export const areaName = (code: string): string => areaSaid(code, 1);
/** Whether an area is one of these or lies in one, as far as is known yet; null for everywhere. */
export function isWithin(code: string, among: string[] | null): boolean {
  if (among === null) return true;
  let at = areaOf(code);
  if (among.includes(code)) return true;
  for (let steps = 0; at?.parent && steps < DEEPEST; at = areaOf(at.parent), steps += 1)
    if (among.includes(at.parent)) return true;
  return false;
}
/** The name with its place in the tree: `幸福街道 / 第一社区 / 3号网格`. Grids of many communities are called alike. */
export const areaPath = (code: string): string => areaSaid(code, Math.max(1, areasTo(code).length));
/** The same with no more than what it lies in directly, for where there is little room. */
export const areaShort = (code: string): string => areaSaid(code, Math.max(1, Math.min(2, areasTo(code).length)));

/** What an area lies in; nothing for one at the top, or whose upper one is not ours to see. */
export async function parentOf(code: string): Promise<string> {
  const known = areas.get(code);
  if (known) return known.parent ?? '';
  const asked = await api.get('/v1/areas/{code}', { path: { code } }).catch(() => null);
  if (asked) areas.set(code, asked);
  return asked?.parent ?? '';
}

const users = reactive(new Map<string, string>());
const usersAsked = new Set<string>();
const usersUnseen = reactive(new Set<string>());
export function rememberUsers(list: User[]): void {
  for (const user of list) users.set(user.user_id, user.name);
}
/** Who did what nobody is known for: a sign-in that failed, the server itself. */
const NOBODY = '00000000-0000-0000-0000-000000000000';
export function userName(id: string): string {
  if (id === NOBODY) return '–';
  const known = users.get(id);
  if (known !== undefined) return known;
  if (!usersAsked.has(id) && mayAsk()) {
    usersAsked.add(id);
    api.get('/v1/users/{user_id}', { path: { user_id: id } }).then(
      (user) => users.set(id, user.name),
      () => usersUnseen.add(id),
    );
  }
  return usersUnseen.has(id) ? t('user.unseen') : COMING;
}

const places = reactive(new Map<string, string>());
/** The areas in which somebody has a role now: what tells two people of one name apart. */
export function worksAt(id: string): string {
  if (!places.has(id) && mayAsk()) {
    places.set(id, '');
    api.get('/v1/grants', { query: { user_id: id, active: true, limit: 10 } }).then(
      ({ grants }) => {
        const codes = [...new Set(grants.flatMap((g) => g.area ?? []))];
        places.set(id, codes.map((code) => areaName(code)).join(' '));
      },
      () => {
        // Their name alone has to do.
      },
    );
  }
  return places.get(id) ?? '';
}
export function rememberName(id: string, name: string): void {
  if (name !== '' && !users.has(id)) users.set(id, name);
}
/** What a person whom a record names is called now. */
export function personName(person: Person): string {
  if (!person.user_id) return person.name;
  const now = userName(person.user_id);
  return users.has(person.user_id) || person.name === '' ? now : person.name;
}

/** Everything known is of the one who was signed in. */
export function forget(): void {
  asked = null;
  forms.value = [];
  retiredForms.value = {};
  areas.clear();
  users.clear();
  usersAsked.clear();
  places.clear();
  unseen.clear();
  usersUnseen.clear();
}
