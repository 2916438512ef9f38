/**
 * What the description of the API leaves open and the server always does: which words there are, what a form is,
 * how places look. api-types.mjs puts these types where they belong.
 */

export interface Label {
  zh: string;
  en: string;
}

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
export interface Choice {
  key: string;
  label: Label;
}
export type FormMeaning = 'household' | 'visit' | 'matter' | 'task' | 'meeting';
export type FieldMeaning =
  | 'household'
  | 'about'
  | 'place'
  | 'happened'
  | 'due'
  | 'closed'
  | 'doer'
  | 'issuer'
  | 'accountable'
  | 'details'
  | 'priority'
  | 'reply'
  | 'kind';
export interface Field {
  key: string;
  label: Label;
  type: FieldKind;
  means?: FieldMeaning;
  class?: FieldClass;
  required?: boolean;
  choices?: Choice[];
  members?: Field[];
  max_chars?: number;
  pattern?: string;
  /** Of a decimal they are text. */
  min?: number | string;
  max?: number | string;
  /** Most digits of a decimal after the point. */
  scale?: number;
  form?: string;
  help?: Label;
  writable_by?: Role[];
  visible_if?: Condition;
}
/** When a field is shown: what another one holds. Two stand in a list, the field and its value. */
export type Condition =
  | { equals: Value[] }
  | { includes: Value[] }
  | { present: string }
  | { not: Condition }
  | { all: Condition[] }
  | { any: Condition[] };
export interface Status {
  key: string;
  label: Label;
  rank: number;
  done?: boolean;
  closed?: boolean;
}
export interface Transition {
  action: string;
  label: Label;
  from: string[];
  to: string;
  means?: 'dispatch';
  roles: Role[];
  note?: boolean;
  needs?: string[];
}
export interface Form {
  code: string;
  version: number;
  label: Label;
  class: FieldClass;
  means?: FormMeaning;
  title?: string;
  fields: Field[];
  lifecycle?: { initial: string; statuses: Status[]; transitions: Transition[] };
}

/** What a field holds; its form says which. */
export type Value = unknown;
export interface Operation {
  op: string;
  field?: string;
  value?: Value;
  at?: number;
  delete?: number;
  insert?: string;
  choice?: string;
  item?: string;
  member?: string;
  by?: number;
  action?: string;
  note?: string;
}

export interface Place {
  lat: number;
  lon: number;
}
export type Boundary =
  { type: 'Polygon'; coordinates: number[][][] } | { type: 'MultiPolygon'; coordinates: number[][][][] };
export interface BoundaryFeature {
  type: 'Feature';
  properties: { code: string; name: string; level: string };
  geometry: Boundary;
}
export interface BoundaryCollection {
  type: 'FeatureCollection';
  features: BoundaryFeature[];
}

export interface MatterKind {
  code: string;
  label: Label;
  department: string;
  deadline_hours?: number;
  evidence?: string[];
  urgent?: boolean;
  retired?: boolean;
}
export interface Catalogue {
  version: number;
  kinds: MatterKind[];
}
