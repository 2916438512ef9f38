/** What the API answers, by the names that the pages use. All of it is the server's own description. */
import type { components, paths } from './generated';

type Schemas = components['schemas'];

export type {
  AttentionKind,
  Boundary,
  BoundaryCollection,
  Catalogue,
  Choice,
  ClockDoubt,
  Field,
  FieldClass,
  FieldMeaning,
  Form,
  FormMeaning,
  Label,
  MatterKind,
  Operation,
  Role,
  Status,
  Transition,
} from './refined';

export type Locale = 'zh-CN' | 'en';

/** Which records a list has and how, as a request says it. */
export type RecordQuery = NonNullable<paths['/v1/records']['get']['parameters']['query']>;

export type Area = Schemas['AreaBody'];
export type AreaImport = Schemas['AreaImport'];
export type Attention = Schemas['AttentionPage'];
export type AttentionItem = Schemas['AttentionItem'];
export type AuditRow = Schemas['AuditBody'];
export type ClockReading = Schemas['ClockBody'];
export type Cluster = Schemas['ClusterBody'];
export type Conflict = Schemas['Conflict'];
export type EditResult = Schemas['EditResult'];
export type Erasure = Schemas['ErasureBody'];
export type Grant = Schemas['GrantBody'];
export type GridLine = Schemas['GridRow'];
export type HistoryEntry = Schemas['HistoryEntry'];
export type Invitation = Schemas['Invitation'];
export type InvitationStatus = Schemas['InvitationStatus'];
export type MapAnswer = Schemas['MapBody'];
export type Me = Schemas['Me'];
export type NextTransition = Schemas['TransitionBody'];
export type Overview = Schemas['OverviewBody'];
export type Phone = Schemas['PhoneBody'];
export type ProblemJson = Schemas['ProblemBody'];
export type Provenance = Schemas['Provenance'];
export type RecordBody = Schemas['RecordBody'];
export type RecordPage = Schemas['RecordPage'];
export type RecordRow = Schemas['RecordRowBody'];
export type RetentionRule = Schemas['RetentionBody'];
export type SavedView = Schemas['SavedViewBody'];
export type Session = Schemas['CookieSessionBody'];
export type Settings = Schemas['DashboardSettings'];
export type TrendDay = Schemas['TrendDay'];
export type User = Schemas['UserBody'];
