/**
 * What is wrong with a form that somebody writes as JSON, told beside it while they write. The server judges when it is
 * published; what is found here is what it cannot read as a form at all, with its place in the text.
 */
import type { FieldClass, Form, Role } from '@/api/types';
import type { FieldKind } from '@/api/refined';
import { lineOf, readJson, within, type JsonWrong } from './jsonText';

export type FormWrong = 'missing' | 'kind' | 'one_of' | 'key' | 'same' | 'no_field' | 'no_status' | 'unknown_key';
export interface Fault {
  why: JsonWrong | FormWrong;
  /** The value that it is in, such as `fields[2].type`; empty for the whole. */
  path: string;
  line: number;
  column: number;
  /** What stands there; empty at the end of the text. */
  found: string;
  /** What could stand there. */
  known: string;
  /** Whether it can be published all the same: what the server does not know it keeps, and does nothing with it. */
  hint: boolean;
}
export interface DraftRead {
  /** The form, as soon as its fields can be shown. */
  form: Form | null;
  faults: Fault[];
}

type Kind = 'text' | 'number' | 'boolean' | 'list' | 'object' | 'any';
interface Part {
  kind: Kind;
  needed?: true;
  /** A text, or texts of a list, among these. */
  of?: readonly string[];
}
type Parts = Record<string, Part>;
type Thing = Record<string, unknown>;

const namesOf = <T extends string>(all: Record<T, true>): string[] => Object.keys(all);
/** Complete by the types of the API. */
const TYPES = namesOf<FieldKind>({
  text: true,
  long_text: true,
  integer: true,
  decimal: true,
  boolean: true,
  date: true,
  date_time: true,
  choose_one: true,
  choose_many: true,
  geopoint: true,
  reference: true,
  person: true,
  group: true,
  counter: true,
});
const CLASSES = namesOf<FieldClass>({ general: true, personal: true, restricted: true });
const ROLES = namesOf<Role>({ worker: true, supervisor: true, admin: true, auditor: true, service: true });

const text: Part = { kind: 'text' };
const needed = (part: Part): Part => ({ ...part, needed: true });
const listOf = (of?: readonly string[]): Part => (of ? { kind: 'list', of } : { kind: 'list' });
const number: Part = { kind: 'number' };
const boolean: Part = { kind: 'boolean' };
const object: Part = { kind: 'object' };

const LABEL: Parts = { zh: needed(text), en: needed(text) };
const FORM: Parts = {
  code: needed(text),
  version: needed(number),
  label: needed(object),
  class: needed({ ...text, of: CLASSES }),
  means: text,
  fields: needed(listOf()),
  title: text,
  lifecycle: object,
};
const FIELD: Parts = {
  key: needed(text),
  label: needed(object),
  type: needed({ ...text, of: TYPES }),
  means: text,
  required: boolean,
  class: { ...text, of: CLASSES },
  writable_by: listOf(ROLES),
  visible_if: object,
  on_receipt: boolean,
};
/** The keys that go with a type. */
const choices: Parts = { choices: needed(listOf()) };
const OF_TYPE: Record<string, Parts> = {
  text: { max_chars: number, pattern: text },
  long_text: { max_chars: number },
  integer: { min: number, max: number },
  decimal: { min: text, max: text, scale: number },
  date: { min: text, max: text },
  choose_one: choices,
  choose_many: choices,
  reference: { form: needed(text) },
  group: { members: needed(listOf()), max_items: number },
  counter: { max_step: number },
};
const CHOICE: Parts = { key: needed(text), label: needed(object) };
const LIFECYCLE: Parts = {
  initial: needed(text),
  statuses: needed(listOf()),
  transitions: needed(listOf()),
  asides: listOf(),
};
const STATUS: Parts = {
  ...CHOICE,
  rank: needed(number),
  done: boolean,
  closed: boolean,
  suspended: boolean,
};
const STEP: Parts = {
  action: needed(text),
  label: needed(object),
  from: needed(listOf()),
  to: text,
  roles: needed(listOf(ROLES)),
  needs: listOf(),
  note: boolean,
  note_needed: boolean,
  other_than: listOf(),
  other_than_writers_of: listOf(),
  answers: listOf(),
  means: text,
};

const KEY = /^[A-Za-z0-9_.-]{1,64}$/;
const isThing = (value: unknown): value is Thing =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
function kindOf(value: unknown): Kind {
  if (Array.isArray(value)) return 'list';
  if (isThing(value)) return 'object';
  return value === null
    ? 'any'
    : ({ string: 'text', number: 'number', boolean: 'boolean' }[typeof value as string] as Kind);
}
const inShort = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

class Check {
  readonly faults: Omit<Fault, 'line' | 'column'>[] = [];
  tell(why: FormWrong, path: string, found: unknown = '', known: readonly string[] = [], hint = false): void {
    this.faults.push({ why, path, found: inShort(found), known: known.join(', '), hint });
  }
  /** Whether it is a thing; tells what of its parts is missing, of another kind or none of those known. */
  parts(path: string, value: unknown, parts: Parts): value is Thing {
    if (!isThing(value)) {
      this.tell('kind', path, value, ['object']);
      return false;
    }
    for (const [key, part] of Object.entries(parts)) {
      const held = value[key];
      if (held === undefined) {
        if (part.needed) this.tell('missing', path, key);
      } else this.part(within(path, key), held, part);
    }
    for (const key of Object.keys(value))
      if (!(key in parts)) this.tell('unknown_key', within(path, key), key, Object.keys(parts), true);
    return true;
  }
  private part(path: string, value: unknown, { kind, of }: Part): void {
    if (kindOf(value) !== kind) this.tell('kind', path, value, [kind]);
    else if (of) {
      const at = (i: number) => (Array.isArray(value) ? within(path, i) : path);
      const all: unknown[] = Array.isArray(value) ? value : [value];
      all.forEach((each, i) => {
        if (!of.includes(String(each))) this.tell('one_of', at(i), each, of);
      });
    }
  }
  label(path: string, of: Thing): void {
    if (isThing(of.label)) this.parts(within(path, 'label'), of.label, LABEL);
  }
  /** Tells of keys that are none, and, where each must be another, of those that stand there twice. */
  key(path: string, value: unknown, before?: Set<string>): void {
    if (typeof value !== 'string') return;
    if (!KEY.test(value)) this.tell('key', path, value);
    else if (before?.has(value)) this.tell('same', path, value);
    before?.add(value);
  }
  each(path: string, list: unknown, check: (path: string, value: unknown) => void): void {
    if (Array.isArray(list)) list.forEach((value: unknown, i) => check(within(path, i), value));
  }
  field(path: string, value: unknown, before: Set<string>): void {
    const type = isThing(value) ? String(value.type) : '';
    if (!this.parts(path, value, { ...FIELD, ...OF_TYPE[type] })) return;
    this.key(within(path, 'key'), value.key, before);
    this.label(path, value);
    const among = new Set<string>();
    this.each(within(path, 'choices'), value.choices, (at, choice) => {
      if (!this.parts(at, choice, CHOICE)) return;
      this.key(within(at, 'key'), choice.key, among);
      this.label(at, choice);
    });
    const inside = new Set<string>();
    this.each(within(path, 'members'), value.members, (at, member) => this.field(at, member, inside));
  }
  /** Tells of names that none of those have. */
  named(path: string, value: unknown, known: Set<string>, why: 'no_field' | 'no_status'): void {
    if (Array.isArray(value)) this.each(path, value, (at, each) => this.named(at, each, known, why));
    else if (typeof value === 'string' && !known.has(value)) this.tell(why, path, value, [...known]);
  }
  lifecycle(path: string, value: unknown, fields: Set<string>): void {
    if (!this.parts(path, value, LIFECYCLE)) return;
    const statuses = new Set<string>();
    this.each(within(path, 'statuses'), value.statuses, (at, status) => {
      if (!this.parts(at, status, STATUS)) return;
      this.key(within(at, 'key'), status.key, statuses);
      this.label(at, status);
    });
    this.named(within(path, 'initial'), value.initial, statuses, 'no_status');
    const step = (to: 'needed' | 'none') => (at: string, of: unknown) => {
      if (!this.parts(at, of, to === 'needed' ? { ...STEP, to: needed(text) } : STEP)) return;
      this.key(within(at, 'action'), of.action);
      this.label(at, of);
      for (const key of ['from', 'to']) this.named(within(at, key), of[key], statuses, 'no_status');
      for (const key of ['needs', 'other_than_writers_of']) this.named(within(at, key), of[key], fields, 'no_field');
    };
    this.each(within(path, 'transitions'), value.transitions, step('needed'));
    this.each(within(path, 'asides'), value.asides, step('none'));
  }
  form(value: unknown): void {
    if (!this.parts('', value, FORM)) return;
    this.key('code', value.code);
    this.label('', value);
    const fields = new Set<string>();
    this.each('fields', value.fields, (at, field) => this.field(at, field, fields));
    this.named('title', value.title, fields, 'no_field');
    if (isThing(value.lifecycle)) this.lifecycle('lifecycle', value.lifecycle, fields);
  }
}

/** Reads what is written so far. Without a fault that is no hint it can be given to the server. */
export function readDraft(written: string): DraftRead {
  const read = readJson(written);
  if ('why' in read) {
    const { why, offset, path, found } = read;
    return { form: null, faults: [{ why, path, found, known: '', hint: false, ...lineOf(written, offset) }] };
  }
  const check = new Check();
  check.form(read.value);
  const faults = check.faults.map((fault) => ({ ...fault, ...lineOf(written, read.at.get(fault.path) ?? 0) }));
  return { form: canBeShown(read.value) ? (read.value as Form) : null, faults };
}

/** Whether the preview has what it goes by: fields with keys, types and labels, and choices that have them too. */
function canBeShown(value: unknown): boolean {
  if (!isThing(value) || !Array.isArray(value.fields) || !isThing(value.label)) return false;
  const shown = (of: unknown): boolean =>
    isThing(of) &&
    typeof of.key === 'string' &&
    typeof of.type === 'string' &&
    isThing(of.label) &&
    (of.choices === undefined ||
      (Array.isArray(of.choices) && of.choices.every((c) => isThing(c) && isThing(c.label)))) &&
    (of.members === undefined || (Array.isArray(of.members) && of.members.every(shown)));
  return value.fields.every(shown);
}

/** What a new form begins with: the least that can be published, and shows how fields and choices are written. */
export const newForm = (code: string): Form => ({
  code,
  version: 1,
  label: { zh: '新表单', en: 'New form' },
  class: 'general',
  title: 'title',
  fields: [
    { key: 'title', label: { zh: '标题', en: 'Title' }, type: 'text', required: true, max_chars: 120 },
    { key: 'happened_at', label: { zh: '时间', en: 'When' }, type: 'date_time', means: 'happened' },
    {
      key: 'kind',
      label: { zh: '类别', en: 'Kind' },
      type: 'choose_one',
      choices: [
        { key: 'first', label: { zh: '第一类', en: 'First kind' } },
        { key: 'second', label: { zh: '第二类', en: 'Second kind' } },
      ],
    },
    {
      key: 'household',
      label: { zh: '住户', en: 'Household' },
      type: 'reference',
      form: 'household',
      means: 'household',
    },
    { key: 'details', label: { zh: '详情', en: 'Details' }, type: 'long_text', means: 'details' },
  ],
});
/** A code that none of these has: by a word and the first number that is free. */
export function freeCode(taken: readonly string[], word = 'new_form'): string {
  let n = 1;
  while (taken.includes(n === 1 ? word : `${word}_${n}`)) n += 1;
  return n === 1 ? word : `${word}_${n}`;
}
