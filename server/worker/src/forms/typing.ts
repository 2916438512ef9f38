/**
 * A form that is being filled in: a new record, a draft that goes on, or a record that is changed.
 *
 * What enters is what is typed; what leaves is a draft at every key, and a record once it is saved.
 */
import { computed, onScopeDispose, reactive, ref, shallowRef } from 'vue';
import { formOf, identity, rememberGrid, usualGrid } from '@/app/forms';
import {
  failureOf,
  onChange,
  phone,
  type Draft,
  type DraftReason,
  type FormInfo,
  type Misfit,
  type RecordDetail,
} from '@/phone';
import { valueWords } from '@/words/values';
import { localMoment } from '@/words/times';
import {
  applied,
  entriesOf,
  isEmpty,
  operationsOf,
  pathOf,
  putBack,
  unread,
  type Entries,
  type Entry,
} from './entries';
import { Keeper } from './keeper';
import { isKind, propose, urgencyIn, type Proposal } from './kinds';
import { wrongWords } from './wrong';

/**
 * Types of which it saves taps to take the last value: what is chosen is one tap anyway, and a moment is another one.
 * Never of what belongs to a person or a home: the last record was of somebody else.
 */
const OFFERED: ReadonlySet<string> = new Set(['Text', 'Integer', 'Decimal', 'Person', 'Reference']);

export type Begin =
  | {
      what: 'new';
      form: string;
      household?: string | undefined;
      about?: string | undefined;
      partOf?: string | undefined;
      grid?: string | undefined;
    }
  | { what: 'draft'; id: string }
  | { what: 'edit'; id: string };

/** What the app keeps with a draft beside its operations. */
interface Beside {
  /** Texts that are no values yet, by path. */
  unread?: Record<string, string>;
}

export type Outcome = { saved: string } | { draft: string } | { nothing: true } | { wrong: string } | { missing: true };

function beside(appState: string): Beside {
  try {
    const kept: unknown = JSON.parse(appState);
    return typeof kept === 'object' && kept !== null ? kept : {};
  } catch {
    return {};
  }
}

export function useTyping(draftMade: (id: string) => void) {
  const form = shallowRef<FormInfo>();
  const record = shallowRef<RecordDetail | null>(null);
  const grid = ref('');
  const entries = reactive<Entries>({});
  const visible = shallowRef<ReadonlySet<string>>();
  const misfits = shallowRef<Misfit[]>([]);
  const reason = shallowRef<DraftReason | null>(null);
  const notKept = shallowRef<unknown>();
  const touched = ref(false);
  /** Whether what was typed last is still on its way to the disk. */
  const keeping = ref(false);
  const offered = shallowRef<Record<string, { words: string; entry: Entry }>>({});
  /** What the catalogue says of the kind that is typed. */
  const proposal = shallowRef<Proposal>();
  /** Required and still empty, once that was said. */
  const missing = ref<string[]>([]);
  /** From the library: what is wrong with a field, in words. */
  const refusedFields = ref<Record<string, string>>({});

  let was: Entries = {};
  /** What stands in fields because it was proposed. */
  let proposed: Entries = {};
  let recordId: string | null = null;
  let newRecord = true;
  let keeper = makeKeeper();

  function makeKeeper(id?: string): Keeper {
    return new Keeper(
      (draft) => phone().saveDraft(draft),
      draftMade,
      (error) => (notKept.value = error),
      id,
      (is) => (keeping.value = is),
    );
  }

  /** What a draft holds that may not be written now, as when its grid is somebody else's by now. */
  const held = shallowRef<ReadonlySet<string>>(new Set());
  const fields = computed(() =>
    (form.value?.fields ?? []).filter(({ key, writable }) => writable || held.value.has(key)),
  );
  const isClosed = computed(() =>
    // One that this version has no field for is the library's to judge.
    form.value?.fields.some(({ key, writable }) => held.value.has(key) && !writable),
  );
  const shown = computed(() => fields.value.filter(({ key }) => visible.value?.has(key) ?? true));
  const reading = computed(() => operationsOf(fields.value, was, entries));
  const wrong = computed<Record<string, string>>(() => ({
    ...Object.fromEntries(missing.value.map((key) => [key, ''])),
    ...refusedFields.value,
    ...Object.fromEntries(
      Object.entries(reading.value.wrong).map(([path, why]) => [path, wrongWords(fields.value, path, why)]),
    ),
  }));

  function put(all: Entries): void {
    for (const key of Object.keys(entries)) Reflect.deleteProperty(entries, key);
    Object.assign(entries, all);
  }

  async function begin(how: Begin): Promise<boolean> {
    if (how.what === 'draft') return beginDraft(how.id);
    if (how.what === 'edit') {
      const found = await phone().get(how.id);
      if (!found) return false;
      form.value = formOf(found.form);
      record.value = found;
      [grid.value, recordId, newRecord] = [found.grid, found.id, false];
      was = entriesOf(fields.value, found.fields);
      put(structuredClone(was));
    } else {
      form.value = formOf(how.form);
      grid.value = how.grid ?? usualGrid();
      was = entriesOf(fields.value);
      put(structuredClone(was));
      prefill(how);
      void offer();
    }
    await see();
    void lookUpKind().catch(() => undefined);
    return form.value !== undefined;
  }

  // A function, since it changes while an answer is awaited.
  const isTouched = () => touched.value;

  /** Shows what came meanwhile for as long as nothing is typed: a draft is of what stood here when it was begun. */
  async function follow(): Promise<void> {
    const id = recordId;
    if (touched.value || newRecord || id === null) return;
    const found = await phone().get(id);
    // Typed into while it was asked for.
    if (!found || isTouched()) return;
    record.value = found;
    was = entriesOf(fields.value, found.fields);
    put(structuredClone(was));
    await see();
  }
  onScopeDispose(onChange(() => void follow().catch(() => undefined)));

  async function beginDraft(id: string): Promise<boolean> {
    const draft = await phone().draft(id);
    if (!draft) return false;
    await take(draft);
    return form.value !== undefined;
  }

  /** Shows a draft. */
  async function take(draft: Draft): Promise<void> {
    const version = draft.formVersion ?? null;
    form.value = (version === null ? null : await phone().form(draft.form, version)) ?? formOf(draft.form);
    recordId = draft.recordId ?? null;
    newRecord = recordId === null || draft.newRecord === true;
    grid.value = draft.grid;
    held.value = new Set(draft.operations.flatMap((one) => ('field' in one ? [one.field] : [])));
    record.value = newRecord || recordId === null ? null : await phone().get(recordId);
    was = entriesOf(fields.value, record.value?.fields);
    put(applied(fields.value, was, draft.operations));
    putBack(entries, beside(draft.appState ?? '').unread ?? {});
    misfits.value = draft.misfits ?? [];
    reason.value = draft.reason ?? null;
    if (draft.reason?.field) refusedFields.value = { [draft.reason.field]: draft.reason.reason };
    keeper = makeKeeper(draft.id ?? undefined);
    touched.value = true;
    await see();
    void lookUpKind().catch(() => undefined);
  }

  /** What goes without saying: when it happens, who hands it out, and what it was begun from. */
  function prefill(how: Extract<Begin, { what: 'new' }>): void {
    for (const { key, kind, means } of fields.value) {
      if (kind.type === 'DateTime' && means === 'happened')
        entries[key] = { type: 'words', text: localMoment(Date.now()) };
      // What its doer gives back comes to them.
      if (kind.type === 'Person' && means === 'issuer' && identity.value)
        entries[key] = { type: 'person', userId: identity.value.userId, name: identity.value.userName };
      if (kind.type !== 'Reference') continue;
      const from = means && { household: how.household, about: how.about, part_of: how.partOf }[means];
      if (from) entries[key] = { type: 'record', recordId: from };
    }
  }

  /** What the record of this form that was written here last had in each field. */
  async function offer(): Promise<void> {
    const code = form.value?.code;
    if (!code) return;
    const { items } = await phone().list({ form: code, sort: 'Captured', limit: 10 });
    const last = items.find(({ delivery }) => delivery !== null);
    const detail = last ? await phone().get(last.id) : null;
    if (!detail) return;
    const had = entriesOf(fields.value, detail.fields);
    const found: Record<string, { words: string; entry: Entry }> = {};
    for (const { key, kind, means, sensitivity } of fields.value) {
      if (sensitivity !== 'General' && kind.type !== 'Integer') continue;
      const content = detail.fields[key];
      const entry = had[key];
      if (!entry || content?.type !== 'Value' || means === 'household' || means === 'about') continue;
      if (key === form.value?.titleField || !OFFERED.has(kind.type)) continue;
      found[key] = { words: valueWords(kind, content.value), entry };
    }
    offered.value = found;
  }

  /** Which fields are shown now. */
  async function see(): Promise<void> {
    const now = form.value;
    if (!now?.fields.some(({ conditional }) => conditional)) {
      visible.value = undefined;
      return;
    }
    const about = newRecord ? null : recordId;
    visible.value = new Set(await phone().visibleFields(now.code, about, reading.value.operations, now.version));
  }

  function asDraft(): Draft {
    const { operations, wrong: unfit } = reading.value;
    const kept: Beside = { unread: unread(entries, unfit) };
    return {
      grid: grid.value,
      form: form.value?.code ?? '',
      formVersion: form.value?.version ?? null,
      recordId,
      newRecord: newRecord && recordId !== null,
      operations,
      appState: JSON.stringify(kept),
    };
  }

  /** Looks the kind up in the catalogue, and puts what it proposes where nobody has written. */
  async function lookUpKind(): Promise<void> {
    const field = fields.value.find((one) => isKind(form.value, one));
    const typed = field && entries[field.key];
    if (!field || typed?.type !== 'words') return;
    const kind = isEmpty(typed) ? null : await phone().matterKind(typed.text.trim());
    const due = kind && (await phone().proposedDue(kind.code, urgencyIn(fields.value, entries), happenedAt()));
    const now = entries[field.key];
    // Typed on meanwhile: what is asked then answers.
    if (now?.type !== 'words' || now.text !== typed.text) return;
    proposal.value = kind ? { kind, due } : undefined;
    if (!newRecord) return;
    const { changed, made } = propose(shown.value, entries, proposed, proposal.value);
    proposed = made;
    if (Object.keys(changed).length === 0) return;
    Object.assign(entries, changed);
    if (touched.value) keeper.keep(asDraft());
  }

  /** When it was reported, as far as that is typed; now otherwise. */
  function happenedAt(): number {
    const field = fields.value.find(({ kind, means }) => kind.type === 'DateTime' && means === 'happened');
    const typed = field && entries[field.key];
    const at = typed?.type === 'words' ? new Date(typed.text).getTime() : NaN;
    return Number.isNaN(at) ? Date.now() : at;
  }

  function write(key: string, entry: Entry): void {
    entries[key] = entry;
    touched.value = true;
    missing.value = missing.value.filter((one) => one !== key);
    if (key in refusedFields.value) {
      const { [key]: _, ...others } = refusedFields.value;
      refusedFields.value = others;
    }
    keeper.keep(asDraft());
    void see().catch(() => undefined);
    const field = fields.value.find((one) => one.key === key);
    if (field && (isKind(form.value, field) || field.means === 'happened' || field.means === 'priority'))
      void lookUpKind().catch(() => undefined);
  }

  /** Puts a value that nobody typed: it is kept with what is, and makes no draft by itself. */
  function found(key: string, entry: Entry): void {
    if (touched.value) write(key, entry);
    else entries[key] = entry;
  }

  function moveTo(code: string): void {
    grid.value = code;
    rememberGrid(code);
    if (touched.value) keeper.keep(asDraft());
  }

  const lacking = () =>
    shown.value
      .filter(({ key, required }) => required && isEmpty(entries[key] ?? { type: 'words', text: '' }))
      .map(({ key }) => key);

  /** Writes it; with fields missing only when that was said before. */
  async function save(): Promise<Outcome> {
    const [first] = Object.keys(reading.value.wrong);
    if (first !== undefined) return { wrong: first };
    const still = lacking();
    if (still.length > 0 && still.some((key) => !missing.value.includes(key))) {
      missing.value = still;
      return { missing: true };
    }
    const draft = asDraft();
    const seen = new Set(shown.value.map(({ key }) => key));
    const known = new Set(fields.value.map(({ key }) => key));
    // What is not shown was not meant; what has no field here is the library's to judge.
    draft.operations = draft.operations.filter(
      (one) => !('field' in one) || seen.has(one.field) || !known.has(one.field),
    );
    if (draft.operations.length === 0 && misfits.value.length === 0) {
      await discard();
      return { nothing: true };
    }
    keeper.keep(draft);
    await keeper.settled();
    const id = keeper.id;
    if (notKept.value !== undefined || id === undefined) throw notKept.value;
    try {
      const saved = await phone().commitDraft(id);
      rememberGrid(grid.value);
      return { saved };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code !== 'Rejected' || !failure.field) throw error;
      refusedFields.value = { [failure.field]: failure.reason ?? '' };
      return { wrong: pathOf(failure.field) };
    }
  }

  async function discard(): Promise<void> {
    await keeper.settled();
    if (keeper.id !== undefined) await phone().discardDraft(keeper.id);
    touched.value = false;
  }

  /** Makes it a draft of the newest version of the form. */
  async function mend(): Promise<void> {
    await keeper.settled();
    if (keeper.id !== undefined) await take(await phone().mendDraft(keeper.id));
  }

  return {
    form,
    record,
    grid,
    entries,
    shown,
    wrong,
    missing,
    misfits,
    reason,
    notKept,
    touched,
    isClosed,
    keeping,
    offered,
    proposal,
    isNew: () => newRecord,
    begin,
    write,
    found,
    moveTo,
    save,
    discard,
    mend,
    settled: () => keeper.settled(),
  };
}
