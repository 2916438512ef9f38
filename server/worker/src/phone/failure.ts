/** What a call of the library failed with, by what the app does next. */
export type FailureCode =
  | 'Offline'
  | 'SignInRequired'
  | 'Rejected'
  | 'UpdateRequired'
  | 'StorageFull'
  | 'WrongKey'
  | 'KeyUnavailable'
  | 'DamagedStore'
  | 'NoStore'
  | 'StoreExists'
  | 'InUse'
  | 'Closed'
  | 'Cancelled'
  | 'Revoked'
  | 'NotFound'
  | 'Internal'
  | 'Restarted'
  | 'TakenOver'
  | 'Vanished'
  | 'Broken'
  | 'Unsupported';

export interface Failure {
  code: FailureCode | 'Unknown';
  /** Of `Rejected`: the stable code of the rule. */
  rule?: string | undefined;
  field?: string | undefined;
  /** For the person, in the language of the app. */
  reason?: string | undefined;
  draftId?: string | undefined;
  /** Of `Internal`: what helps to find it. */
  reference?: string | undefined;
}
