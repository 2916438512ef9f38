/** Follows what phones bring: "stream S is at N". Never data; the pages ask for what they show. */
import { reactive } from 'vue';
import { api } from '@/api/client';
import { session } from './session';
import { share, type Shared, type Sharing } from './tabs';

/** `polling`: too many tabs hold a line already, so this one asks from time to time. */
export type Line = 'off' | 'connecting' | 'open' | 'lost' | 'polling';
export const live = reactive<{ line: Line; lostSince: number }>({ line: 'off', lostSince: 0 });

export interface Moved {
  grid: string;
  missed: boolean;
}
type Follower = (moved: Moved[]) => void | Promise<void>;

/** What came within this time is told to the pages at once. */
const GATHER_MS = 700;
const RETRY_MS = [1_000, 2_000, 5_000, 10_000];
const POLL_MS = 30_000;
const MISSED: Moved = { grid: '', missed: true };

const followers = new Set<Follower>();
let source: EventSource | null = null;
let waiting: Moved[] = [];
let gathering = 0;
let retry = 0;
let tries = 0;
let poll = 0;
let sharing: Sharing | null = null;
/** Whether there was a line before this one, so that something may have been missed between the two. */
let before = false;

function tell(moved: Moved): void {
  waiting.push(moved);
  if (gathering) return;
  gathering = window.setTimeout(() => {
    gathering = 0;
    const all = waiting;
    waiting = [];
    for (const follower of followers) void follower(all);
  }, GATHER_MS);
}

/** The state of the one line, which other tabs show too. */
function turned(line: Line, elsewhere = false): void {
  if (live.line === 'off') return;
  if (line === 'lost' && live.line !== 'lost') live.lostSince = Date.now();
  live.line = line;
  window.clearInterval(poll);
  if (line === 'polling') {
    poll = window.setInterval(() => {
      tell(MISSED);
    }, POLL_MS);
  }
  if (!elsewhere) sharing?.say({ line });
}
function moved(what: Moved): void {
  tell(what);
  sharing?.say({ moved: what });
}

function lost(): void {
  source?.close();
  source = null;
  turned('lost');
  const wait = RETRY_MS[Math.min(tries, RETRY_MS.length - 1)] ?? 10_000;
  tries += 1;
  window.clearTimeout(retry);
  retry = window.setTimeout(() => {
    // Tells a session that ended from a line that is cut: the former signs the page out.
    api.get('/v1/me', { background: true }).then(connect, () => {
      if (live.line === 'lost') lost();
    });
  }, wait);
}

function connect(): void {
  if (source || live.line === 'off' || !sharing?.leads()) return;
  const next = new EventSource('/v1/changes');
  source = next;
  next.addEventListener('ready', () => {
    turned('open');
    tries = 0;
    if (before) moved(MISSED);
    before = true;
  });
  next.addEventListener('moved', (event) => {
    const { stream } = JSON.parse((event as MessageEvent<string>).data) as { stream: string };
    moved({ grid: stream.split('/')[0] ?? '', missed: false });
  });
  next.addEventListener('missed', () => {
    moved(MISSED);
  });
  next.addEventListener('error', lost);
}

function heard(what: Shared): void {
  if (what.line) {
    before = true;
    turned(what.line, true);
  }
  if (what.moved) tell(what.moved);
  if (what.retry && sharing?.leads()) again();
  if (what.hello && sharing?.leads()) sharing.say({ line: live.line });
}

export function startLive(): void {
  if (live.line !== 'off') return;
  live.line = 'connecting';
  // What came while it was off is asked for.
  if (before) tell(MISSED);
  sharing = share(session.me?.user_id ?? '', {
    lead: connect,
    heard,
    alone: () => {
      turned('polling', true);
    },
  });
}
export function stopLive(): void {
  live.line = 'off';
  window.clearTimeout(retry);
  window.clearInterval(poll);
  source?.close();
  source = null;
  sharing?.end();
  sharing = null;
}
function again(): void {
  tries = 0;
  window.clearTimeout(retry);
  source?.close();
  source = null;
  connect();
}
/** Tries again now. */
export function reconnect(): void {
  if (sharing?.leads()) again();
  else sharing?.say({ retry: true });
}
export function follow(follower: Follower): () => void {
  followers.add(follower);
  return () => followers.delete(follower);
}
