/** The values of fields while somebody enters them: what is wrong with each, and what the catalogue proposes. */
import { computed, ref, shallowRef, type ComputedRef, type Ref } from 'vue';
import type { Field, Form } from '@/api/types';
import { t } from '@/messages';
import { holds, isEmpty, unfinishedIn, type Values } from '@/words/entering';
import { kindNamed, propose } from '@/words/kinds';
import { fieldFor, kindField } from '@/words/meaning';
import { kinds, loadKinds, proposalFor } from './kinds';
import { said } from './locale';
import { unfinishedWords } from './say';

export interface Entry {
  values: Ref<Values>;
  /** Begins anew with these. */
  begin: (values: Values) => void;
  set: (key: string, value: unknown) => void;
  /** The fields of those asked for that are shown with what is entered so far. */
  shown: ComputedRef<Field[]>;
  /** What is wrong with each of them; empty for what can be sent. */
  wrongs: ComputedRef<Record<string, string>>;
  isWhole: ComputedRef<boolean>;
  /** Whether the field holds the kind of a matter. */
  isKind: (field: Field) => boolean;
}

/** A form's pattern is of another language of patterns: what this one cannot read is left to the server. */
function matches(pattern: string | undefined, value: unknown): boolean {
  if (pattern === undefined || typeof value !== 'string' || value === '') return true;
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(value);
  } catch {
    return true;
  }
}

function wrongWith(field: Field, value: unknown): string {
  const name = said(field.label, field.key);
  if (field.required && isEmpty(value)) return t('record.mayNotBeEmpty', { field: name });
  const unfinished = unfinishedIn(value);
  if (unfinished) return unfinishedWords(unfinished);
  return matches(field.pattern, value) ? '' : t('entry.pattern', { field: name });
}

/** `reportedAt` is when what is told of happened, where no field says it. */
export function useEntry(
  form: () => Form | undefined,
  fields: () => Field[],
  reportedAt: () => string = () => new Date().toISOString(),
): Entry {
  const values = ref<Values>({});
  /** What stands there because it was proposed. */
  const made = shallowRef<Values>({});
  /** Questions to the catalogue that are not answered yet: nothing is sent before. */
  const asking = { now: ref(0), last: 0 };
  function begin(first: Values): void {
    asking.last += 1;
    made.value = {};
    values.value = { ...first };
    if (kindField(form())) void loadKinds();
  }
  function set(key: string, value: unknown): void {
    values.value = { ...values.value, [key]: value };
    const of = form();
    const asks = (['happened', 'priority'] as const).map((meaning) => of && fieldFor(of, meaning)?.key);
    const kind = kindField(of);
    if (of && kind && (key === kind.key || asks.includes(key))) void lookUp(of, kind.key);
  }
  /** Asks what the catalogue proposes; of two questions the later answers. */
  async function lookUp(of: Form, key: string): Promise<void> {
    const mine = ++asking.last;
    asking.now.value += 1;
    const valueOf = (meaning: 'happened' | 'priority') => values.value[fieldFor(of, meaning)?.key ?? ''];
    const happened = valueOf('happened');
    const at = typeof happened === 'string' ? happened : reportedAt();
    const proposal = await proposalFor(kindNamed(kinds.value, values.value[key]), valueOf('priority'), at);
    asking.now.value -= 1;
    if (mine !== asking.last) return;
    const mayWrite = fields().map((f) => f.key);
    const next = propose(of, values.value, made.value, proposal, mayWrite);
    values.value = next.values;
    made.value = next.made;
  }
  const shown = computed(() => fields().filter((f) => holds(f.visible_if, values.value)));
  const wrongs = computed(() => Object.fromEntries(shown.value.map((f) => [f.key, wrongWith(f, values.value[f.key])])));
  return {
    values,
    begin,
    set,
    shown,
    wrongs,
    isWhole: computed(() => asking.now.value === 0 && Object.values(wrongs.value).every((wrong) => wrong === '')),
    isKind: (field) => field.key === kindField(form())?.key,
  };
}
