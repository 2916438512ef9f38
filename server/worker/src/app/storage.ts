/** Whether what is kept here is kept for good. */

export type Persistence = 'kept' | 'maybe' | 'unknown';

/** Asks the browser not to clear what this app keeps. */
export async function askToPersist(): Promise<Persistence> {
  try {
    if (await navigator.storage.persisted()) return 'kept';
    return (await navigator.storage.persist()) ? 'kept' : 'maybe';
  } catch {
    return 'unknown';
  }
}

export async function persistence(): Promise<Persistence> {
  try {
    return (await navigator.storage.persisted()) ? 'kept' : 'maybe';
  } catch {
    return 'unknown';
  }
}

/** Whether the app was opened from the Home Screen. */
export const isInstalled = (): boolean =>
  matchMedia('(display-mode: standalone)').matches || ('standalone' in navigator && navigator.standalone === true);

/** Apple's phones and tablets: a tablet says it is a Mac, and has fingers. */
export const isApple = (agent = navigator.userAgent, touches = navigator.maxTouchPoints): boolean =>
  /iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && touches > 1);

export type Unfit = 'insecure' | 'appleTab' | 'noFiles' | 'inOtherApp';

/** Why this browser must not be enrolled: what is written here would be lost or cannot be kept. */
export function unfit(): Unfit | undefined {
  if (!window.isSecureContext) return 'insecure';
  if (/MicroMessenger/i.test(navigator.userAgent)) return 'inOtherApp';
  // Safari throws away what a tab keeps after seven days without a visit; the Home Screen app is exempt.
  if (isApple() && !isInstalled()) return 'appleTab';
  // Read as what may be missing: older browsers have none of them.
  const { storage, locks } = navigator as Partial<Navigator>;
  if (!storage || !('getDirectory' in storage) || !locks) return 'noFiles';
  return undefined;
}
