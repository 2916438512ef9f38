import { describe, expect, test } from 'vitest';
import { deadlinesOf, hoursOf, hoursText, weeksOf } from '@/words/calendar';

describe('the working calendar', () => {
  test('reads hours as people type them, and none that cannot be', () => {
    const hours = [
      { from: '09:00', to: '12:00' },
      { from: '13:30', to: '17:30' },
    ];
    expect(hoursOf(' 9:00-12:00，13:30~17:30 ')).toEqual(hours);
    expect(hoursOf(hoursText(hours))).toEqual(hours);
    expect(hoursOf('00:00-24:00')).toEqual([{ from: '00:00', to: '24:00' }]);
    for (const text of ['', '9-12', '12:00-09:00', '09:00-12:00 11:00-13:00', '09:00-12:00-13:00', '09:00-24:30'])
      expect(hoursOf(text), text).toBeUndefined();
  });
  test('draws a month in weeks that begin on Monday', () => {
    const day = (date: string) => ({ date, kind: 'working' });
    // The 1st of October 2026 is a Thursday.
    const days = Array.from({ length: 31 }, (_, at) => day(`2026-10-${String(at + 1).padStart(2, '0')}`));
    const weeks = weeksOf([day('2026-09-30'), ...days], 10);
    expect(weeks).toHaveLength(5);
    expect(weeks[0]!.slice(0, 4)).toEqual([null, null, null, day('2026-10-01')]);
    expect(weeks[1]![5]).toEqual(day('2026-10-10'));
    expect(weeksOf(days, 3)).toEqual([]);
  });
  test('takes hours alone for a deadline', () => {
    expect(deadlinesOf({ deadline_hours: 72 })).toEqual([{ amount: 72, unit: 'hours' }]);
    expect(deadlinesOf({})).toEqual([]);
  });
});
