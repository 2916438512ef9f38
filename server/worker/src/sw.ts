/// <reference lib="webworker" />
/**
 * The service worker: the app starts from what it keeps, with the server gone.
 *
 * What never happens here: anything of the store, which only the page's worker may open, or an answer of the API.
 */
import { clientsClaim } from 'workbox-core';
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';
import push from './messages/push';
import { keptLanguage } from './words/kept';

declare const self: ServiceWorkerGlobalScope;

/** Files that are asked for when they are needed, and kept from then on: their names change with their content. */
const LATER = 'gridfold-later';
const ASSETS = '/m/assets/';

cleanupOutdatedCaches();
precacheAndRoute(self.__WB_MANIFEST);
registerRoute(new NavigationRoute(createHandlerBoundToURL('/m/index.html')));
registerRoute(
  ({ url, sameOrigin }) => sameOrigin && url.pathname.startsWith(ASSETS),
  async ({ request }) => {
    const cache = await caches.open(LATER);
    const kept = await cache.match(request);
    if (kept) return kept;
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  },
);

self.addEventListener('message', ({ data }) => {
  if ((data as { type?: unknown } | null)?.type === 'SKIP_WAITING') void self.skipWaiting();
});
const APP = '/m/';
type Message = { type: 'NEWS' | 'RESUBSCRIBED' };

async function pages(): Promise<readonly WindowClient[]> {
  const all = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  return all.filter(({ url }) => new URL(url).pathname.startsWith(APP));
}

async function tellPages(message: Message): Promise<void> {
  for (const page of await pages()) page.postMessage(message);
}

/** Says that there is something, and never what: it stands on a locked screen. A browser wants it said each time. */
async function say(): Promise<void> {
  const locale = await keptLanguage().catch(() => 'zh-CN' as const);
  const at = locale === 'en' ? 1 : 0;
  const [title, body] = [push['push.title'][at] ?? '', push['push.body'][at] ?? ''];
  const icon = `${APP}icon-192.png`;
  // One at a time, and heard each time.
  const how = { body, icon, badge: icon, lang: locale, tag: 'news', renotify: true };
  await self.registration.showNotification(title, how);
}

self.addEventListener('push', (event) => {
  event.waitUntil(Promise.all([say(), tellPages({ type: 'NEWS' })]));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const open = async () => {
    const [page] = await pages();
    if (page) {
      await page.focus();
      page.postMessage({ type: 'NEWS' } satisfies Message);
    } else await self.clients.openWindow(APP);
  };
  event.waitUntil(open());
});

/** The browser took its subscription back: another one is made, and the app tells the server when it is next open. */
interface Changed extends ExtendableEvent {
  readonly oldSubscription?: PushSubscription | null;
  readonly newSubscription?: PushSubscription | null;
}
self.addEventListener('pushsubscriptionchange', (event) => {
  const { oldSubscription, newSubscription } = event as unknown as Changed;
  const again = async () => {
    if (!newSubscription && oldSubscription) {
      const { applicationServerKey } = oldSubscription.options;
      await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
    }
    await tellPages({ type: 'RESUBSCRIBED' });
  };
  (event as unknown as Changed).waitUntil(again());
});
// The first start takes the page that is open under its care: offline from then on, without a reload.
clientsClaim();
