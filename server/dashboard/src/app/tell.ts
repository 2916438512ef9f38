/** Short messages and questions, each in one way over the whole app. */
import { h } from 'vue';
import { ElMessage, ElMessageBox } from 'element-plus';
import MoreDetails from '@/components/MoreDetails.vue';
import { ApiProblem } from '@/api/problem';
import { t } from '@/messages';
import { problemWords, sentence } from './say';
import { session } from './session';

let done: ReturnType<typeof ElMessage> | null = null;
/** The next one takes the place of the last, so that neither a pile nor a count of them stands there. */
export function tellDone(text: string): void {
  done?.close();
  done = ElMessage({ type: 'success', message: text, duration: 4000 });
}
/** Of these the server says exactly what, in the language of the page: the general words would say it again. */
const SAID_TWICE = new Set(['weak_password']);
let wrong: { text: string; box: ReturnType<typeof ElMessage> } | null = null;
/**
 * What went wrong; the request's id, to give to whoever runs the server, for who asks. `exactly`: where the server says
 * what is in the way in the language of the page, the general words for its code would only say something else.
 */
export function tellProblem(thrown: unknown, exactly = false): void {
  const problem = ApiProblem.from(thrown);
  // What is shown instead of the page says already why.
  if ((problem.status === 401 || problem.code === 'held') && session.state !== 'in') return;
  const said = (exactly && problem.code === 'conflict') || SAID_TWICE.has(problem.code);
  const parts = said && problem.detail ? [] : [problemWords(problem)];
  if (problem.detail && problem.code !== 'page') parts.push(sentence(problem.detail));
  const text = parts.join(' · ');
  if (text === wrong?.text) wrong.box.close();
  const id = problem.instance;
  const message = () =>
    h('div', [text, id ? h(MoreDetails, null, { default: () => t('problem.request', { id }) }) : null]);
  wrong = { text, box: ElMessage({ type: 'error', message, duration: 9000, showClose: true }) };
}

/** The dots of a button say that a question follows; on the question itself there is nothing to follow. */
const bare = (act: string): string => act.replace(/…$/, '');
const buttons = (act: string, danger: boolean, of: string) => ({
  title: of === '' ? bare(act) : t('app.askTitle', { act: bare(act), of }),
  confirmButtonText: bare(act),
  cancelButtonText: t('app.back'),
  confirmButtonType: danger ? ('danger' as const) : ('primary' as const),
  closeOnClickModal: false,
});

/**
 * Asks once before something that cannot simply be taken back. `act` is the word on the button,
 * `of` what it is done to: both are the title. What destroys or shuts out is a danger.
 */
export async function ask(text: string, act: string, danger = false, of = ''): Promise<boolean> {
  try {
    await ElMessageBox.confirm(text, { ...buttons(act, danger, of), autofocus: false });
    return true;
  } catch {
    return false;
  }
}

/** Asks which of two; null when the person goes back. `act` is what is done when nothing speaks against it. */
export async function askWhich(text: string, act: string, other: string, of: string): Promise<'act' | 'other' | null> {
  try {
    await ElMessageBox.confirm(text, {
      ...buttons(act, false, of),
      cancelButtonText: other,
      distinguishCancelAndClose: true,
      autofocus: false,
    });
    return 'act';
  } catch (how) {
    return how === 'cancel' ? 'other' : null;
  }
}

/** Asks for a text; null when the person goes back. `needed` is what is said when nothing was written. */
export async function askText(text: string, act: string, needed = '', of = '', danger = false): Promise<string | null> {
  try {
    const answer = await ElMessageBox.prompt(text, {
      ...buttons(act, danger, of),
      inputValidator: (value) => (needed !== '' && !value.trim() ? needed : true),
    });
    return answer.value.trim();
  } catch {
    return null;
  }
}

/** Does something and tells how it went. Gives whether it went well. */
export async function attempt(act: () => Promise<unknown>, done = ''): Promise<boolean> {
  try {
    await act();
    if (done !== '') tellDone(done);
    return true;
  } catch (thrown) {
    tellProblem(thrown);
    return false;
  }
}
