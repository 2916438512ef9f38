/** Where the phone is: the best that comes within a time, or nothing; never a reason not to save. */
import type { Place } from '@/forms/entries';

export interface Fix extends Place {
  accuracyM: number;
}
export type NoFix = 'denied' | 'unavailable' | 'timeout';

const GIVE_UP_MS = 15_000;
/** As good as it needs to be to find a door again. */
const GOOD_M = 15;

/** Tells every better place as it comes, and ends with the best, or with why there is none. */
export function takePlace(
  better: (fix: Fix) => void,
  giveUpMs = GIVE_UP_MS,
): { done: Promise<Fix | NoFix>; stop: () => void } {
  let best: Fix | undefined;
  let end: (outcome: Fix | NoFix) => void = () => undefined;
  const done = new Promise<Fix | NoFix>((resolve) => (end = resolve));
  const { geolocation } = navigator as Partial<Navigator>;
  if (!geolocation) {
    end('unavailable');
    return { done, stop: () => undefined };
  }
  const timer = setTimeout(() => finish(best ?? 'timeout'), giveUpMs);
  const watching = geolocation.watchPosition(
    ({ coords }) => {
      if (best && best.accuracyM <= coords.accuracy) return;
      best = { latitude: coords.latitude, longitude: coords.longitude, accuracyM: coords.accuracy };
      better(best);
      if (best.accuracyM <= GOOD_M) finish(best);
    },
    (failed) => {
      if (failed.code === failed.PERMISSION_DENIED) finish('denied');
      else if (failed.code === failed.POSITION_UNAVAILABLE && !best) finish('unavailable');
    },
    { enableHighAccuracy: true, maximumAge: 10_000, timeout: giveUpMs },
  );
  function finish(outcome: Fix | NoFix): void {
    clearTimeout(timer);
    geolocation?.clearWatch(watching);
    end(outcome);
  }
  return { done, stop: () => finish(best ?? 'timeout') };
}

/** Whether the person has already said that this app may know. */
export async function mayTakePlace(): Promise<boolean> {
  try {
    return (await navigator.permissions.query({ name: 'geolocation' })).state === 'granted';
  } catch {
    return false;
  }
}
