/** What the API answers, by the names that the pages use. All of it is the server's own description. */
import type { components, paths } from './generated';

type Schemas = components['schemas'];

export type { AttentionKind, Boundary, ClockDoubt, FieldClass, FieldMeaning, FormMeaning, Role } from './refined';

export type Locale = 'zh-CN' | 'en';

/** Which records a list has and how, as a request says it. */
export type RecordQuery = NonNullable<paths['/v1/records']['get']['parameters']['query']>;

export type Area = Schemas['AreaBody'];
export type Attention = Schemas['AttentionPage'];
export type AttentionItem = Schemas['AttentionItem'];
export type AuditRow = Schemas['AuditBody'];
export type BoundaryCollection = Schemas['BoundaryCollection'];
export type Calendar = Schemas['Calendar'];
export type CalendarDay = Schemas['DayBody'];
export type CalendarYear = Schemas['YearBody'];
export type Catalogue = Schemas['Catalogue'];
export type Choice = Schemas['Choice'];
export type ClockReading = Schemas['ClockBody'];
export type Cluster = Schemas['ClusterBody'];
export type Conflict = Schemas['Conflict'];
export type Duplicate = Schemas['DuplicateBody'];
export type DueNow = Schemas['DeadlineBody'];
export type EditResult = Schemas['EditResult'];
export type Erasure = Schemas['ErasureBody'];
export type Field = Schemas['Field'];
export type FieldValue = Schemas['FieldValue'];
export type Fields = Schemas['Fields'];
export type Form = Schemas['Form'];
export type Grant = Schemas['GrantBody'];
export type GridLine = Schemas['GridRow'];
export type GridPlanned = Schemas['GridPlannedBody'];
export type HistoryEntry = Schemas['HistoryEntry'];
export type Holds = Schemas['HoldsBody'];
export type ImportDone = Schemas['ImportBody'];
export type Invitation = Schemas['Invitation'];
export type InvitationStatus = Schemas['InvitationStatus'];
export type Interval = Schemas['Interval'];
export type KindDeadline = Schemas['KindDeadline'];
export type Label = Schemas['Label'];
export type MapAnswer = Schemas['MapBody'];
export type MatterKind = Schemas['MatterKind'];
export type Me = Schemas['Me'];
export type MemberValue = Schemas['MemberValue'];
export type NextTransition = Schemas['TransitionBody'];
export type Operation = Schemas['Operation'];
export type Overview = Schemas['OverviewBody'];
export type Phone = Schemas['PhoneBody'];
export type PhoneKeys = Schemas['PhoneKeysBody'];
export type Plan = Schemas['Plan'];
export type Planned = Schemas['PlannedBody'];
export type PlannedCounts = Schemas['PlannedCounts'];
export type PlannedItem = Schemas['PlannedItemBody'];
export type ProblemJson = Schemas['ProblemBody'];
export type Provenance = Schemas['Provenance'];
export type RecordBody = Schemas['RecordBody'];
export type RecordPage = Schemas['RecordPage'];
export type RecordRow = Schemas['RecordRowBody'];
export type Redraw = Schemas['RedrawBody'];
export type RedrawLine = Schemas['RedrawLineBody'];
export type ReportCell = Schemas['ReportCell'];
export type ReportPair = Schemas['ReportPair'];
export type ReportTemplate = Schemas['ReportTemplate'];
export type RetentionRule = Schemas['RetentionBody'];
export type SavedView = Schemas['SavedViewBody'];
export type Session = Schemas['CookieSessionBody'];
export type Settings = Schemas['DashboardSettings'];
export type Status = Schemas['Status'];
export type Transition = Schemas['Transition'];
export type TableImport = Schemas['TableImport'];
export type FirstRows = Schemas['FirstRowsBody'];
export type TrendDay = Schemas['TrendDay'];
export type Urgency = Schemas['Urgency'];
export type User = Schemas['UserBody'];
