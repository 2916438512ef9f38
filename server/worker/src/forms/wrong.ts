/** What is wrong with something typed, in words. */
import { t } from '@/messages';
import type { FieldInfo, FieldKind } from '@/phone';
import type { Wrong } from './entries';

export function wrongWords(fields: FieldInfo[], path: string, wrong: Wrong): string {
  const kind = kindAt(fields, path);
  const bound = (which: 'min' | 'max') =>
    kind && which in kind ? String((kind as Record<string, unknown>)[which]) : '';
  switch (wrong) {
    case 'wholeNumber':
      return t('wrong.wholeNumber');
    case 'number':
      return t('wrong.number');
    case 'low':
      return t('wrong.low', { least: bound('min') });
    case 'high':
      return t('wrong.high', { most: bound('max') });
    case 'long':
      return t('wrong.long', { most: kind && 'maxChars' in kind ? kind.maxChars : '' });
    case 'pattern':
      return t('wrong.pattern');
    case 'moment':
      return t('wrong.moment');
    case 'half':
      return t('wrong.half');
    case 'step':
      return t('wrong.step', { most: kind?.type === 'Counter' ? kind.maxStep : '' });
    case 'digits':
      return t('wrong.digits', { most: kind?.type === 'Decimal' ? kind.scale : '' });
  }
}

function kindAt(fields: FieldInfo[], path: string): FieldKind | undefined {
  const [key, item, member] = path.split('/');
  const kind = fields.find((field) => field.key === key)?.kind;
  if (item === undefined || kind?.type !== 'Group') return kind;
  return kind.members.find((one) => one.key === member)?.kind;
}
