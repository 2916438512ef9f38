/** Who is signed in, what they may do, and when the session ends for want of activity. */
import { computed, reactive } from 'vue';
import { api, hold, onForbidden, onSignedOut, useCsrfToken } from '@/api/client';
import { ApiProblem } from '@/api/problem';
import type { ClockDoubt, Me, Role, Session, Settings } from '@/api/types';

/** The server ends a session after this long without a request; the page warns before and signs out itself. */
export const IDLE_MS = 15 * 60_000;
/** How long before the end the page asks. */
export const WARN_MS = 2 * 60_000;
/** While somebody types without sending anything, the server is told at most this often. */
const TOUCH_EVERY_MS = 4 * 60_000;
/**
 * Set while a session should be there, so that nobody who is signed out is asked to prove it. It is another text
 * for each sign-in: by its change other tabs learn of it.
 */
const SIGNED_IN = 'gridfold.signed-in';
const ACTIVITY = 'gridfold.activity';
/** What names of things that are typed and not saved begin with, in the storage of the tab. */
export const DRAFTS = 'gridfold.draft.';
/**
 * Whoever leaves, or is followed by somebody else, leaves nothing of what they typed in the tab. Whoever was signed out
 * without meaning to finds it when they sign in again; to anybody else it is never shown, and goes when they do.
 */
function forgetDrafts(butOf?: string): void {
  const kept = butOf === undefined ? null : `${DRAFTS}${butOf}.`;
  for (const name of Object.keys(sessionStorage))
    if (name.startsWith(DRAFTS) && !(kept && name.startsWith(kept))) sessionStorage.removeItem(name);
}

interface State {
  /** Paused: the session ended or is somebody else's now; what is on the page waits for the one who wrote it. */
  state: 'unknown' | 'in' | 'paused' | 'out';
  me: Me | null;
  /** Who is signed in instead of `me`, while paused. */
  other: string;
  /** How often what `me` may do has changed since the page was opened. */
  rights: number;
  settings: Partial<Settings>;
  absoluteAt: number;
  /** Why the server does not believe its machine's clock; empty when it does. */
  clock: ClockDoubt | '';
  /** Why the sign-in page is shown, when it is not the first visit. */
  ended: '' | 'idle' | 'ended' | 'signed_out' | 'everywhere' | 'password';
}
export const session = reactive<State>({
  state: 'unknown',
  me: null,
  other: '',
  rights: 0,
  settings: {},
  absoluteAt: 0,
  clock: '',
  ended: '',
});

const rightsOf = (me: Me): string => JSON.stringify([me.user_name, me.roles, me.grants]);

/** What the server says of the session, when it is of whom the page shows. */
function known(body: Session): void {
  if (session.me && rightsOf(session.me) !== rightsOf(body.me)) session.rights += 1;
  useCsrfToken(body.csrf_token);
  hold(false);
  forgetDrafts(body.me.user_id);
  session.me = body.me;
  session.other = '';
  session.settings = body.settings;
  session.clock = body.clock ?? '';
  session.absoluteAt = Date.parse(body.absolute_expires_at);
  session.state = 'in';
  session.ended = '';
}
function taken(body: Session): void {
  if (session.me && session.me.user_id !== body.me.user_id) pause(body.me.user_name);
  else known(body);
}
/** The page stays as it is, out of sight, and asks for nothing until its own person is back. */
function pause(other = ''): void {
  hold(true);
  session.other = other;
  session.state = 'paused';
  session.ended = 'ended';
}

function left(why: typeof session.ended): void {
  const meant = why !== 'idle' && why !== 'ended';
  // After a reload nobody knows whose page it was: the drafts themselves do.
  if (meant) forgetDrafts();
  else if (session.me) forgetDrafts(session.me.user_id);
  useCsrfToken('');
  hold(false);
  session.me = null;
  session.other = '';
  localStorage.removeItem(SIGNED_IN);
  session.state = 'out';
  session.ended = why;
}
/** While the page itself ends the session, a request that comes too late is no news. */
let leaving = false;
/** Whether something that somebody typed waits in this tab for them. */
export const hasDrafts = (): boolean => Object.keys(sessionStorage).some((name) => name.startsWith(DRAFTS));

/** There is no session any more. Who did nothing for long enough is signed out; else what is typed stays. */
function ended(): void {
  if ((session.state !== 'in' && session.state !== 'paused') || leaving) return;
  localStorage.removeItem(SIGNED_IN);
  if (leftMs(Date.now()) <= 0) left('idle');
  else pause();
}
onSignedOut(ended);

let looking: Promise<boolean> | null = null;
/** Asks whose session it is now. Gives whether it is that of the one whom the page shows. */
export function look(): Promise<boolean> {
  looking ??= api
    .get('/v1/session', { query: { peek: true }, background: true })
    .then(
      (body) => {
        if (session.state !== 'in' && session.state !== 'paused') return false;
        if (session.me?.user_id === body.me.user_id) known(body);
        else pause(body.me.user_name);
        return session.state === 'in';
      },
      (thrown: unknown) => {
        if (ApiProblem.from(thrown).status === 401) ended();
        // Whoever cannot be asked has said nothing.
        return session.state === 'in';
      },
    )
    .finally(() => (looking = null));
  return looking;
}
onForbidden(look);

/** Looks again when another tab signed in or out, and when the page is turned to again. */
export function watchOthers(): void {
  const shown = () => session.state === 'in' || session.state === 'paused';
  window.addEventListener('storage', (event) => {
    // The key is null when all was cleared.
    if ((event.key === SIGNED_IN || event.key === null) && shown()) void look();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible' && shown()) void look();
  });
}

/** Finds out once whether the cookie still stands for a session. */
export async function restore(): Promise<void> {
  if (!localStorage.getItem(SIGNED_IN)) {
    session.state = 'out';
    return;
  }
  try {
    taken(await api.get('/v1/session'));
    noteActivity(true);
  } catch (thrown) {
    const problem = ApiProblem.from(thrown);
    if (problem.status !== 401) throw problem;
    left('ended');
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  const body = await api.post('/v1/session', { body: { login, password } });
  taken(body);
  localStorage.setItem(SIGNED_IN, `${body.me.user_id} ${Date.now()}`);
  noteActivity(true);
}

export async function signOut(everywhere: boolean): Promise<void> {
  leaving = true;
  try {
    await api.delete('/v1/session', { query: { everywhere } });
    left(everywhere ? 'everywhere' : 'signed_out');
  } finally {
    leaving = false;
  }
}

/** Sets one's own password. The server ends every session with it, this one too. */
export async function changePassword(current: string, password: string): Promise<void> {
  leaving = true;
  try {
    await api.put('/v1/users/{user_id}/password', {
      path: { user_id: session.me?.user_id ?? '' },
      body: { current, password },
    });
    left('password');
  } finally {
    leaving = false;
  }
}

const has = (...roles: Role[]) => session.me?.roles.some((r) => roles.includes(r)) ?? false;
export const may = {
  /** Write records and settle what needs attention. */
  write: computed(() => has('worker', 'supervisor', 'admin', 'service')),
  supervise: computed(() => has('supervisor', 'admin')),
  administer: computed(() => has('admin')),
  administerEverywhere: computed(() => session.me?.grants.some((g) => g.role === 'admin' && !g.area) ?? false),
  readPersonal: computed(() => has('worker', 'supervisor', 'admin', 'service')),
};

/** The areas of the grants in force; empty for everywhere. */
export const ownAreas = computed(() => {
  const areas = (session.me?.grants ?? []).map((g) => g.area ?? '');
  return areas.includes('') ? [] : [...new Set(areas)];
});

/* Activity is what a person does, in any tab; requests that the page makes by itself are none. */
let lastTouch = 0;
export function noteActivity(told = false): void {
  const now = Date.now();
  localStorage.setItem(ACTIVITY, String(now));
  if (told) lastTouch = now;
  else if (session.state === 'in' && now - lastTouch > TOUCH_EVERY_MS) {
    lastTouch = now;
    api
      .get('/v1/session')
      .then(taken)
      .catch((thrown: unknown) => {
        if (ApiProblem.from(thrown).status === 401) ended();
      });
  }
}
export function lastActivity(): number {
  return Number(localStorage.getItem(ACTIVITY) ?? '0') || Date.now();
}
/** Milliseconds until the session ends for want of activity or of age. */
export function leftMs(now: number): number {
  return Math.min(lastActivity() + IDLE_MS, session.absoluteAt || Infinity) - now;
}
export async function endForIdleness(): Promise<void> {
  try {
    await api.delete('/v1/session');
  } catch {
    // It ends on the server by itself.
  }
  left('idle');
}
