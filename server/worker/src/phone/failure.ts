/** What a call of the library failed with, by what the app does next. */
import type { PhoneErrorCode } from '@gridfold/phone';

export interface Failure {
  code: PhoneErrorCode | 'Unknown';
  /** Of `Rejected`: the stable code of the rule. */
  rule?: string | undefined;
  field?: string | undefined;
  /** For the person, in the language of the app. */
  reason?: string | undefined;
  draftId?: string | undefined;
  /** Of `Internal`: what helps to find it. */
  reference?: string | undefined;
}
