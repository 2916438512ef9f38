/** An in-memory phone: enough of the library for unit tests of what is typed. The stories run against the real one. */
import { readFileSync } from 'node:fs';
import type { Draft, FieldContent, FieldInfo, FieldKind, FormInfo, Operation, Phone } from '@gridfold/phone';

interface Condition {
  equals?: [string, unknown];
}
interface FieldJson {
  key: string;
  label: { zh: string };
  type: string;
  means?: string;
  required?: boolean;
  visible_if?: Condition;
  choices?: { key: string; label: { zh: string } }[];
  members?: FieldJson[];
  [rule: string]: unknown;
}
interface FormJson {
  code: string;
  version: number;
  label: { zh: string };
  means: string;
  title: string;
  fields: FieldJson[];
}

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../../sync-core/forms/${name}.json`, import.meta.url), 'utf8')) as FormJson;

const upper = (text: string) => text.replace(/(^|_)(\w)/g, (_, __, letter: string) => letter.toUpperCase());

function kindOf(json: FieldJson): FieldKind {
  const rule = (name: string, otherwise: unknown = null) => json[name] ?? otherwise;
  return {
    type: upper(json.type),
    maxChars: rule('max_chars', 200),
    pattern: rule('pattern'),
    min: rule('min'),
    max: rule('max'),
    scale: rule('scale', 6),
    form: rule('form'),
    maxItems: rule('max_items', 100),
    maxStep: rule('max_step', 1_000),
    choices: (json.choices ?? []).map(({ key, label }) => ({ key, label: label.zh })),
    members: (json.members ?? []).map(fieldOf),
  } as unknown as FieldKind;
}

const fieldOf = (json: FieldJson): FieldInfo => ({
  key: json.key,
  label: json.label.zh,
  kind: kindOf(json),
  means: json.means ?? null,
  required: json.required ?? false,
  sensitivity: 'General',
  writable: true,
  conditional: json.visible_if !== undefined,
});

export function formOf(name: string): FormInfo {
  const json = read(name);
  return {
    code: json.code,
    version: json.version,
    label: json.label.zh,
    means: json.means,
    titleField: json.title,
    fields: json.fields.map(fieldOf),
    statuses: [],
    asides: [],
    retired: false,
  };
}

/** What is there, to be looked at by a test. */
export interface Held {
  drafts: Map<string, Draft>;
  records: Map<string, Record<string, FieldContent>>;
  /** Each save, in order. */
  saves: Draft[];
}

/** Which fields are shown, by what the form's file says of them. */
function visible(name: string, operations: Operation[]): string[] {
  const set = new Map<string, unknown>();
  for (const one of operations)
    if (one.type === 'Set') set.set(one.field, one.value.type === 'Boolean' ? one.value.yes : undefined);
  return read(name)
    .fields.filter(({ visible_if: condition }) => {
      if (!condition?.equals) return true;
      const [field, value] = condition.equals;
      return set.get(field) === value;
    })
    .map(({ key }) => key);
}

export function double(): { phone: Phone; held: Held } {
  const held: Held = { drafts: new Map(), records: new Map(), saves: [] };
  const phone = {
    identity: () => Promise.resolve({ userId: 'u1', userName: '李网格员', deviceId: 'd1', serverUrl: '' }),
    forms: () => Promise.resolve([formOf('visit'), formOf('household')]),
    form: (code: string) => Promise.resolve(formOf(code)),
    areas: () =>
      Promise.resolve([{ code: 'g1', name: '第一网格', parent: null, level: 'grid', mine: true, retired: false }]),
    colleagues: () => Promise.resolve([]),
    list: () => Promise.resolve({ items: [], next: null, total: 0 }),
    get: () => Promise.resolve(null),
    visibleFields: (form: string, _: string | null, operations: Operation[]) =>
      Promise.resolve(visible(form, operations)),
    saveDraft: (draft: Draft) => {
      const id = draft.id ?? `draft-${held.drafts.size + 1}`;
      held.drafts.set(id, { ...draft, id });
      held.saves.push(draft);
      return Promise.resolve(id);
    },
    draft: (id: string) => Promise.resolve(held.drafts.get(id) ?? null),
    drafts: () => Promise.resolve([...held.drafts.values()]),
    discardDraft: (id: string) => Promise.resolve(void held.drafts.delete(id)),
    commitDraft: (id: string) => {
      held.drafts.delete(id);
      held.records.set('r1', {});
      return Promise.resolve('r1');
    },
    watch: () => Promise.resolve({ stop: () => undefined }),
    onLost: () => ({ stop: () => undefined }),
  };
  return { phone: phone as unknown as Phone, held };
}
