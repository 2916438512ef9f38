/** Values of fields in words, by the type their form gives them. */
import type { Choice, Field, Label, Locale } from '@/api/types';
import { personOf, type Person } from './person';
import { localDay, localTime, untilWords, withLocalTimes } from './times';

/** What the words need to know from outside: texts and the names of other records. */
export interface Sayer {
  locale: Locale;
  yes: string;
  no: string;
  recordTitle: (id: string) => string;
  /** What a person is called now; as the record says where that is not known. */
  personName: (person: Person) => string;
}

const pick = (label: Label, locale: Locale): string => (locale === 'en' ? label.en || label.zh : label.zh || label.en);

export function choiceName(choices: Choice[] | undefined, key: string, locale: Locale): string {
  const found = choices?.find((c) => c.key === key);
  return found ? pick(found.label, locale) : key;
}

export function isPlace(value: unknown): value is { lat: number; lon: number } {
  return typeof value === 'object' && value !== null && 'lat' in value && 'lon' in value;
}

/** The value in words; empty when there is none. */
export function valueWords(field: Field | undefined, value: unknown, say: Sayer): string {
  if (value === null || value === undefined || value === '') return '';
  // A value that is not of its field's type is said as what it is.
  const plain = plainWords(value, say);
  switch (field?.type) {
    case 'date_time':
      return field.means === 'due' ? untilWords(plain, say.locale) : localTime(plain, say.locale);
    case 'date':
      return localDay(plain, say.locale);
    case 'choose_one':
      return choiceName(field.choices, plain, say.locale);
    case 'choose_many':
      return Array.isArray(value)
        ? value.map((key) => choiceName(field.choices, String(key), say.locale)).join(say.locale === 'en' ? ', ' : '、')
        : plain;
    case 'reference':
      return say.recordTitle(plain);
    case 'group':
      return Array.isArray(value) ? value.map((item) => itemWords(field, item, say)).join('\n') : plain;
    case undefined:
      // A field that the form does not know says by its look that it is a time.
      return withLocalTimes(plain, say.locale);
    default:
      return plain;
  }
}

function itemWords(group: Field, item: unknown, say: Sayer): string {
  if (typeof item !== 'object' || item === null) return String(item);
  const parts: string[] = [];
  for (const [key, value] of Object.entries(item)) {
    if (key === 'key') continue;
    const member = group.members?.find((m) => m.key === key);
    const words = valueWords(member, value, say);
    if (words !== '') parts.push(`${member ? pick(member.label, say.locale) : key}: ${words}`);
  }
  return parts.join(say.locale === 'en' ? '; ' : '；');
}

function plainWords(value: unknown, say: Sayer): string {
  if (typeof value === 'boolean') return value ? say.yes : say.no;
  if (isPlace(value)) return `${value.lat.toFixed(5)}, ${value.lon.toFixed(5)}`;
  if (Array.isArray(value)) return value.map((v) => plainWords(v, say)).join(', ');
  const person = typeof value === 'object' ? personOf(value) : undefined;
  if (person) return say.personName(person);
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([key, v]) => `${key}: ${plainWords(v, say)}`)
      .join('; ');
  }
  return String(value);
}
