/** Titles of records that others refer to, looked up when they are first shown. */
import { shallowReactive } from 'vue';
import { titled } from './forms';
import { onChange, phone } from '@/phone';

const known = shallowReactive(new Map<string, string>());
const asked = new Set<string>();
let following = false;

/** The title of a record; nothing until it is known here. */
export function titleOf(recordId: string): string {
  if (!following) {
    following = true;
    onChange(() => asked.clear());
  }
  if (!asked.has(recordId)) {
    asked.add(recordId);
    void phone()
      .get(recordId)
      .then((record) => {
        const title = record ? titled(record.form, record.title) : '';
        if (known.get(recordId) !== title) known.set(recordId, title);
      })
      .catch(() => undefined);
  }
  return known.get(recordId) ?? '';
}
