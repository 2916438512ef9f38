/** Who is signed in, what they may do, and when the session ends for want of activity. */
import { computed, reactive } from 'vue';
import { api, onSignedOut, useCsrfToken } from '@/api/client';
import { ApiProblem } from '@/api/problem';
import type { ClockDoubt, Me, Role, Session, Settings } from '@/api/types';

/** The server ends a session after this long without a request; the page warns before and signs out itself. */
export const IDLE_MS = 15 * 60_000;
/** How long before the end the page asks. */
export const WARN_MS = 2 * 60_000;
/** While somebody types without sending anything, the server is told at most this often. */
const TOUCH_EVERY_MS = 4 * 60_000;
/** Set while a session should be there, so that nobody who is signed out is asked to prove it. */
const SIGNED_IN = 'gridfold.signed-in';
const ACTIVITY = 'gridfold.activity';

interface State {
  state: 'unknown' | 'in' | 'out';
  me: Me | null;
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
  settings: {},
  absoluteAt: 0,
  clock: '',
  ended: '',
});

function taken(body: Session): void {
  useCsrfToken(body.csrf_token);
  session.me = body.me;
  session.settings = body.settings;
  session.clock = body.clock ?? '';
  session.absoluteAt = Date.parse(body.absolute_expires_at);
  session.state = 'in';
  session.ended = '';
  localStorage.setItem(SIGNED_IN, 'yes');
  noteActivity(true);
}

function left(why: typeof session.ended): void {
  useCsrfToken('');
  session.me = null;
  localStorage.removeItem(SIGNED_IN);
  session.state = 'out';
  session.ended = why;
}
/** While the page itself ends the session, a request that comes too late is no news. */
let leaving = false;
onSignedOut(() => {
  if (session.state === 'in' && !leaving) left('ended');
});

/** Finds out once whether the cookie still stands for a session. */
export async function restore(): Promise<void> {
  if (!localStorage.getItem(SIGNED_IN)) {
    session.state = 'out';
    return;
  }
  try {
    taken(await api.get('/v1/session'));
  } catch (thrown) {
    const problem = ApiProblem.from(thrown);
    if (problem.status !== 401) throw problem;
    left('ended');
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  taken(await api.post('/v1/session', { body: { login, password } }));
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
      .then((body) => {
        session.clock = body.clock ?? '';
      })
      .catch(() => {
        // The next request of the page says what is wrong.
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
