/**
 * What is typed beside a form, a comment or the note of a step: kept at every key as a draft of its record, which
 * holds no operations, but which of the two it is and the words.
 */
import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { phone, type Draft } from '@/phone';
import { Keeper } from '@/forms/keeper';

export const COMMENT = 'comment';

export interface Words {
  /** `comment`, or the action of a step. */
  of: string;
  text: string;
}
export interface About {
  id: string;
  form: string;
  grid: string;
}

/** What a draft of this kind holds; nothing of another. */
export function wordsOf({ appState }: Draft): Words | undefined {
  try {
    const kept: unknown = JSON.parse(appState ?? '');
    const said = typeof kept === 'object' && kept !== null && 'said' in kept ? kept.said : undefined;
    return typeof said === 'object' && said !== null && 'of' in said && 'text' in said
      ? { of: String(said.of), text: String(said.text) }
      : undefined;
  } catch {
    return undefined;
  }
}

export interface Saying {
  text: Ref<string>;
  /** Why what was typed last is not on disk. */
  notKept: ShallowRef<unknown>;
  /** Goes on with what was typed of this before. */
  resume: (of: string) => Promise<void>;
  /** It was sent, or is not to be sent. */
  done: () => Promise<void>;
}

export function useSaying(about: () => About): Saying {
  const text = ref('');
  const notKept = shallowRef<unknown>();
  let of = COMMENT;
  let keeper = makeKeeper();

  function makeKeeper(id?: string): Keeper {
    return new Keeper(
      (draft) => phone().saveDraft(draft),
      () => undefined,
      (error) => (notKept.value = error),
      id,
    );
  }
  async function forget(): Promise<void> {
    const last = keeper;
    keeper = makeKeeper();
    await last.settled();
    if (last.id !== undefined) await phone().discardDraft(last.id);
  }
  function typed(words: string): void {
    if (words.trim() === '') {
      void forget().catch((error: unknown) => (notKept.value = error));
      return;
    }
    const { id: recordId, form, grid } = about();
    const said: Words = { of, text: words };
    keeper.keep({
      grid,
      form,
      formVersion: null,
      recordId,
      newRecord: false,
      operations: [],
      appState: JSON.stringify({ said }),
    });
  }
  let quiet = false;
  // At once, so that what is shown again is no typing.
  watch(text, (words) => quiet || typed(words), { flush: 'sync' });
  function show(words: string): void {
    quiet = true;
    text.value = words;
    quiet = false;
  }
  return {
    text,
    notKept,
    async resume(what) {
      of = what;
      keeper = makeKeeper();
      show('');
      const drafts = await phone().drafts();
      const found = drafts.find((draft) => draft.recordId === about().id && wordsOf(draft)?.of === what);
      // Typed on meanwhile: that is newer.
      if (!found || text.value !== '') return;
      keeper = makeKeeper(found.id ?? undefined);
      show(wordsOf(found)?.text ?? '');
    },
    async done() {
      show('');
      await forget();
    },
  };
}
