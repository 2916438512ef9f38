import { describe, expect, test } from 'vitest';
import type { Field } from '@/api/types';
import { catalogue } from '@/messages';
import { readDecimal, readInteger, readPlace, readTyped, typedText, Unfinished } from '@/words/typed';

const why = (read: unknown) => (read instanceof Unfinished ? read.why : read);
const field = (type: Field['type'], more: Partial<Field> = {}): Field => ({
  key: 'k',
  label: { zh: '栏', en: 'Field' },
  type,
  ...more,
});

describe('a place that is typed', () => {
  test('is one when both parts stand there, whatever keyboard wrote it', () => {
    const place = { lat: 39.0842, lon: 117.2009 };
    for (const text of [
      '39.0842, 117.2009',
      '39.0842,117.2009',
      '39.0842，117.2009',
      '３９.０８４２， １１７.２００９',
      ' 39.0842 117.2009 ',
    ])
      expect(readPlace(text)).toEqual(place);
    expect(readPlace('-33.9, 0')).toEqual({ lat: -33.9, lon: 0 });
  });
  test('is none with half of it, and never at longitude 0', () => {
    for (const half of ['39.0842,', ',', '39.0842', ', 117', '39.,117', '39,117,5', '39.0842, x', '0x10, 1e1', '-, -'])
      expect([half, why(readPlace(half))]).toEqual([half, 'place']);
  });
  test('says what is wrong with it', () => {
    expect(why(readPlace('117.2009, 39.0842'))).toBe('placeSwapped');
    expect(why(readPlace('95, 200'))).toBe('placeRange');
    for (const each of ['place', 'placeSwapped', 'placeRange', 'number', 'whole', 'least', 'most', 'digits'])
      expect(catalogue).toHaveProperty([`typed.${each}`]);
  });
});

describe('a number that is typed', () => {
  test('a decimal is the text that the API has, as it was written', () => {
    expect(['21.5', '1.50', '-0.25', '２１.５', '.5', '+3'].map((t) => readDecimal(t))).toEqual([
      '21.5',
      '1.50',
      '-0.25',
      '21.5',
      '0.5',
      '3',
    ]);
    expect(['21.', '', '-', '1,5', '1e3', 'Infinity'].map((t) => why(readDecimal(t)))).toEqual(Array(6).fill('number'));
  });
  test('keeps to the bounds of its form, and nothing is put in its place', () => {
    const temperature = field('decimal', { min: '-30.5', max: '60', scale: 1 });
    expect(['61', '-31', '20.25', '20.2'].map((t) => why(readTyped(temperature, t)))).toEqual([
      'most',
      'least',
      'digits',
      '20.2',
    ]);
    expect(['12', '012', '12.0', '99', 'x'].map((t) => why(readInteger(t, { max: 20 })))).toEqual([
      12,
      12,
      'whole',
      'most',
      'whole',
    ]);
    expect(why(readInteger('9007199254740993'))).toBe('digits');
  });
  test('nothing is null and not 0', () => {
    for (const type of ['geopoint', 'decimal', 'integer'] as const) expect(readTyped(field(type), ' ')).toBeNull();
  });
});

test('the box shows what is there, and what was typed so far', () => {
  expect(typedText('21.5')).toBe('21.5');
  expect(typedText(0)).toBe('0');
  expect(typedText({ lat: 39.1, lon: 117.2 })).toBe('39.1, 117.2');
  expect(typedText(readPlace('39.0842, 117.'))).toBe('39.0842, 117.');
  expect(typedText(null)).toBe('');
});
