/** The places of the app: the entries of the menu, and the way to the page that is open. */
import type { Component } from 'vue';
import {
  Bell,
  Calendar,
  Checked,
  DataAnalysis,
  DataLine,
  Files,
  MapLocation,
  Setting,
  Tickets,
} from '@element-plus/icons-vue';
import type { Key } from '@/messages';
import { may } from './session';

export interface Entry {
  to: string;
  name: Key;
  icon: Component;
  needs?: 'supervise';
}
const ALL: Entry[] = [
  { to: '/', name: 'nav.overview', icon: DataLine },
  { to: '/records', name: 'nav.records', icon: Files },
  { to: '/attention', name: 'nav.attention', icon: Bell, needs: 'supervise' },
  { to: '/matters', name: 'nav.matters', icon: Tickets },
  { to: '/tasks', name: 'nav.tasks', icon: Checked },
  { to: '/plans', name: 'nav.plans', icon: Calendar },
  { to: '/reports', name: 'nav.reports', icon: DataAnalysis },
  { to: '/map', name: 'nav.map', icon: MapLocation },
  { to: '/administration', name: 'nav.administration', icon: Setting, needs: 'supervise' },
];
export const entries = (): Entry[] => ALL.filter((entry) => !entry.needs || may[entry.needs].value);

/** Whether a path is an entry or a page under it. */
export const isUnder = (path: string, entry: string): boolean =>
  entry === '/' ? path === '/' : path === entry || path.startsWith(`${entry}/`);
