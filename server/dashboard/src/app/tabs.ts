/**
 * One line to the server for all tabs of a browser, since a browser has few for one host: one tab leads and holds it,
 * the others hear from it. When the leader closes, another leads.
 */
import type { Line, Moved } from './live';

/** What tabs tell each other. Never data: only that something moved, as the server says it. */
export interface Shared {
  line?: Line;
  moved?: Moved;
  /** A tab that has just come asks how the line is. */
  hello?: true;
  /** Somebody asks for the line to be tried again now. */
  retry?: true;
}
interface Ears {
  /** This tab holds the line from now on. */
  lead: () => void;
  heard: (what: Shared) => void;
  /** Nobody can be heard: this tab has to ask by itself. */
  alone: () => void;
}
export interface Sharing {
  leads: () => boolean;
  say: (what: Shared) => void;
  end: () => void;
}

/** How long a leader may take to answer. */
const ANSWER_MS = 8_000;

/** By person, so that nobody follows by the rights of somebody else. */
export function share(person: string, ears: Ears): Sharing {
  const name = `gridfold.changes.${person}`;
  const locks = (navigator as Partial<Navigator>).locks;
  if (!locks || typeof BroadcastChannel === 'undefined') return few(name, ears);
  const channel = new BroadcastChannel(name);
  const ended = new AbortController();
  let leading = false;
  const unheard = window.setTimeout(ears.alone, ANSWER_MS);
  channel.addEventListener('message', (event: MessageEvent<Shared>) => {
    if (event.data.line) window.clearTimeout(unheard);
    ears.heard(event.data);
  });
  // Held until this tab is closed or follows no more; then the next that waits for it leads.
  locks
    .request(name, { signal: ended.signal }, () => {
      leading = true;
      window.clearTimeout(unheard);
      ears.lead();
      return new Promise<void>((done) => {
        ended.signal.addEventListener('abort', () => {
          done();
        });
      });
    })
    .catch(() => {
      // It followed no more before it was its turn.
    });
  channel.postMessage({ hello: true } satisfies Shared);
  return {
    leads: () => leading,
    say: (what) => {
      channel.postMessage(what);
    },
    end: () => {
      leading = false;
      window.clearTimeout(unheard);
      ended.abort();
      channel.close();
    },
  };
}

/** Tabs that hold a line of their own in a browser that lets them agree on nothing. */
const FEW = 3;
const SIGN_EVERY_MS = 5_000;
const GONE_AFTER_MS = 15_000;

/** Without locks and channels the first few hold a line each, as signs in the common store say, and the others ask. */
function few(name: string, ears: Ears): Sharing {
  const own = Math.random().toString(36).slice(2);
  let leading = false;
  const signs = (): Record<string, number> => {
    const all = JSON.parse(localStorage.getItem(name) ?? '{}') as Record<string, number>;
    return Object.fromEntries(Object.entries(all).filter(([, at]) => Date.now() - at < GONE_AFTER_MS));
  };
  function sign(): void {
    const all = signs();
    const room = leading || Object.keys(all).length < FEW;
    if (room) localStorage.setItem(name, JSON.stringify({ ...all, [own]: Date.now() }));
    if (room && !leading) {
      leading = true;
      ears.lead();
    }
  }
  // Once whoever asked for this has it.
  const first = window.setTimeout(() => {
    sign();
    if (!leading) ears.alone();
  });
  const beat = window.setInterval(sign, SIGN_EVERY_MS);
  function end(): void {
    leading = false;
    window.clearTimeout(first);
    window.clearInterval(beat);
    const { [own]: _, ...others } = signs();
    localStorage.setItem(name, JSON.stringify(others));
  }
  window.addEventListener('pagehide', end, { once: true });
  return { leads: () => leading, say: () => undefined, end };
}
