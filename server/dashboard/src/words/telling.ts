/** What stands beside the title of a record, so that many of one name can be told apart: by what fields mean, never by a name. */
import type { Field, FieldMeaning, Form } from '@/api/types';
import { aboutFields, fieldFor } from './meaning';

/** Of what a form says: who does it, when it was, what it is about at length. Its household, place and due time are of every row. */
const BESIDE: FieldMeaning[] = ['details', 'happened', 'doer', 'accountable'];
/** As many as the server adds to the rows of a list. */
export const FIELDS_MOST = 50;

export const fieldsBeside = (form: Form): Field[] => [
  ...BESIDE.flatMap((meaning) => fieldFor(form, meaning) ?? []),
  ...aboutFields(form),
];

export const isRestricted = (form: Form, field: Field): boolean => (field.class ?? form.class) === 'restricted';

/**
 * The keys that a list asks for. A field that is restricted in any form is none of them: reading it is noted in the
 * audit, and nobody asked to read it.
 */
export function keysBeside(forms: Form[]): string[] {
  const shut = new Set(forms.flatMap((form) => form.fields.filter((f) => isRestricted(form, f)).map((f) => f.key)));
  const all = forms.flatMap((form) => fieldsBeside(form).map((f) => f.key));
  return [...new Set(all)].filter((key) => !shut.has(key)).slice(0, FIELDS_MOST);
}

/** The first words of a long text. */
const FIRST_CHARS = 40;
export function firstWords(text: string): string {
  const line = text.trim().split(/\s*\n\s*/)[0] ?? '';
  const signs = Array.from(line);
  return signs.length > FIRST_CHARS || line.length < text.trim().length
    ? `${signs.slice(0, FIRST_CHARS).join('').trimEnd()}…`
    : line;
}
