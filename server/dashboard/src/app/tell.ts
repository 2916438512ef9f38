/** Short messages and questions, each in one way over the whole app. */
import { ElMessage, ElMessageBox } from 'element-plus';
import { ApiProblem } from '@/api/problem';
import { t } from '@/messages';
import { problemWords } from './say';

export function tellDone(text: string): void {
  ElMessage({ type: 'success', message: text, duration: 4000, grouping: true });
}
/** What went wrong, with the request's id to give to whoever runs the server. */
export function tellProblem(thrown: unknown): void {
  const problem = ApiProblem.from(thrown);
  const parts = [problemWords(problem)];
  if (problem.detail && problem.code !== 'page') parts.push(problem.detail);
  if (problem.instance) parts.push(t('problem.request', { id: problem.instance }));
  ElMessage({ type: 'error', message: parts.join(' · '), duration: 9000, showClose: true, grouping: true });
}

/** Asks once before something that cannot simply be taken back. `act` is the word on the button. */
export async function ask(text: string, act: string, danger = false): Promise<boolean> {
  try {
    await ElMessageBox.confirm(text, t('app.confirm'), {
      confirmButtonText: act,
      cancelButtonText: t('app.cancel'),
      type: danger ? 'warning' : 'info',
      confirmButtonClass: danger ? 'el-button--danger' : '',
      autofocus: false,
    });
    return true;
  } catch {
    return false;
  }
}

/** Asks for a text; null when the person goes back. */
export async function askText(text: string, act: string, needed = ''): Promise<string | null> {
  try {
    const answer = await ElMessageBox.prompt(text, t('app.confirm'), {
      confirmButtonText: act,
      cancelButtonText: t('app.cancel'),
      inputValidator: (value) => (needed !== '' && !value?.trim() ? needed : true),
    });
    return answer.value?.trim() ?? '';
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
