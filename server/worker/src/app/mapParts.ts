/** The map's part of the app, which is as large as a third of the rest: fetched when it is near, kept from then on. */
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';

export { workerUrl };

/** All of it, so that it is whole without a network. */
export async function fetchMap() {
  const [view, worker] = await Promise.all([import('@/components/MapView.vue'), fetch(workerUrl)]);
  if (!worker.ok) throw new Error(`the map's worker: ${worker.status}`);
  return view;
}
