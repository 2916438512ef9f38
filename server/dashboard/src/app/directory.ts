/** Names of areas, forms and users, asked for once and kept while the page is open. */
import { reactive, shallowRef } from 'vue';
import { api } from '@/api/client';
import type { Area, Field, Form, Status, User } from '@/api/types';
import type { Person } from '@/words/person';
import { said } from './locale';
import { session } from './session';

/** The frame is still there for a moment when the session has ended: nothing is asked for then. */
const mayAsk = (): boolean => session.state === 'in';

export const forms = shallowRef<Form[]>([]);
let asked: Promise<void> | null = null;

export function loadForms(again = false): Promise<void> {
  if (!asked || again) {
    asked = api.get('/v1/forms').then(
      (answer) => {
        forms.value = answer.forms;
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

const areas = reactive(new Map<string, Area | null>());
export function rememberAreas(list: Area[]): void {
  for (const area of list) areas.set(area.code, area);
}
/** The name of an area; its code until the name is known, and for ever when it is not ours to see. */
export function areaName(code: string): string {
  if (!areas.has(code) && mayAsk()) {
    areas.set(code, null);
    api.get('/v1/areas/{code}', { path: { code } }).then(
      (area) => areas.set(code, area),
      () => {
        // The code says enough.
      },
    );
  }
  return areas.get(code)?.name ?? code;
}

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
      () => {
        // The id says enough.
      },
    );
  }
  return id.slice(0, 8);
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

const titles = reactive(new Map<string, string>());
/** What names a record that another one refers to. */
export function recordTitle(id: string): string {
  const known = titles.get(id);
  if (known !== undefined) return known;
  if (!mayAsk()) return id.slice(0, 8);
  titles.set(id, id.slice(0, 8));
  wanted.push(id);
  if (wanted.length === 1) queueMicrotask(askTitles);
  return id.slice(0, 8);
}
/** A table asks for the titles of all its rows at once. */
const wanted: string[] = [];
const TITLES_AT_ONCE = 200;
function askTitles(): void {
  while (wanted.length > 0) {
    const ids = wanted.splice(0, TITLES_AT_ONCE);
    api.get('/v1/records', { query: { id: ids.join(','), deleted: true, limit: TITLES_AT_ONCE } }).then(
      (page) => {
        for (const r of page.records) titles.set(r.record_id, titleOf(r.title, r.form) || r.record_id.slice(0, 8));
      },
      () => {
        // Their ids say enough.
      },
    );
  }
}

/** Everything known is of the one who was signed in. */
export function forget(): void {
  asked = null;
  forms.value = [];
  areas.clear();
  users.clear();
  usersAsked.clear();
  places.clear();
  titles.clear();
}
