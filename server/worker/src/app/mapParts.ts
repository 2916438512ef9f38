/** The map's part of the app, which is as large as a third of the rest: fetched when it is near, kept from then on. */
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';

export { workerUrl };

/** All of it, so that it is whole without a network. */
export async function fetchMap() {
  // A file of the app, kept by the service worker as it comes by; nothing of the store.
  // eslint-disable-next-line no-restricted-globals
  const [view, worker] = await Promise.all([import('@/components/MapView.vue'), fetch(workerUrl)]);
  if (!worker.ok) throw new Error(`the map's worker: ${worker.status}`);
  return view;
}
