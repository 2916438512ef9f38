/** How far what is listed lies from where the person stands: asked for by a tap, kept for as long as the app is open. */
import { ref, shallowRef, type Ref } from 'vue';
import { formOf } from './forms';
import { takePlace, type Fix, type NoFix } from './place';
import type { Place } from '@/forms/entries';
import type { Key } from '@/messages';
import { phone, type RecordDetail, type RecordSummary } from '@/phone';

/** Where the person stands, once they said that the app may know. */
export const here = shallowRef<Fix>();

/** Nothing when it is known now, else why not. */
export async function findHere(): Promise<NoFix | undefined> {
  const outcome = await takePlace((fix) => (here.value = fix)).done;
  return typeof outcome === 'string' ? outcome : undefined;
}
export const forgetHere = (): void => void (here.value = undefined);

const WHY: Record<NoFix, Key> = {
  denied: 'near.denied',
  unavailable: 'near.unavailable',
  timeout: 'near.timeout',
};

/** Asks for the place at a tap, with what a page says of it meanwhile, and of why there is none. */
export function useFinding(): { finding: Ref<boolean>; failed: Ref<Key | undefined>; find: () => Promise<void> } {
  const finding = ref(false);
  const failed = ref<Key>();
  async function find(): Promise<void> {
    [finding.value, failed.value] = [true, undefined];
    const why = await findHere();
    [finding.value, failed.value] = [false, why && WHY[why]];
  }
  return { finding, failed, find };
}

const EARTH_M = 6_371_000;
const radians = (degrees: number) => (degrees * Math.PI) / 180;

export function metresBetween(a: Place, b: Place): number {
  const [north, east] = [radians(b.latitude - a.latitude), radians(b.longitude - a.longitude)];
  const across =
    Math.sin(north / 2) ** 2 + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(east / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(across)));
}

/** The nearest first; what has no place stays in its order, behind. */
export function nearestFirst<T extends { id: string }>(items: T[], metres: ReadonlyMap<string, number>): T[] {
  const far = ({ id }: T) => metres.get(id) ?? Infinity;
  // Equal ones are not told apart by a difference: it would be none between two without a place.
  return [...items].sort((a, b) => (far(a) === far(b) ? 0 : far(a) - far(b)));
}

/** The field that says where a record is: the one that is for it, else the first place it has. */
function placeField(form: string): string | undefined {
  const places = formOf(form)?.fields.filter(({ kind }) => kind.type === 'Geopoint') ?? [];
  return (places.find(({ means }) => means === 'place') ?? places[0])?.key;
}
/** The place that a record has itself. */
export function ownPlace({ form, fields }: RecordDetail): Place | undefined {
  const content = fields[placeField(form) ?? ''];
  if (content?.type !== 'Value' || content.value.type !== 'Geopoint') return undefined;
  return { latitude: content.value.latitude, longitude: content.value.longitude };
}
const hasPlaces = (form: string) => placeField(form) !== undefined;

interface Known {
  updatedAtMs: number;
  place: Place | undefined;
}
/** Read once for each state of a record: a list says when it changed, and not where it is. */
const known = new Map<string, Known>();
const AT_ONCE = 64;

async function learn(records: RecordSummary[]): Promise<void> {
  const unknown = records.filter(
    ({ id, form, updatedAtMs }) => hasPlaces(form) && known.get(id)?.updatedAtMs !== updatedAtMs,
  );
  for (let at = 0; at < unknown.length; at += AT_ONCE)
    await Promise.all(
      unknown.slice(at, at + AT_ONCE).map(async ({ id, updatedAtMs }) => {
        const record = await phone().get(id);
        known.set(id, { updatedAtMs, place: record ? ownPlace(record) : undefined });
      }),
    );
}

/** Where records are: at their own place, else at their household's. */
export async function placesOf(records: RecordSummary[]): Promise<Map<string, Place>> {
  await learn(records);
  const places = new Map<string, Place>();
  const homeless: RecordSummary[] = [];
  for (const record of records) {
    const place = hasPlaces(record.form) ? known.get(record.id)?.place : undefined;
    if (place) places.set(record.id, place);
    else if (record.householdId !== null && record.householdId !== record.id) homeless.push(record);
  }
  const homes = new Map<string, Place | undefined>();
  for (const { id, householdId } of homeless) {
    if (householdId === null) continue;
    if (!homes.has(householdId)) {
      const home = await phone().get(householdId);
      homes.set(householdId, home ? ownPlace(home) : undefined);
    }
    const place = homes.get(householdId);
    if (place) places.set(id, place);
  }
  return places;
}

/** How far each of them is, of those that have a place. */
export async function distancesTo(records: RecordSummary[], from: Place): Promise<Map<string, number>> {
  const places = await placesOf(records);
  return new Map([...places].map(([id, place]) => [id, metresBetween(from, place)]));
}
