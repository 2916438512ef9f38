/** Follows what phones bring: "stream S is at N". Never data; the pages ask for what they show. */
import { reactive } from 'vue';
import { api } from '@/api/client';

export type Line = 'off' | 'connecting' | 'open' | 'lost';
export const live = reactive<{ line: Line; lostSince: number }>({ line: 'off', lostSince: 0 });

export interface Moved {
  grid: string;
  missed: boolean;
}
type Follower = (moved: Moved[]) => void | Promise<void>;

/** What came within this time is told to the pages at once. */
const GATHER_MS = 700;
const RETRY_MS = [1_000, 2_000, 5_000, 10_000];

const followers = new Set<Follower>();
let source: EventSource | null = null;
let waiting: Moved[] = [];
let gathering = 0;
let retry = 0;
let tries = 0;

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

function lost(): void {
  source?.close();
  source = null;
  if (live.line !== 'lost') live.lostSince = Date.now();
  live.line = 'lost';
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
  if (source || live.line === 'off') return;
  const next = new EventSource('/v1/changes');
  source = next;
  next.addEventListener('ready', () => {
    const healed = live.line === 'lost';
    live.line = 'open';
    tries = 0;
    if (healed) tell({ grid: '', missed: true });
  });
  next.addEventListener('moved', (event) => {
    const { stream } = JSON.parse((event as MessageEvent<string>).data) as { stream: string };
    tell({ grid: stream.split('/')[0] ?? '', missed: false });
  });
  next.addEventListener('missed', () => tell({ grid: '', missed: true }));
  next.addEventListener('error', lost);
}

export function startLive(): void {
  if (live.line !== 'off') return;
  live.line = 'connecting';
  connect();
}
export function stopLive(): void {
  live.line = 'off';
  window.clearTimeout(retry);
  source?.close();
  source = null;
}
/** Tries again now. */
export function reconnect(): void {
  tries = 0;
  window.clearTimeout(retry);
  source?.close();
  source = null;
  connect();
}
export function follow(follower: Follower): () => void {
  followers.add(follower);
  return () => followers.delete(follower);
}
