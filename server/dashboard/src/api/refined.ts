/**
 * What the description of the API leaves open and the server always does: which words there are, how the parts of
 * a boundary go together. api-types.mjs puts these types where they belong.
 */

export type Role = 'worker' | 'supervisor' | 'admin' | 'auditor' | 'service';
/** What becomes of somebody's access when they are granted more than its giver may give. */
export type GrantAccess = 'ask' | 'end' | 'keep';
/** Why the server does not believe its machine's clock. */
export type ClockDoubt = 'behind' | 'ahead';
export type PhoneState = 'active' | 'revoked' | 'wiped' | 'forked';
export type EnrolmentState = 'waiting' | 'redeemed' | 'expired' | 'dead';
export type AttentionKind = 'conflict' | 'refused' | 'late' | 'phone' | 'upload';
export type SettledHow = 'dismiss' | 'adopt';
export type Verdict = 'admitted' | 'late' | 'refused';

export type FieldKind =
  | 'text'
  | 'long_text'
  | 'integer'
  | 'decimal'
  | 'boolean'
  | 'date'
  | 'date_time'
  | 'choose_one'
  | 'choose_many'
  | 'geopoint'
  | 'reference'
  | 'person'
  | 'group'
  | 'counter';
export type FieldClass = 'general' | 'personal' | 'restricted';
export type FormMeaning = 'household' | 'visit' | 'matter' | 'task' | 'meeting';
export type FieldMeaning =
  | 'household'
  | 'about'
  | 'place'
  | 'happened'
  | 'due'
  | 'asked_due'
  | 'closed'
  | 'doer'
  | 'issuer'
  | 'accountable'
  | 'details'
  | 'priority'
  | 'reply'
  | 'kind'
  | 'receipt'
  | 'plan'
  | 'steps';
export type StepMeaning = 'dispatch' | 'reopen' | 'evaluate' | 'extend' | 'recall' | 'take_back' | 'resume' | 'resolve';
/** When a field is shown: what another one holds. Two stand in a list, the field and its value. */
export type Condition =
  | { equals: unknown[] }
  | { includes: unknown[] }
  | { present: string }
  | { not: Condition }
  | { all: Condition[] }
  | { any: Condition[] };

export type Boundary =
  { type: 'Polygon'; coordinates: number[][][] } | { type: 'MultiPolygon'; coordinates: number[][][][] };
