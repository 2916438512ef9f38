/** What an edit does, in words. */
import { t } from '@/messages';
import type { FormInfo, Operation } from '@/phone';
import { valueWords } from './values';

export function operationWords(form: FormInfo | undefined, operation: Operation): string {
  if (operation.type === 'Delete') return t('act.delete');
  if (operation.type === 'Restore') return t('act.restore');
  if (operation.type === 'Transition')
    return [operation.action, operation.note].filter((text) => text !== '').join(': ');
  const field = form?.fields.find(({ key }) => key === operation.field);
  const label = field?.label ?? operation.field;
  const kind = field?.kind ?? { type: 'DateTime' };
  const choice = (key: string) => valueWords(kind, { type: 'Choice', key });
  switch (operation.type) {
    case 'Set':
      return t('act.set', { what: label, value: valueWords(kind, operation.value) });
    case 'SetLongText':
      return t('act.set', { what: label, value: operation.text });
    case 'Splice':
      return t('act.set', { what: label, value: operation.insert });
    case 'Unset':
      return t('act.unset', { what: label });
    case 'Choose':
      return t('act.set', { what: label, value: choice(operation.choice) });
    case 'Unchoose':
      return t('act.without', { what: label, value: choice(operation.choice) });
    case 'AddItem':
      return '';
    case 'RemoveItem':
      return t('act.remove', { what: label });
    case 'SetMember': {
      const member = kind.type === 'Group' ? kind.members.find(({ key }) => key === operation.member) : undefined;
      return t('act.set', {
        what: `${label} · ${member?.label ?? operation.member}`,
        value: valueWords(member?.kind ?? kind, operation.value),
      });
    }
    case 'UnsetMember':
      return t('act.unset', { what: label });
    case 'Count':
      return t('act.set', { what: label, value: operation.by > 0 ? `+${operation.by}` : String(operation.by) });
  }
}
