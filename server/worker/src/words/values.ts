/** What fields hold, in words. */
import { titleOf } from '@/app/titles';
import { t } from '@/messages';
import type { FieldContent, FieldInfo, FieldKind, FieldValue } from '@/phone';
import { day, moment } from './times';

const choice = (kind: FieldKind, key: string): string =>
  ('choices' in kind ? kind.choices.find((one) => one.key === key)?.label : undefined) ?? key;

export function valueWords(kind: FieldKind, value: FieldValue): string {
  switch (value.type) {
    case 'Text':
      return value.text;
    case 'Integer':
      return String(value.number);
    case 'Decimal':
      return value.number;
    case 'Boolean':
      return value.yes ? t('say.yes') : t('say.no');
    case 'Date':
      return day(new Date(`${value.date}T00:00`).getTime());
    case 'DateTime':
      return moment(value.atMs);
    case 'Choice':
      return choice(kind, value.key);
    case 'Geopoint':
      return `${value.latitude.toFixed(5)}, ${value.longitude.toFixed(5)}`;
    case 'Reference':
      return titleOf(value.recordId) || t('record.elsewhere');
    case 'Person':
      return value.name;
  }
}

/** One text a line; an item of a group is a line. */
export function contentWords(field: FieldInfo, content: FieldContent): string[] {
  switch (content.type) {
    case 'Value':
      return [valueWords(field.kind, content.value)];
    case 'LongText':
      return content.text === '' ? [] : [content.text];
    case 'Choices':
      return content.keys.length === 0 ? [] : [content.keys.map((key) => choice(field.kind, key)).join(t('say.and'))];
    case 'Items': {
      const { kind } = field;
      if (kind.type !== 'Group') return [];
      return content.items.map(({ members }) =>
        kind.members
          .flatMap((member) => {
            const value = members[member.key];
            return value ? [valueWords(member.kind, value)] : [];
          })
          .join(' · '),
      );
    }
    case 'Count':
      return [String(content.total)];
  }
}
