/** What somebody types into one line: a place, a number. It is a value once it is whole; until then it is what was typed. */
import type { Field } from '@/api/types';
import { isPlace } from './values';

/** Why what is typed is no value yet. */
export type WhyNot = 'place' | 'placeSwapped' | 'placeRange' | 'number' | 'whole' | 'least' | 'most' | 'digits';

/** What is typed and is no value: it goes nowhere, and says why. */
export class Unfinished {
  constructor(
    readonly text: string,
    readonly why: WhyNot,
    /** The bound that it does not keep to. */
    readonly bound = '',
  ) {}
}

/** As a Chinese keyboard types it, too. */
const plain = (text: string): string => text.normalize('NFKC').replace(/[−–]/g, '-').trim();
const NUMBER = /^[+-]?(\d+(\.\d+)?|\.\d+)$/;

/** Latitude and longitude, as places are shown. Half of a place is none, and no part is 0 because nothing stands there. */
export function readPlace(text: string): { lat: number; lon: number } | Unfinished {
  const typed = plain(text);
  const apart = typed.split(/[,、;]/);
  const parts = (apart.length > 1 ? apart : typed.split(/\s+/)).map((part) => part.trim());
  const [first = '', second = ''] = parts;
  if (parts.length !== 2 || !NUMBER.test(first) || !NUMBER.test(second)) return new Unfinished(text, 'place');
  const [lat, lon] = [Number(first), Number(second)];
  if (Math.abs(lat) <= 90 && Math.abs(lon) <= 180) return { lat, lon };
  return new Unfinished(text, Math.abs(lat) <= 180 && Math.abs(lon) <= 90 ? 'placeSwapped' : 'placeRange');
}

/** What the API takes as a decimal: the digits as they were typed, `1.50` and not `1.5`. */
const DIGITS_MOST = 18;
export function readDecimal(text: string, field: Pick<Field, 'min' | 'max' | 'scale'> = {}): string | Unfinished {
  const typed = plain(text);
  if (!NUMBER.test(typed)) return new Unfinished(text, 'number');
  const bare = typed.replace(/^[+-]/, '').replace(/^\./, '0.');
  const fraction = bare.split('.')[1] ?? '';
  if (field.scale !== undefined && fraction.length > field.scale)
    return new Unfinished(text, 'digits', String(field.scale));
  if (bare.replace('.', '').length > DIGITS_MOST) return new Unfinished(text, 'digits', String(DIGITS_MOST));
  const value = typed.startsWith('-') ? `-${bare}` : bare;
  return outside(text, Number(value), field) ?? value;
}

export function readInteger(text: string, field: Pick<Field, 'min' | 'max'> = {}): number | Unfinished {
  const typed = plain(text);
  if (!/^[+-]?\d+$/.test(typed)) return new Unfinished(text, 'whole');
  const value = Number(typed);
  if (!Number.isSafeInteger(value)) return new Unfinished(text, 'digits', '15');
  return outside(text, value, field) ?? value;
}

/** The bounds of a decimal are text in its form. */
function outside(text: string, value: number, { min, max }: Pick<Field, 'min' | 'max'>): Unfinished | null {
  if (min !== undefined && value < Number(min)) return new Unfinished(text, 'least', String(min));
  if (max !== undefined && value > Number(max)) return new Unfinished(text, 'most', String(max));
  return null;
}

/** The types of fields that are typed as one line and are no text. */
export const isTyped = (field: Field): boolean => ['geopoint', 'decimal', 'integer'].includes(field.type);

/** The value of what is typed: null for nothing, `Unfinished` for what is none. */
export function readTyped(field: Field, text: string): unknown {
  if (text.trim() === '') return null;
  if (field.type === 'geopoint') return readPlace(text);
  return field.type === 'decimal' ? readDecimal(text, field) : readInteger(text, field);
}

/** The value as it is typed. Decimals are text in the API. */
export function typedText(value: unknown): string {
  if (value instanceof Unfinished) return value.text;
  if (isPlace(value)) return `${value.lat}, ${value.lon}`;
  return typeof value === 'number' || typeof value === 'string' ? String(value) : '';
}
