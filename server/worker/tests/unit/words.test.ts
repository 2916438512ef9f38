import { expect, test } from 'vitest';
import { enrolmentIn, invitationOf } from '@/app/invitation';
import { isApple } from '@/app/storage';
import { failureOf } from '@/phone/library';
import { due, since } from '@/words/times';

test('an invitation is read from a QR, a link, or what is typed', () => {
  expect(invitationOf('gridfold:1:https://grid.example.org:ABCDE')).toEqual({
    code: 'ABCDE',
    server: 'https://grid.example.org',
  });
  expect(invitationOf('https://grid.example.org/m/#enrol=ABCDE')).toEqual({ code: 'ABCDE', server: undefined });
  expect(invitationOf('https://x/m/#enrol=gridfold%3A1%3Ahttp%3A%2F%2F127.0.0.1%3A8420%3AABCDE').code).toBe('ABCDE');
  expect(invitationOf(' abcde fghij ').code).toBe('abcde fghij');
  expect(enrolmentIn('#enrol=%')).toBeUndefined();
  expect(enrolmentIn('#elsewhere')).toBeUndefined();
});

test('a tablet of Apple says it is a Mac', () => {
  expect(isApple('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605', 5)).toBe(true);
  expect(isApple('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605', 0)).toBe(false);
  expect(isApple('Mozilla/5.0 (Linux; Android 14) Chrome/130', 5)).toBe(false);
});

test('a failure is read from an error and from what a sync says', () => {
  const error = Object.assign(new Error('x'), {
    code: 'Rejected',
    error: { type: 'Rejected', code: 'too_long', field: 'notes', reason: '太长', draftId: null },
  });
  expect(failureOf(error)).toMatchObject({ code: 'Rejected', rule: 'too_long', field: 'notes', reason: '太长' });
  expect(failureOf({ type: 'Offline', retryAfterS: null })).toMatchObject({ code: 'Offline' });
  expect(failureOf('?')).toMatchObject({ code: 'Unknown' });
});

test('times are said as people say them', () => {
  const now = new Date('2026-06-13T12:00').getTime();
  expect(since(now - 5 * 60_000, now)).toBe('5 分钟');
  expect(since(now - 26 * 3_600_000, now)).toBe('1 天');
  expect(due(now - 3 * 3_600_000, now)).toBe('已超时 3 小时');
  expect(due(now + 3_600_000, now)).toMatch(/^限 今天 13:00$/);
});
