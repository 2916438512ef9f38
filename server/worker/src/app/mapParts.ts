/** The map's part of the app, which is as large as a third of the rest: fetched when it is near, kept from then on. */
export const fetchMap = () => import('@/components/MapView.vue');
