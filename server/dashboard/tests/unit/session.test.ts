import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

/** What the browser has: one store and one cookie for all tabs, and what tells this tab of others. */
const kept = new Map<string, string>();
const heard = new Map<string, (event: unknown) => void>();
let visibility = 'visible';
vi.stubGlobal('navigator', { languages: ['en'] });
vi.stubGlobal('location', { origin: 'http://dash.test' });
vi.stubGlobal('localStorage', {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
  removeItem: (key: string) => void kept.delete(key),
});
/** What the tab keeps to itself. */
const ofTab: Record<string, string> = {};
Object.defineProperty(ofTab, 'removeItem', { value: (key: string) => Reflect.deleteProperty(ofTab, key) });
vi.stubGlobal('sessionStorage', ofTab);
const listens = { addEventListener: (kind: string, act: (event: unknown) => void) => void heard.set(kind, act) };
vi.stubGlobal('window', { ...listens, setTimeout, clearTimeout });
interface Person {
  id: string;
  name: string;
  roles: string[];
}
const JIA: Person = { id: 'jia', name: '甲主任', roles: ['supervisor'] };
const YI: Person = { id: 'yi', name: '乙主任', roles: ['supervisor'] };
/** Whose session the cookie stands for. */
let now: { person: Person; csrf: string } | null = null;
const asked: string[] = [];
const answer = (status: number, body: unknown) => new Response(JSON.stringify(body), { status });
const problem = (status: number, code: string) => answer(status, { status, code, title: code });
vi.stubGlobal('fetch', (request: Request) => {
  const path = new URL(request.url).pathname;
  asked.push(`${request.method} ${path}`);
  if (path === '/v1/session' && request.method === 'POST') now ??= { person: JIA, csrf: 'new' };
  if (!now) return Promise.resolve(problem(401, 'unauthorized'));
  const { person, csrf } = now;
  if (request.method !== 'GET' && path !== '/v1/session' && request.headers.get('x-csrf-token') !== csrf)
    return Promise.resolve(problem(403, 'csrf'));
  if (path !== '/v1/session') return Promise.resolve(answer(200, { of: person.name }));
  const me = { user_id: person.id, user_name: person.name, device_id: 'd', roles: person.roles, grants: [] };
  return Promise.resolve(
    answer(200, { me, csrf_token: csrf, settings: {}, absolute_expires_at: '2999-01-01T00:00:00Z' }),
  );
});
const { api } = await import('@/api/client');
const { endForIdleness, hasDrafts, may, session, signIn, signOut, watchOthers } = await import('@/app/session');
// Vue looks for a whole one when it is loaded.
vi.stubGlobal('document', {
  ...listens,
  documentElement: {},
  get visibilityState() {
    return visibility;
  },
});
watchOthers();

/** Another tab signed in or out. */
async function elsewhere(person: Person | null, csrf = 'other'): Promise<void> {
  now = person && { person, csrf };
  heard.get('storage')?.({ key: 'gridfold.signed-in' });
  await vi.waitFor(() => expect(asked.at(-1)).toBe('GET /v1/session'));
  await new Promise((done) => setTimeout(done, 5));
}
const save = () => api.patch('/v1/records/{record_id}', { path: { record_id: 'r' }, body: { fields: {} } });

beforeEach(async () => {
  now = { person: JIA, csrf: 'one' };
  Object.assign(session, { state: 'unknown', me: null, other: '' });
  await signIn('jia', 'x');
  asked.length = 0;
});
afterEach(() => {
  visibility = 'visible';
});

describe('a page whose session changes in another tab', () => {
  test('says that somebody else signed in, and asks for nothing in their name', async () => {
    await elsewhere(YI);
    expect([session.state, session.me?.user_name, session.other]).toEqual(['paused', '甲主任', '乙主任']);
    asked.length = 0;
    await expect(api.get('/v1/records')).rejects.toMatchObject({ code: 'held' });
    await expect(save()).rejects.toMatchObject({ code: 'held' });
    expect(asked).toEqual([]);
  });
  test('goes on where it was when its own person is back', async () => {
    await elsewhere(YI);
    await elsewhere(JIA, 'again');
    expect([session.state, session.other]).toEqual(['in', '']);
    await expect(save()).resolves.toEqual({ of: '甲主任' });
  });
  test('waits when the session ended, and is not taken over by whoever signs in next', async () => {
    await elsewhere(null);
    expect([session.state, session.me?.user_name]).toEqual(['paused', '甲主任']);
    now = { person: YI, csrf: 'y' };
    await signIn('yi', 'x');
    expect([session.state, session.me?.user_name, session.other]).toEqual(['paused', '甲主任', '乙主任']);
  });
  test('keeps what its own person typed, and nothing of anybody else', async () => {
    Object.assign(ofTab, { 'gridfold.draft.jia.visit': '{}', 'gridfold.draft.yi.visit': '{}' });
    await elsewhere(JIA, 'again');
    expect(Object.keys(ofTab)).toEqual(['gridfold.draft.jia.visit']);
    await signOut(false);
    expect(Object.keys(ofTab)).toEqual([]);
  });
  test('keeps it through a sign-out that nobody meant, for whoever typed it and for nobody else', async () => {
    Object.assign(ofTab, { 'gridfold.draft.jia.visit': '{}', 'gridfold.draft.yi.visit': '{}' });
    await endForIdleness();
    expect([session.state, Object.keys(ofTab)]).toEqual(['out', ['gridfold.draft.jia.visit']]);
    expect(hasDrafts()).toBe(true);
    await signIn('jia', 'x');
    expect(Object.keys(ofTab)).toEqual(['gridfold.draft.jia.visit']);
    await endForIdleness();
    now = { person: YI, csrf: 'y' };
    await signIn('yi', 'x');
    expect([session.state, Object.keys(ofTab), hasDrafts()]).toEqual(['in', [], false]);
  });
  test('looks again when it is turned to, without a word of another tab', async () => {
    now = { person: YI, csrf: 'y' };
    heard.get('visibilitychange')?.({});
    await vi.waitFor(() => expect(session.state).toBe('paused'));
  });
  test('looks again when it is refused, and sends once more with the token of its own new session', async () => {
    now = { person: JIA, csrf: 'two' };
    await expect(save()).resolves.toEqual({ of: '甲主任' });
    now = { person: YI, csrf: 'three' };
    await expect(save()).rejects.toMatchObject({ code: 'held' });
    expect(session.other).toBe('乙主任');
  });
  test('goes by other rights as soon as it learns of them', async () => {
    const before = session.rights;
    await elsewhere({ ...JIA, roles: ['auditor'] });
    expect([session.state, may.write.value, session.rights - before]).toEqual(['in', false, 1]);
  });
});
