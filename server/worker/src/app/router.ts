/** The pages, and who is let to which: without an enrolment there is only the one for it. */
import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router';
import { identity } from './forms';
import { enrolmentIn } from './invitation';
import { started } from './start';
import EnrolPage from '@/pages/EnrolPage.vue';
import TodayPage from '@/pages/TodayPage.vue';

const one = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const id = (to: RouteLocationNormalized) => ({ id: String(to.params.id) });

export const router = createRouter({
  history: createWebHistory(import.meta.env.BASE_URL),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: '/', name: 'today', component: TodayPage },
    { path: '/enrol', name: 'enrol', component: EnrolPage },
    { path: '/search', name: 'search', component: () => import('@/pages/SearchPage.vue') },
    { path: '/map', name: 'map', component: () => import('@/pages/MapPage.vue') },
    { path: '/new', name: 'new', component: () => import('@/pages/NewPage.vue') },
    {
      path: '/new/:form',
      name: 'form',
      component: () => import('@/pages/FormPage.vue'),
      props: (to) => ({
        begin: {
          what: 'new',
          form: String(to.params.form),
          household: one(to.query.household),
          about: one(to.query.about),
          partOf: one(to.query.part_of),
          grid: one(to.query.grid),
        },
      }),
    },
    {
      path: '/draft/:id',
      name: 'draft',
      component: () => import('@/pages/FormPage.vue'),
      props: (to) => ({ begin: { what: 'draft', ...id(to) } }),
    },
    {
      path: '/edit/:id',
      name: 'edit',
      component: () => import('@/pages/FormPage.vue'),
      props: (to) => ({ begin: { what: 'edit', ...id(to) }, cameFor: one(to.query.field) }),
    },
    { path: '/record/:id', name: 'record', component: () => import('@/pages/RecordPage.vue'), props: id },
    { path: '/history/:id', name: 'history', component: () => import('@/pages/HistoryPage.vue'), props: id },
    { path: '/planned', name: 'planned', component: () => import('@/pages/PlannedPage.vue') },
    { path: '/refused', name: 'refused', component: () => import('@/pages/RefusedPage.vue') },
    { path: '/me', name: 'me', component: () => import('@/pages/MePage.vue') },
    { path: '/carry', name: 'carry', component: () => import('@/pages/CarryPage.vue') },
    { path: '/move', name: 'move', component: () => import('@/pages/MovePage.vue') },
    { path: '/diagnosis', name: 'diagnosis', component: () => import('@/pages/DiagnosisPage.vue') },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
});

router.beforeEach(async (to) => {
  if (to.name === 'diagnosis') return true;
  await started;
  if (to.name === 'enrol') return true;
  return identity.value && !enrolmentIn(to.hash) ? true : { name: 'enrol', hash: to.hash };
});
