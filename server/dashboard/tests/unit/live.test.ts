import { afterEach, beforeEach, expect, test, vi } from 'vitest';

/** Lines that are open, of all tabs. */
class Line {
  static open: Line[] = [];
  private readonly acts = new Map<string, (event: unknown) => void>();
  constructor() {
    Line.open.push(this);
  }
  addEventListener(kind: string, act: (event: unknown) => void): void {
    this.acts.set(kind, act);
  }
  happens(kind: string, data = ''): void {
    this.acts.get(kind)?.({ data });
  }
  close(): void {
    Line.open = Line.open.filter((other) => other !== this);
  }
}
/** Locks as a browser has them: one holder, the others in a row. */
class Locks {
  private holder: Promise<unknown> = Promise.resolve();
  request(_: string, { signal }: { signal: AbortSignal }, act: () => Promise<void>): Promise<unknown> {
    const turn = this.holder.then(() => (signal.aborted ? undefined : act()));
    this.holder = turn;
    return turn;
  }
}
vi.mock('@/api/client', () => ({ api: { get: () => Promise.resolve({}) } }));
vi.mock('@/app/session', () => ({ session: { me: { user_id: 'u' } } }));
vi.stubGlobal('EventSource', Line);
vi.stubGlobal('window', { setTimeout, clearTimeout, setInterval, clearInterval, addEventListener: () => undefined });
const kept = new Map<string, string>();
vi.stubGlobal('localStorage', {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
});
const CHANNEL = BroadcastChannel;

/** A tab is the module by itself. */
async function tab() {
  vi.resetModules();
  const { live, startLive, stopLive, follow } = await import('@/app/live');
  const told: unknown[] = [];
  follow((moved) => void told.push(...moved));
  startLive();
  tabs.push(stopLive);
  return { live, told, close: stopLive };
}
const tabs: (() => void)[] = [];
const soon = (what: () => void) => vi.waitFor(what, { timeout: 3_000 });

beforeEach(() => {
  vi.stubGlobal('navigator', { locks: new Locks() });
  vi.stubGlobal('BroadcastChannel', CHANNEL);
});
afterEach(() => {
  for (const close of tabs.splice(0)) close();
  vi.useRealTimers();
});

test('eight tabs hold one line, and each hears what moved', async () => {
  const all: Awaited<ReturnType<typeof tab>>[] = [];
  for (let n = 0; n < 8; n += 1) all.push(await tab());
  await soon(() => expect(Line.open.length).toBe(1));
  Line.open[0]?.happens('ready');
  await soon(() => expect(all.map((t) => t.live.line)).toEqual(Array(8).fill('open')));
  Line.open[0]?.happens('moved', JSON.stringify({ stream: 'g1/general-0' }));
  await soon(() => {
    for (const { told } of all) expect(told).toEqual([{ grid: 'g1', missed: false }]);
  });
});

test('a tab that comes later shows how the line is', async () => {
  await tab();
  await soon(() => expect(Line.open.length).toBe(1));
  Line.open[0]?.happens('ready');
  const later = await tab();
  await soon(() => expect(later.live.line).toBe('open'));
});

test('when the leader closes another leads, and what came between is asked for', async () => {
  const [first, second] = [await tab(), await tab()];
  await soon(() => expect(Line.open.length).toBe(1));
  Line.open[0]?.happens('ready');
  await soon(() => expect(second.live.line).toBe('open'));
  first.close();
  await soon(() => expect(Line.open.length).toBe(1));
  Line.open[0]?.happens('ready');
  await soon(() => expect(second.told).toEqual([{ grid: '', missed: true }]));
});

test('a line that is cut is shown as such in every tab', async () => {
  const [first, second] = [await tab(), await tab()];
  await soon(() => expect(Line.open.length).toBe(1));
  Line.open[0]?.happens('ready');
  await soon(() => expect(second.live.line).toBe('open'));
  Line.open[0]?.happens('error');
  await soon(() => expect([first.live.line, second.live.line]).toEqual(['lost', 'lost']));
});

test('without locks three tabs hold a line and the others ask from time to time', async () => {
  vi.stubGlobal('navigator', {});
  kept.clear();
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'Date'] });
  vi.stubGlobal('window', { setTimeout, clearTimeout, setInterval, clearInterval, addEventListener: () => undefined });
  const all: Awaited<ReturnType<typeof tab>>[] = [];
  for (let n = 0; n < 5; n += 1) {
    all.push(await tab());
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(Line.open.length).toBe(3);
  expect(all.map((t) => t.live.line).slice(3)).toEqual(['polling', 'polling']);
  await vi.advanceTimersByTimeAsync(31_000);
  expect(all[4]?.told).toEqual([{ grid: '', missed: true }]);
  all[0]?.close();
  await vi.advanceTimersByTimeAsync(6_000);
  expect(Line.open.length).toBe(3);
});
