/**
 * Maps of streets that the server has, kept as files by this phone's browser. They hold nothing of the store and
 * are the same for everybody.
 */
import { phone } from '@/phone';

/** A map of an area in which this person works. */
export interface StreetMap {
  area: string;
  name: string;
  bytes: number;
  version: string;
  /** Whether this version, or one from before, is on this phone. */
  kept: 'this' | 'older' | 'none';
}
/** The file of a map on this phone. */
export interface KeptMap {
  area: string;
  version: string;
  file: File;
}
type Offered = Pick<StreetMap, 'area' | 'bytes' | 'version'>;

const FOLDER = 'gridfold-maps';
const SUFFIX = '.pmtiles';
const MAGIC = 'PMTiles';

const folder = async () => (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });
const nameOf = ({ area, version }: Pick<StreetMap, 'area' | 'version'>) => `${area}~${version}${SUFFIX}`;

/** What is on this phone. A file that was not written whole has no content yet. */
export async function keptMaps(): Promise<KeptMap[]> {
  const kept: KeptMap[] = [];
  for await (const [name, handle] of (await folder()).entries()) {
    const [area, version] = name.slice(0, -SUFFIX.length).split('~');
    if (!(handle instanceof FileSystemFileHandle) || !area || !version) continue;
    const file = await handle.getFile();
    if (file.size > 0) kept.push({ area, version, file });
  }
  return kept;
}

/** Those that the server has, of areas that this person's grids lie in, with what of them is here. Without a network, what is here. */
export async function streetMaps(): Promise<StreetMap[]> {
  const [areas, kept] = await Promise.all([phone().areas(), keptMaps()]);
  const names = new Map(areas.map(({ code, name }) => [code, name]));
  const offered = await ask().catch((): Offered[] =>
    kept.map(({ area, version, file }) => ({ area, version, bytes: file.size })),
  );
  return offered.flatMap((one) => {
    const name = names.get(one.area);
    if (name === undefined) return [];
    const here = kept.filter(({ area }) => area === one.area);
    const isThis = here.some(({ version }) => version === one.version);
    return [{ ...one, name, kept: isThis ? 'this' : here.length > 0 ? 'older' : 'none' }];
  });
}

/** From beside the app; none of it is of the store. */
async function get(name: string, signal?: AbortSignal): Promise<Response> {
  // eslint-disable-next-line no-restricted-globals
  const answer = await fetch(`${import.meta.env.BASE_URL}maps/${name}`, { cache: 'no-cache', signal: signal ?? null });
  if (!answer.ok) throw new Error(`map: ${answer.status}`);
  return answer;
}
async function ask(): Promise<Offered[]> {
  if (!navigator.onLine) throw new Error('map: no network');
  return ((await (await get('index.json')).json()) as { maps: Offered[] }).maps;
}

/**
 * Fetches a map and puts it away. What was here of it before stays until the new one is whole; `told` hears how many
 * bytes came.
 */
export async function keepMap(map: StreetMap, told: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  const answer = await get(`${map.area}${SUFFIX}`, signal);
  const place = await folder();
  const handle = await place.getFileHandle(nameOf(map), { create: true });
  // What is written is the file's only once it is closed.
  const out = await handle.createWritable();
  let [came, begins] = [0, ''];
  try {
    const reader = answer.body?.getReader();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      begins ||= new TextDecoder().decode(part.value.subarray(0, MAGIC.length));
      if (begins !== MAGIC) throw new Error('map: no map');
      await out.write(part.value);
      told((came += part.value.length));
    }
    if (came !== map.bytes) throw new Error('map: cut off');
    await out.close();
  } catch (error) {
    await out.abort().catch(() => undefined);
    await place.removeEntry(nameOf(map)).catch(() => undefined);
    throw error;
  }
  for (const { area, version } of await keptMaps())
    if (area === map.area && version !== map.version) await place.removeEntry(nameOf({ area, version }));
}

export async function dropMap(wanted: string): Promise<void> {
  const place = await folder();
  for (const { area, version } of await keptMaps())
    if (area === wanted) await place.removeEntry(nameOf({ area, version }));
}

/** All of them, when somebody leaves this phone. */
export async function forgetMaps(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(FOLDER, { recursive: true }).catch(() => undefined);
}
