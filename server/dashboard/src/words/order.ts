/** Orders rows as people expect: numbers inside names count as numbers, what has no value stands last. */
import type { Locale } from '@/api/types';

type Value = string | number | null | undefined;

export function ordered<T>(rows: T[], by: (row: T) => Value, descending: boolean, locale: Locale): T[] {
  const names = new Intl.Collator(locale, { numeric: true });
  const absent = (value: Value) => value === null || value === undefined || value === '';
  return [...rows].sort((left, right) => {
    const [a, b] = [by(left), by(right)];
    if (absent(a) || absent(b)) return Number(absent(a)) - Number(absent(b));
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : names.compare(String(a), String(b));
    return descending ? -order : order;
  });
}

const names = new Intl.Collator('zh-CN', { numeric: true });
/** Names as people look for them: worker 2 before worker 10, Chinese ones by their sound. */
export const namesInOrder = (a: string, b: string): number => names.compare(a, b);
