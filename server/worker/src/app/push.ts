/**
 * Being told of new work while the app is closed, by the browser's push service.
 *
 * What is promised is what a browser does: it is told that there is something, and the app has to be opened to sync.
 */
import { ref } from 'vue';
import { phone } from '@/phone';

/** `none` where there is nothing to switch: the browser cannot, or the server does not. */
export type Telling = 'none' | 'off' | 'on' | 'denied' | 'unreached';
export const telling = ref<Telling>('none');

/** What the server was last told, so that another one is told. */
const SENT = 'gridfold.worker.push';

const canTell = (): boolean => 'PushManager' in window && 'serviceWorker' in navigator && 'Notification' in window;

async function manager(): Promise<PushManager> {
  return (await navigator.serviceWorker.ready).pushManager;
}

function same(key: string, raw: ArrayBuffer | null): boolean {
  if (!raw) return false;
  const text = btoa(String.fromCharCode(...new Uint8Array(raw)));
  return text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '') === key;
}

async function send(subscription: PushSubscription): Promise<void> {
  const { endpoint, keys } = subscription.toJSON();
  const set = { endpoint: endpoint ?? '', p256dh: keys?.p256dh ?? '', auth: keys?.auth ?? '' };
  await phone().setPush(set);
  localStorage.setItem(SENT, set.endpoint);
}

/** What the browser has for this key; what it has for an older one is ended. */
async function subscribe(key: string): Promise<PushSubscription> {
  const push = await manager();
  const had = await push.getSubscription();
  if (had && same(key, had.options.applicationServerKey)) return had;
  await had?.unsubscribe();
  return push.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/** Looks how it stands, and tells the server anew what has changed since. Without a network it stays as it was. */
export async function lookAtTelling(): Promise<void> {
  if (!canTell()) return;
  const wanted = localStorage.getItem(SENT);
  // Also for who looks without a network.
  if (wanted !== null && Notification.permission === 'granted') telling.value = 'on';
  const { key, subscribed } = await phone().push();
  if (!key) {
    telling.value = 'none';
    return;
  }
  if (wanted === null) {
    telling.value = Notification.permission === 'denied' ? 'denied' : 'off';
    return;
  }
  if (Notification.permission !== 'granted') {
    telling.value = 'denied';
    return;
  }
  const now = await subscribe(key);
  if (!subscribed || now.endpoint !== wanted) await send(now);
  telling.value = 'on';
}

/** The same where the person asked to be told, so that others' apps ask the server nothing. */
export async function renewTelling(): Promise<void> {
  if (localStorage.getItem(SENT) !== null) await lookAtTelling();
}

/** Asked for by a tap: the browser asks the person then, and at no other time. */
export async function tellMe(): Promise<void> {
  if ((await Notification.requestPermission()) !== 'granted') {
    telling.value = 'denied';
    return;
  }
  const { key } = await phone().push();
  if (!key) {
    telling.value = 'none';
    return;
  }
  let subscription: PushSubscription;
  try {
    subscription = await subscribe(key);
  } catch {
    telling.value = 'unreached';
    return;
  }
  await send(subscription);
  telling.value = 'on';
}

export async function tellMeNoMore(): Promise<void> {
  await phone().setPush(null);
  await endTelling();
  telling.value = 'off';
}

/** Ends it in this browser, also when the server cannot be told: its service says so to the server. */
export async function endTelling(): Promise<void> {
  localStorage.removeItem(SENT);
  if (!canTell()) return;
  const had = await (await navigator.serviceWorker.getRegistration())?.pushManager.getSubscription();
  await had?.unsubscribe();
}

/** Syncs when the service worker says that there is news, or that the browser subscribed anew. */
export function hearNews(sync: () => void): void {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.addEventListener('message', ({ data }) => {
    const { type } = (data ?? {}) as { type?: unknown };
    if (type === 'NEWS') sync();
    if (type === 'RESUBSCRIBED') void renewTelling().catch(() => undefined);
  });
}
