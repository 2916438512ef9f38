/** What the API answers, as far as the pages read it. Names are those of the server's description. */

export type Locale = 'zh-CN' | 'en';
export interface Label {
  zh: string;
  en: string;
}

export type Role = 'worker' | 'supervisor' | 'admin' | 'auditor' | 'service';
export interface Grant {
  grant_id: string;
  user_id: string;
  role: Role;
  area?: string | null;
  from: string;
  until?: string | null;
}
export interface Me {
  user_id: string;
  user_name: string;
  device_id: string;
  roles: Role[];
  grants: Grant[];
}
export interface Session {
  me: Me;
  csrf_token: string;
  idle_expires_at: string;
  absolute_expires_at: string;
  settings: Settings;
  clock?: ClockDoubt | null;
}
export type ClockDoubt = 'behind' | 'ahead';
export interface ClockReading {
  now: string;
  machine: string;
  doubt?: ClockDoubt | null;
}
export interface Settings {
  tile_url?: string | null;
  tile_attribution?: string | null;
  time_zone?: string;
}

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
  | 'group'
  | 'counter';
export interface Choice {
  key: string;
  label: Label;
}
export interface Field {
  key: string;
  label: Label;
  type: FieldKind;
  class?: FieldClass;
  required?: boolean;
  choices?: Choice[];
  members?: Field[];
  max_chars?: number;
  min?: number;
  max?: number;
  form?: string;
  help?: Label;
  writable_by?: Role[];
}
export type FieldClass = 'general' | 'personal' | 'restricted';
export interface Status {
  key: string;
  label: Label;
  rank: number;
  closed?: boolean;
}
export interface Transition {
  action: string;
  label: Label;
  from: string[];
  to: string;
  roles: Role[];
  note?: boolean;
  needs?: string[];
}
export interface Form {
  code: string;
  version: number;
  label: Label;
  class: FieldClass;
  title?: string;
  fields: Field[];
  lifecycle?: { initial: string; statuses: Status[]; transitions: Transition[] };
}

export interface Area {
  code: string;
  parent?: string | null;
  name: string;
  level: string;
  children: number;
  has_boundary?: boolean;
}
export type Boundary =
  { type: 'Polygon'; coordinates: number[][][] } | { type: 'MultiPolygon'; coordinates: number[][][][] };

export interface RecordRow {
  record_id: string;
  grid: string;
  form: string;
  title: string;
  status?: string | null;
  deleted: boolean;
  conflicts: number;
  missing: number;
  late: boolean;
  household?: string | null;
  location?: Place | null;
  captured_at?: string;
  changed_at?: string;
  received_at?: string;
  due_at?: string | null;
  due_received_at?: string | null;
  assignee?: string | null;
  /** The state that is shown: what a write says it was made at. */
  heads?: string;
  last_visited_at?: string | null;
  fields?: Record<string, unknown>;
  /** When its work was closed. */
  closed_at?: string | null;
}
export interface Place {
  lat: number;
  lon: number;
}
export interface RecordPage {
  records: RecordRow[];
  next?: string | null;
  total?: number;
  total_is_floor?: boolean;
}

export interface ConflictValue {
  value: unknown;
  by: string;
  shown: boolean;
}
export interface Conflict {
  field: string;
  values: ConflictValue[];
}
export interface NextTransition {
  action: string;
  label: string;
  to: string;
}
export interface Provenance {
  user_id: string;
  user_name: string;
  device_id: string;
  device_label?: string | null;
  captured_at: string;
  received_at: string;
}
export interface RecordBody extends Omit<RecordRow, 'fields'> {
  fields: Record<string, unknown>;
  classes: FieldClass[];
  conflict_list: Conflict[];
  /** What somebody wrote beside a deletion or a closing that they did not know of. */
  written_beside?: HistoryEntry[];
  concurrent_statuses: string[];
  transitions: NextTransition[];
  missing_fields: string[];
  provenance?: Record<string, Provenance>;
}
export interface Operation {
  op: string;
  field?: string;
  value?: unknown;
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
export interface HistoryEntry {
  entry: string;
  stream: string;
  seq: number;
  class: FieldClass;
  user_id: string;
  user_name: string;
  device_id: string;
  captured_at: string;
  received_at: string;
  verdict: 'admitted' | 'late' | 'refused';
  refusal?: string | null;
  refusal_text?: string | null;
  made_at: string[];
  erased: boolean;
  operations: Operation[];
  words?: string[];
}
export interface History {
  record_id: string;
  entries: HistoryEntry[];
}
export interface EditResult {
  verdicts: { class: string; entry: string; verdict: string }[];
  record?: RecordBody | null;
}

export interface User {
  user_id: string;
  name: string;
  active: boolean;
  roles: Role[];
}
export interface Device {
  device_id: string;
  user_id: string;
  label: string;
  kind: 'phone' | 'console';
  state: string;
  fingerprint?: string | null;
  enrolled_at: string;
  last_seen_at: string;
}
export interface Phone {
  device_id: string;
  user_id: string;
  user_name: string;
  model?: string;
  last_sync_at: string;
  /** Entries of it that were set aside. */
  set_aside: number;
  /** What still waited on it after its last contact; absent until it said so. */
  pending?: number | null;
  /** How far its clock is behind the server's; negative when ahead. */
  clock_skew_ms?: number | null;
  library_version?: string | null;
  grid_erased_at?: string | null;
  state: 'active' | 'revoked' | 'wiped' | 'forked';
  wipe_receipt_at?: string | null;
  enrolled_at?: string | null;
}
export interface Invitation {
  enrolment_id: string;
  code: string;
  qr: string;
  expires_at: string;
}
export interface InvitationStatus {
  status: 'waiting' | 'redeemed' | 'expired' | 'dead';
  device_id?: string | null;
  fingerprint?: string | null;
}

export interface TrendDay {
  day: string;
  visits: number;
  matters_opened: number;
  matters_closed: number;
}
export interface GridLine {
  code: string;
  name: string;
  visits_week: number;
  matters_open: number;
  matters_overdue: number;
  tasks_unacknowledged: number;
  households_not_visited: number;
  last_sync?: string | null;
}
export interface Overview {
  as_of: string;
  visits_today: number;
  visits_week: number;
  matters_open: number;
  matters_overdue_captured: number;
  matters_overdue_received: number;
  tasks_open: number;
  tasks_unacknowledged: number;
  tasks_overdue: number;
  households: number;
  households_not_visited: { days: number; count: number };
  conflicts: number;
  refused: number;
  late: number;
  trend: TrendDay[];
  grids: GridLine[];
  /** Grids that are not named, since there is nothing to tell of them; none of a small town. */
  grids_left_out?: number;
  phones: { total: number; silent_over_1d: number; silent_over_3d: number; silent_over_7d: number };
  phones_attention?: number;
  uploads_attention?: number;
}

export interface Cluster {
  lon: number;
  lat: number;
  count: number;
  id?: string | null;
}
export interface MapAnswer {
  clusters: Cluster[];
  /** Of the whole filter that have a place. */
  total: number;
  /** Of the filter that have no place, or none that may be read. */
  unplaced?: number;
}
export interface BoundaryFeature {
  type: 'Feature';
  properties: { code: string; name: string; level: string };
  geometry: Boundary;
}
export interface BoundaryCollection {
  type: 'FeatureCollection';
  features: BoundaryFeature[];
}

export type AttentionKind = 'conflict' | 'refused' | 'late' | 'phone' | 'upload';
export interface AttentionItem {
  kind: AttentionKind;
  id: string;
  at: string;
  record?: string | null;
  device?: string | null;
  stream?: string | null;
  entry?: string | null;
  grid?: string | null;
  user_name?: string | null;
  title: string;
  reason?: string | null;
  reason_text?: string | null;
  /** What was written, a line for each change, in the language asked for. */
  words?: string[];
  form?: string | null;
  captured_at?: string | null;
  actions: string[];
}
export interface Attention {
  counts: Record<AttentionKind, number>;
  items: AttentionItem[];
  next?: string | null;
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
export interface AuditRow {
  seq: number;
  at: string;
  user_id: string;
  device_id: string;
  what: string;
  scope: string;
  hash: string;
  user_name?: string | null;
}
export interface SavedView {
  name: string;
  view: unknown;
}
export interface AreaImport {
  dry_run: boolean;
  rows: number;
  added: number;
  changed: number;
  unchanged: number;
  duplicates: number;
  refused: number;
  refusals: { line: number; reason: string }[];
}
export interface Erasure {
  record_id: string;
  at: string;
  user_id: string;
  user_name: string;
  grid: string;
  reason: string;
}
export interface RetentionRule {
  form: string;
  /** Absent when they stay until somebody erases them. */
  days?: number | null;
  /** How many records are past it now, in the areas of whoever asks. */
  due: number;
  changed_at?: string | null;
  user_name?: string | null;
}
