/** What helps to find a fault, without a name, an address, a title or anything typed. */
import { isInstalled, persistence } from './storage';
import { lastFailure, status } from './sync';
import { forms, identity, myGrids } from './forms';
import { phone } from '@/phone';

declare const __APP_VERSION__: string;

const at = (ms: number | null | undefined) => (ms ? new Date(ms).toISOString() : '-');

/** One line a fact, in English in every language: it is read by whoever helps. */
export async function diagnosis(): Promise<string> {
  const facts: [string, unknown][] = [
    ['app', __APP_VERSION__],
    ['time', new Date().toISOString()],
    ['browser', navigator.userAgent],
    ['language', navigator.language],
    ['screen', `${window.innerWidth}x${window.innerHeight} @${window.devicePixelRatio}`],
    ['installed', isInstalled()],
    ['secure context', window.isSecureContext],
    ['online', navigator.onLine],
    ['service worker', (navigator as Partial<Navigator>).serviceWorker?.controller ? 'in control' : 'none'],
    ['storage', await persistence()],
  ];
  const { usage, quota } = (await navigator.storage.estimate().catch(() => undefined)) ?? {};
  facts.push(['storage used', `${usage ?? '-'} of ${quota ?? '-'} bytes`]);
  facts.push(['enrolled', identity.value !== null]);
  if (identity.value) facts.push(['device', identity.value.deviceId]);
  try {
    const now = await phone().status();
    status.value = now;
    facts.push(
      ['pending', now.pending],
      ['refused', now.refused],
      ['server reachable', now.serverReachable ?? '-'],
      ['last error', now.lastError ?? '-'],
      ['last sync', at(now.lastSyncMs)],
      ['clock skew ms', now.clockSkewMs],
      ['store bytes', now.storageBytes],
      ['damaged', now.damaged],
      ['mended', at(now.mended?.atMs)],
      ['records', await phone().count({})],
      ['drafts', (await phone().drafts()).length],
      ['grids', myGrids.value.length],
      ['forms', forms.value.map(({ code, version }) => `${code}/${version}`).join(' ')],
    );
  } catch (error) {
    facts.push(['store', error instanceof Error && 'code' in error ? error.code : 'not open']);
  }
  const failure = lastFailure.value;
  if (failure) facts.push(['last failure', [failure.code, failure.rule, failure.reference].filter(Boolean).join(' ')]);
  return facts.map(([name, value]) => `${name}: ${String(value)}`).join('\n');
}
