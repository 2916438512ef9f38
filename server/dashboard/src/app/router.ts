/** Which path shows which page. Every page but the sign-in is asked for when it is first opened. */
import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router';
import type { Key } from '@/messages';
import { may, restore, session } from './session';

declare module 'vue-router' {
  interface RouteMeta {
    /** The key of the title. */
    title?: Key;
    /** Open without a session. */
    open?: boolean;
    /** Which right the page needs; the server holds to it in any case. */
    needs?: 'write' | 'supervise' | 'administer' | 'administerEverywhere';
  }
}

const administration: RouteRecordRaw[] = [
  { path: '', redirect: '/administration/users' },
  {
    path: 'areas',
    component: () => import('@/pages/administration/AreasPage.vue'),
    meta: { title: 'admin.areas', needs: 'supervise' },
  },
  {
    path: 'users',
    component: () => import('@/pages/administration/UsersPage.vue'),
    meta: { title: 'admin.users', needs: 'supervise' },
  },
  {
    path: 'devices',
    component: () => import('@/pages/administration/DevicesPage.vue'),
    meta: { title: 'admin.devices', needs: 'supervise' },
  },
  {
    path: 'forms',
    component: () => import('@/pages/administration/FormsPage.vue'),
    meta: { title: 'admin.forms', needs: 'supervise' },
  },
  {
    path: 'catalogue',
    component: () => import('@/pages/administration/CataloguePage.vue'),
    meta: { title: 'admin.catalogue', needs: 'supervise' },
  },
  {
    path: 'calendar',
    component: () => import('@/pages/administration/CalendarPage.vue'),
    meta: { title: 'admin.calendar', needs: 'supervise' },
  },
  {
    path: 'erasures',
    component: () => import('@/pages/administration/ErasuresPage.vue'),
    meta: { title: 'admin.erasures', needs: 'supervise' },
  },
  {
    path: 'audit',
    component: () => import('@/pages/administration/AuditPage.vue'),
    meta: { title: 'admin.audit', needs: 'administerEverywhere' },
  },
];

const routes: RouteRecordRaw[] = [
  { path: '/sign-in', component: () => import('@/pages/SignInPage.vue'), meta: { title: 'signIn.title', open: true } },
  { path: '/', component: () => import('@/pages/OverviewPage.vue'), meta: { title: 'nav.overview' } },
  { path: '/records', component: () => import('@/pages/RecordsPage.vue'), meta: { title: 'nav.records' } },
  {
    path: '/records/new',
    component: () => import('@/pages/NewRecordPage.vue'),
    meta: { title: 'entry.title', needs: 'write' },
  },
  {
    path: '/records/:id',
    component: () => import('@/pages/RecordPage.vue'),
    props: true,
    meta: { title: 'nav.records' },
  },
  {
    path: '/attention',
    component: () => import('@/pages/AttentionPage.vue'),
    meta: { title: 'nav.attention', needs: 'supervise' },
  },
  {
    path: '/matters',
    component: () => import('@/pages/WorkPage.vue'),
    props: { means: 'matter' },
    meta: { title: 'nav.matters' },
  },
  {
    path: '/tasks',
    component: () => import('@/pages/WorkPage.vue'),
    props: { means: 'task' },
    meta: { title: 'nav.tasks' },
  },
  {
    path: '/tasks/unowned',
    component: () => import('@/pages/UnownedPage.vue'),
    meta: { title: 'unowned.title', needs: 'supervise' },
  },
  { path: '/plans', component: () => import('@/pages/PlansPage.vue'), meta: { title: 'nav.plans' } },
  {
    // No code of a plan has such a sign.
    path: '/plans/~new',
    component: () => import('@/pages/PlanEditPage.vue'),
    meta: { title: 'plans.new', needs: 'supervise' },
  },
  {
    path: '/plans/:code',
    component: () => import('@/pages/PlanPage.vue'),
    props: true,
    meta: { title: 'nav.plans' },
  },
  {
    path: '/plans/:code/edit',
    component: () => import('@/pages/PlanEditPage.vue'),
    props: true,
    meta: { title: 'plans.edit', needs: 'supervise' },
  },
  { path: '/reports', component: () => import('@/pages/ReportsPage.vue'), meta: { title: 'nav.reports' } },
  {
    path: '/reports/new',
    component: () => import('@/pages/ReportEditPage.vue'),
    meta: { title: 'reports.new', needs: 'supervise' },
  },
  {
    path: '/reports/:id',
    component: () => import('@/pages/ReportPage.vue'),
    props: true,
    meta: { title: 'nav.reports' },
  },
  {
    path: '/reports/:id/edit',
    component: () => import('@/pages/ReportEditPage.vue'),
    props: true,
    meta: { title: 'reports.edit', needs: 'supervise' },
  },
  { path: '/map', component: () => import('@/pages/MapPage.vue'), meta: { title: 'nav.map' } },
  {
    path: '/administration',
    component: () => import('@/pages/administration/AdministrationPage.vue'),
    children: administration,
  },
  { path: '/:rest(.*)*', component: () => import('@/pages/NotFoundPage.vue'), meta: { title: 'app.notFound' } },
];

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
});

router.beforeEach(async (to) => {
  if (session.state === 'unknown') {
    try {
      await restore();
    } catch {
      // The server cannot be reached: the sign-in page says so when it is tried.
      session.state = 'out';
    }
  }
  if (to.meta.open) return session.state === 'in' ? '/' : true;
  if (session.state === 'in') return true;
  // The page that waits stays where it is.
  if (session.state === 'paused') return false;
  return { path: '/sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
});

export const allowed = (needs: keyof typeof may | undefined): boolean => !needs || may[needs].value;
