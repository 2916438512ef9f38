/** Handing work to somebody else along with a step: who is to do it from now on, and that what they give back comes to who handed it on. */
import { ref, type Ref } from 'vue';
import { identity } from './forms';
import { readEntry, type Entry } from '@/forms/entries';
import { phone, type FieldInfo, type FormInfo, type NextTransition, type Operation } from '@/phone';

type Person = Extract<Entry, { type: 'person' }>;
const NOBODY: Person = { type: 'person', userId: null, name: '' };

/**
 * The field of who is to do it, where a step gives a task out anew: it leads back to where a task begins. The library
 * does not tell what a step means.
 */
export function handsTo(form: FormInfo | undefined, step: NextTransition | undefined): FieldInfo | undefined {
  const givesOut = form?.means === 'task' && step?.toStatus === form.statuses[0]?.key;
  const doer = form?.fields.find(({ means }) => means === 'doer');
  return givesOut && doer?.writable && doer.kind.type === 'Person' ? doer : undefined;
}

export interface HandOver {
  to: Ref<Person>;
  /** Shows who does it now; nobody where that is who hands it over. */
  begin: (recordId: string, doer: FieldInfo) => Promise<void>;
  /** Writes who does it from now on. */
  write: (recordId: string, form: FormInfo, doer: FieldInfo) => Promise<void>;
}

export function useHandOver(): HandOver {
  const to = ref<Person>(NOBODY);
  return {
    to,
    async begin(recordId, doer) {
      to.value = NOBODY;
      const held = (await phone().get(recordId))?.fields[doer.key];
      const now = held?.type === 'Value' && held.value.type === 'Person' ? held.value : undefined;
      if (now && now.userId !== identity.value?.userId && to.value.name === '')
        to.value = { type: 'person', userId: now.userId, name: now.name };
    },
    async write(recordId, form, doer) {
      const read = readEntry(doer.kind, to.value);
      if (!('value' in read) || read.value === null) return;
      const operations: Operation[] = [{ type: 'Set', field: doer.key, value: read.value }];
      const me = identity.value;
      const issuer = form.fields.find(({ means }) => means === 'issuer');
      if (me && issuer?.writable && issuer.kind.type === 'Person')
        operations.push({
          type: 'Set',
          field: issuer.key,
          value: { type: 'Person', userId: me.userId, name: me.userName },
        });
      await phone().edit(recordId, operations);
    },
  };
}
