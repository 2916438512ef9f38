// Written by client-ffi/bindgen from the library's metadata; not to be changed by hand.

/** A node of the place tree. */
export interface Area {
  /** Its code. */
  code: string;
  /** Its name. */
  name: string;
  /** The area it lies in. */
  parent: string | null;
  /** `province`, `district`, `street`, `community`, `grid` or another word. */
  level: string;
  /** Whether this user may write records here. */
  mine: boolean;
  /** Whether it or what it lies in is retired: its records go on, and no new one is made there. */
  retired: boolean;
  /**
   * Its boundary, a GeoJSON Polygon or MultiPolygon in WGS 84; none where nobody drew one, or where a
   * phone has too many areas to carry them.
   */
  boundary: string | null;
}

/** When to sync without being asked. */
export interface AutoSyncSettings {
  /** Seconds after the last sync when nothing happens. */
  intervalS: number;
  /** Seconds after a change here, so that several go together. */
  debounceS: number;
}

/** An entry that a colleague handed over, until it arrives through the server. */
export interface CarriedEdit {
  /** The bundle it came in. */
  bundleId: string;
  /** The record, when it can be told here. */
  recordId: string | null;
  /** Who made it, when known. */
  userName: string | null;
  /** The device's clock when it was made, in milliseconds since 1970 (UTC). */
  capturedAtMs: number;
  /** What it did. */
  operations: Operation[];
}

/** A receipt to hand back to the phone whose entries were carried. */
export interface CarriedReceipt {
  /** The bundle. */
  id: string;
  /** Whom it is for, when known. */
  userName: string | null;
  /** Its bytes, for the other phone's `carryImport`. */
  data: Uint8Array;
}

/** A bundle to hand over: as a file, or as the frames of `carryFrames`. */
export interface CarryBundle {
  /** Its id, which the receipt names. */
  id: string;
  /** Its bytes. */
  data: Uint8Array;
  /** Entries in it. */
  entries: number;
  /** Entries that had no room: export again once the receipt for this one is here. */
  left: number;
}

/** What was imported. */
export type CarryImport =
  /** A bundle for the server; the next sync takes it there. */
  | { type: "Relay"; id: string }
  /** A colleague's entries, shown beside the records; the next sync takes them to the server. */
  | { type: "Entries"; id: string; authorName: string | null; entries: number }
  /** The receipt for a bundle of this phone. */
  | { type: "Receipt"; id: string; entries: number }
  /** A receipt for somebody else, kept to be handed on. */
  | { type: "ReceiptForOther"; id: string };

/** How far the scanning of frames is. */
export interface CarryScan {
  /** Whether the frame belonged to what is being scanned and told something. */
  taken: boolean;
  /** Frames' worth known. */
  have: number;
  /** Frames' worth needed; 0 before the first frame. */
  of: number;
  /** The bundle, for `carryImport`, once it is complete. */
  data: Uint8Array | null;
}

/** Whom a carry bundle is sealed to. */
export type CarryTo =
  /** The server: whoever carries it cannot read it. */
  | { type: "Server" }
  /** A colleague, who reads it and takes it to the server. */
  | { type: "Colleague"; userId: string }
  /** All colleagues who read everything of this grid that waits. */
  | { type: "Grid"; grid: string };

/** One choice of a list. */
export interface Choice {
  /** Its key in records. */
  key: string;
  /** Its name for people. */
  label: string;
}

/** Why a call did not do what it was asked to. What was typed before is safe in every case. */
export type ClientError =
  /** The server cannot be reached or is busy: everything is kept here, try again later. */
  | { type: "Offline"; retryAfterS: number | null }
  /** The device is not enrolled, or its sign-in has ended: ask for a new code. */
  | { type: "SignInRequired" }
  /** The rules do not allow it, or an argument is not what it should be. */
  | { type: "Rejected"; code: string; field: string | null; reason: string; draftId: string | null }
  /** The server or the store is newer than this library: update the app. */
  | { type: "UpdateRequired" }
  /** The phone's storage is full: nothing was stored by this call. */
  | { type: "StorageFull" }
  /** The store is there but the key does not open it. */
  | { type: "WrongKey" }
  /** The keystore is locked or busy: try again once the person has unlocked the phone. */
  | { type: "KeyUnavailable" }
  /** The store is damaged; it is left as it is. */
  | { type: "DamagedStore"; part: string }
  /** There is no store in the directory. */
  | { type: "NoStore" }
  /** There is a store in the directory already. */
  | { type: "StoreExists" }
  /** Another process or client has the store open. */
  | { type: "InUse" }
  /** The client was shut down. */
  | { type: "Closed" }
  /** The app cancelled it; nothing is lost. */
  | { type: "Cancelled" }
  /** The device may no longer sync: ask the supervisor. */
  | { type: "Revoked" }
  /** No such thing here. */
  | { type: "NotFound" }
  /** A defect or an unexpected answer; the reference helps to find it. */
  | { type: "Internal"; reference: string };

/** What happened. */
export type ClientEvent =
  /** Records changed. */
  | { type: "Changed"; recordIds: string[]; bySync: boolean; everything: boolean }
  /** The watched record now reads like this; none when it is not here any more. */
  | { type: "Record"; record: RecordDetail | null }
  /** The watched page now reads like this. */
  | { type: "List"; page: RecordPage }
  /** A sync began, got further or ended. */
  | { type: "Sync"; state: SyncState };

/** Someone who works in one of this user's areas. */
export interface Colleague {
  /** The person. */
  userId: string;
  /** The person's name. */
  name: string;
}

/** A comment on a record. */
export interface Comment {
  /** Its key in the record. */
  item: string;
  /** What was said. */
  text: string;
  /** When, by the clock of the phone, in milliseconds since 1970 (UTC). */
  atMs: number | null;
  /** Who said it, when known. */
  userName: string | null;
}

/** A value that was set concurrently. */
export interface Conflict {
  /**
   * `field` or `field/item/member`; `deleted` where the record was deleted and written to beside
   * that by somebody who did not know: it stays until a person chooses.
   */
  path: string;
  /** All sides; the first is the one shown. */
  sides: ConflictSide[];
}

/** One side of a conflict. */
export interface ConflictSide {
  /** The value, to choose it with. */
  value: FieldValue;
  /** Who set it, when known. */
  userName: string | null;
  /** On which device, when known. */
  deviceId: string | null;
  /** The device's clock when it was typed, in milliseconds since 1970 (UTC). */
  capturedAtMs: number | null;
  /** The server's clock when it came. */
  receivedAtMs: number | null;
}

/** How far something that was written here has come. */
export type Delivery =
  /** It is only on this phone. */
  | "OnThisPhone"
  /** The server has it. */
  | "AtServer"
  /** A supervisor has seen it. */
  | "SeenBySupervisor"
  /** The server refused it, and nobody settled that yet. */
  | "Refused";

/** A draft. Nothing of it is checked before it is committed. */
export interface Draft {
  /** The draft it replaces; a new one when left out. */
  id?: string | null;
  /** The grid. */
  grid: string;
  /** The form. */
  form: string;
  /**
   * The version of the form it is typed with, for `form`; left out when saving, that of the
   * draft it replaces, or the newest for a new one.
   */
  formVersion?: number | null;
  /** The record it edits; a new one when left out. */
  recordId?: string | null;
  /** The record is not there yet: it is made under that id. */
  newRecord?: boolean;
  /** What was typed so far. */
  operations: Operation[];
  /** Whatever the app needs to show its screen again, at most 64 KiB. */
  appState?: string;
  /**
   * What did not fit the version that it was mended to; it stays whatever is saved over it, and
   * is ignored when saving.
   */
  misfits?: Misfit[];
  /**
   * Why it was not written, when it became a draft by that; until it is saved again. Ignored
   * when saving.
   */
  reason?: DraftReason | null;
  /** When it was last saved, in milliseconds since 1970 (UTC); ignored when saving. */
  updatedAtMs?: number | null;
}

/** Why something became a draft that was to be written. */
export interface DraftReason {
  /** The stable code of the rule that did not allow it. */
  code: string;
  /** The field, when one field is the reason. */
  field?: string | null;
  /** The reason for people. */
  reason: string;
}

/** In which order what is due is listed. */
export type DueOrder =
  /** The most urgent first; among them who waits longest. */
  | "Need"
  /** What is due first first. */
  | "Time"
  /** The nearest first; what has no place comes last. */
  | "Distance";

/** One page of what is due. */
export interface DuePage {
  /** What is on it. */
  items: DueTask[];
  /** The cursor of the next page, when there is one. */
  next: string | null;
  /** How much there is on all pages. */
  total: number;
}

/** What of that which is due to list; with nothing set, all of it. */
export interface DueQuery {
  /** Only of this plan. */
  plan?: string | null;
  /** Only in this grid. */
  grid?: string | null;
  /** Only what is this user's to do, or nobody's yet. */
  mine?: boolean;
  /** Only what is past its time. */
  overdue?: boolean;
  /** The latitude of where whoever asks is, in degrees. */
  latitude?: number | null;
  /** The longitude. */
  longitude?: number | null;
  /** The order; by need when left out. */
  order?: DueOrder | null;
  /** Most items of a page, at most 1,000; 0 means 50. */
  limit?: number;
  /** The page after this cursor, from the page before. */
  after?: string | null;
}

/** Something that a plan is due for. */
export interface DueTask {
  /** The id of its task, which is there once somebody has begun it. */
  taskId: string;
  /** Whether the task is there. */
  begun: boolean;
  /** The code of the plan. */
  plan: string;
  /** The plan's name for people. */
  label: string;
  /** The record it is about; none of a grid as a whole, or the route through it. */
  recordId: string | null;
  /** What names that record, or the grid. */
  title: string;
  /** The grid. */
  grid: string;
  /** The first day of its period, such as `2026-12-01`. */
  fromDay: string;
  /** The last day of its period. */
  untilDay: string;
  /** When it is due, in milliseconds since 1970 (UTC). */
  dueAtMs: number;
  /** Whether that has passed. */
  overdue: boolean;
  /** How urgent it is: a choice of the field that means `priority`, where the plan says. */
  priority: string | null;
  /** When the record was last seen to, as far as is known here. */
  lastAtMs: number | null;
  /** Where it is, in degrees. */
  latitude: number | null;
  /** The longitude. */
  longitude: number | null;
  /** How far that is from where was asked, in metres. */
  distanceM: number | null;
  /** Who is to do it: the id of a person, or a name. */
  doer: string | null;
}

/** What became of an entry. */
export type EntryState =
  /** On this phone, not decided on yet. */
  | { type: "Pending" }
  /** The server has it, as a receipt that came back by carrying says; not decided on yet here. */
  | { type: "AtServer" }
  /**
   * A colleague handed it over in a carry bundle; no part of the record here until it arrives
   * through the server.
   */
  | { type: "Carried" }
  /** Part of the record. */
  | { type: "Admitted"; late: boolean }
  /** Kept and shown, but no part of the record. */
  | { type: "Refused"; code: string; reason: string };

/** What a field of a record shows. */
export type FieldContent =
  /** One value; see the record's conflicts for others. */
  | { type: "Value"; value: FieldValue }
  /** A long text, merged by character. */
  | { type: "LongText"; text: string }
  /** Chosen choices. */
  | { type: "Choices"; keys: string[] }
  /** Items of a repeated group. */
  | { type: "Items"; items: GroupItem[] }
  /** A counter. */
  | { type: "Count"; total: number };

/** One field of a form. */
export interface FieldInfo {
  /** Its key in records. */
  key: string;
  /** Its name for people. */
  label: string;
  /** What it takes. */
  kind: FieldKind;
  /** What it is for, as the form says: `due`, `doer`, `place` and so on. */
  means: string | null;
  /** Whether a complete record has it. */
  required: boolean;
  /** How closely it is held. */
  sensitivity: Sensitivity;
  /** Whether this user may write it in one of their grids. */
  writable: boolean;
  /** Whether it is shown only under a condition; ask `visibleFields`. */
  conditional: boolean;
}

/** What a field takes, with its rules. */
export type FieldKind =
  /** Short text, replaced as a whole. */
  | { type: "Text"; maxChars: number; pattern: string | null }
  /** Long text that merges by character. */
  | { type: "LongText"; maxChars: number }
  /** A whole number. */
  | { type: "Integer"; min: number | null; max: number | null }
  /** A decimal number, its bounds written as decimals. */
  | { type: "Decimal"; min: string | null; max: string | null; scale: number }
  /** Yes or no. */
  | { type: "Boolean" }
  /** A day. */
  | { type: "Date"; min: string | null; max: string | null }
  /** A moment. */
  | { type: "DateTime" }
  /** One of a list. */
  | { type: "ChooseOne"; choices: Choice[] }
  /** Any of a list. */
  | { type: "ChooseMany"; choices: Choice[] }
  /** A place on the ground. */
  | { type: "Geopoint" }
  /** Another record. */
  | { type: "Reference"; form: string }
  /** Somebody with an account (a `Person`), or the name of somebody without one (a `Text`). */
  | { type: "Person" }
  /** Items with members. */
  | { type: "Group"; members: FieldInfo[]; maxItems: number }
  /** A number that concurrent steps add up in. */
  | { type: "Counter"; maxStep: number };

/** What a field, or a member of an item, holds. */
export type FieldValue =
  /** A short text. */
  | { type: "Text"; text: string }
  /** A whole number. */
  | { type: "Integer"; number: number }
  /** A decimal number, kept as it was written: `1.50` is not `1.5`. */
  | { type: "Decimal"; number: string }
  /** Yes or no. */
  | { type: "Boolean"; yes: boolean }
  /** A day. */
  | { type: "Date"; date: string }
  /** A moment. */
  | { type: "DateTime"; atMs: number }
  /** One choice of a list. */
  | { type: "Choice"; key: string }
  /** A place on the ground, kept to 1e-7 degrees (about a centimetre). */
  | { type: "Geopoint"; latitude: number; longitude: number }
  /** Another record. */
  | { type: "Reference"; recordId: string }
  /** Somebody with an account. Somebody without one is a text. */
  | { type: "Person"; userId: string; name: string };

/** The newest version of a form. */
export interface FormInfo {
  /** Its code. */
  code: string;
  /** Its version. */
  version: number;
  /** Its name for people. */
  label: string;
  /** What a record of it is, as it says: `household`, `visit`, `matter`, `task` or `meeting`. */
  means: string | null;
  /** The field that names a record of it in lists. */
  titleField: string | null;
  /** Its fields, in the order they are shown. */
  fields: FieldInfo[];
  /** The statuses of its lifecycle; empty for forms without one. */
  statuses: StatusInfo[];
  /** Actions that lead to no status: steps that stand beside it, such as an urging, and those that take one back. */
  asides: string[];
  /** Whether it is retired: its records go on, and no new one is made. */
  retired: boolean;
}

/** One item of a repeated group. */
export interface GroupItem {
  /** Its key. */
  key: string;
  /** Its members by key. */
  members: Record<string, FieldValue>;
}

/** One entry of a record's history. */
export interface HistoryEntry {
  /** The entry. */
  entry: string;
  /** Who made it, when known. */
  userName: string | null;
  /** On which device, when known. */
  deviceId: string | null;
  /** The device's clock when it was made, in milliseconds since 1970 (UTC). */
  capturedAtMs: number;
  /** The server's clock when it came. */
  receivedAtMs: number | null;
  /** Version of the form it was made with. */
  formVersion: number;
  /** What became of it. */
  state: EntryState;
  /** How far it has come, when this user wrote it. */
  delivery: Delivery | null;
  /** What it did, in words: one sentence for each operation, with the values that its author found. */
  words: string[];
  /** What it did. */
  operations: Operation[];
}

/** Whose phone this is. */
export interface Identity {
  /** The person. */
  userId: string;
  /** The person's name. */
  userName: string;
  /** The device. */
  deviceId: string;
  /** The server it was enrolled with. */
  serverUrl: string;
}

/** In which time a matter should be handled. */
export interface KindDeadline {
  /** The code of the urgency that it is for; none for all that have none of their own. */
  urgency: string | null;
  /** How many. */
  amount: number;
  /** Of what: `working_hours`, `working_days`, `hours`, `days`, or a word that a newer server knows. */
  unit: string;
}

/** The language of texts for people. */
export type Locale =
  /** Chinese (zh-CN). */
  | "Zh"
  /** English. */
  | "En";

/** One kind of matter in the catalogue. */
export interface MatterKind {
  /** Its code, for a matter's `kind`. */
  code: string;
  /** Its name for people. */
  label: string;
  /** The names of the kinds that it lies in, the outermost first; empty of one that lies in none. */
  path: string[];
  /** The department accountable for it. */
  department: string;
  /**
   * Hours from the report in which it should be handled; none when its time is open, or its deadline is not of hours
   * alone.
   */
  deadlineHours: number | null;
  /** In which time it should be handled; empty when its time is open. */
  deadlines: KindDeadline[];
  /**
   * What a matter of it should be shown with: `text`, `photo`, `video`, `audio`, `location`,
   * `signature`, `document`, or a word that a newer server knows.
   */
  evidence: string[];
  /** The code of how urgent it is, where a matter does not say. */
  urgency: string;
  /** Whether it cannot wait. */
  urgent: boolean;
  /** Whether it is no longer offered. Matters that name it keep its name and time. */
  retired: boolean;
}

/**
 * The store was damaged and has been mended: what was not sent is all there, and what is not here
 * of the rest comes with the next sync.
 */
export interface MendedStore {
  /** When, by the phone's clock, in milliseconds since 1970 (UTC). */
  atMs: number;
  /** Records that it still gave. */
  records: number;
  /** Whether every page with records was still there. */
  complete: boolean;
  /** What happened, what is safe and what to do, in Chinese. */
  messageZh: string;
  /** The same in English. */
  messageEn: string;
}

/**
 * An operation that does not fit the version of the form that its draft was mended to. It stays
 * with the draft; once the rest is committed it is what is left of it.
 */
export interface Misfit {
  /** What was typed. */
  operation: Operation;
  /** The version of the form it was typed with, for `form`. */
  formVersion: number;
  /** The stable code of why it does not fit. */
  code: string;
  /** The reason for people. */
  reason: string;
}

/** A transition that this user may make next. */
export interface NextTransition {
  /** Which. */
  action: string;
  /** Its name for people. */
  label: string;
  /** The status it leads to; none of one that only stands beside the status. */
  toStatus: string | null;
  /** That status's name for people. */
  toLabel: string | null;
  /** Fields that must have a value before it and have none. */
  needs: string[];
  /** Whether the doer is asked to say why. */
  noteExpected: boolean;
  /** Whether it is refused without that. */
  noteNeeded: boolean;
}

/** One typed operation of an edit. */
export type Operation =
  /** Gives a field a value, in place of all it had. */
  | { type: "Set"; field: string; value: FieldValue }
  /** Empties a field. */
  | { type: "Unset"; field: string }
  /** Changes a long text at a position; positions count Unicode scalar values. */
  | { type: "Splice"; field: string; at: number; delete: number; insert: string }
  /** Makes a long text read like this; only what differs is written, so that it merges. */
  | { type: "SetLongText"; field: string; text: string }
  /** Adds a choice to a choose-many field. */
  | { type: "Choose"; field: string; choice: string }
  /** Removes a choice from a choose-many field. */
  | { type: "Unchoose"; field: string; choice: string }
  /** Adds an empty item to a repeated group, or brings a removed one back. */
  | { type: "AddItem"; field: string; item: string }
  /** Removes an item; an edit of it made concurrently brings it back whole. */
  | { type: "RemoveItem"; field: string; item: string }
  /** Gives a member of an item a value; the item is there afterwards. */
  | { type: "SetMember"; field: string; item: string; member: string; value: FieldValue }
  /** Empties a member of an item. */
  | { type: "UnsetMember"; field: string; item: string; member: string }
  /** Moves a counter; concurrent moves add up. */
  | { type: "Count"; field: string; by: number }
  /** Moves the status along the form's lifecycle. */
  | { type: "Transition"; action: string; note: string }
  /** Marks the record as deleted; it can be restored. */
  | { type: "Delete" }
  /** Takes the mark away. */
  | { type: "Restore" };

/** When a matter is due. */
export interface ProposedDue {
  /** When, in milliseconds since 1970 (UTC). */
  dueAtMs: number;
  /** When it is time to warn; none without a warning. */
  warnAtMs: number | null;
  /**
   * Whether it stands on a year whose holidays nobody has announced yet: counted by weekdays and the
   * organisation's own days, it may become another.
   */
  provisional: boolean;
}

/** Whether this phone is told that there is news. */
export interface PushState {
  /** The server's public key, in base64url, to subscribe with; none when it tells nobody. */
  key: string | null;
  /** Whether the server tells this phone. */
  subscribed: boolean;
}

/** Where the push service of the phone's browser is written to: the parts of its `PushSubscription`. */
export interface PushSubscription {
  /** The URL of the push service; whoever has it may write to it. */
  endpoint: string;
  /** The browser's public key, in base64url. */
  p256dh: string;
  /** The browser's secret, in base64url. */
  auth: string;
}

/** A record as it is read. */
export interface RecordDetail {
  /** Its id. */
  id: string;
  /** Its form. */
  form: string;
  /** The form version it is shown with. */
  formVersion: number;
  /** Its grid. */
  grid: string;
  /** What names it in lists. */
  title: string;
  /** The household it is about. */
  householdId: string | null;
  /** All fields by key, those that the form no longer has included. */
  fields: Record<string, FieldContent>;
  /** The status shown, for forms that have one. */
  status: string | null;
  /** The newest transitions when more than one were made concurrently. */
  statusTips: StatusTip[];
  /** Whether it is marked as deleted. */
  deleted: boolean;
  /** Values set concurrently. */
  conflicts: Conflict[];
  /** Required and visible fields without a value. */
  missing: string[];
  /** Whether edits of this phone are not at the server yet. */
  pending: boolean;
  /** Refused edits of this phone on it. */
  refused: number;
  /** How far what this phone wrote to it has come; none when it wrote nothing. */
  delivery: Delivery | null;
}

/** One part of a change. */
export type RecordEdit =
  /** Makes a record. */
  | { type: "Create"; recordId?: string | null; grid: string; form: string; formVersion?: number | null; operations: Operation[] }
  /** Edits a record as it stands, with what comes before in the same change. */
  | { type: "Edit"; recordId: string; formVersion?: number | null; operations: Operation[] };

/** One page of a list. */
export interface RecordPage {
  /** What is on it. */
  items: RecordSummary[];
  /** The cursor of the next page, when there is one. */
  next: string | null;
  /** How many there are on all pages. */
  total: number;
}

/** Which records to list; with nothing set, all that are not deleted. */
export interface RecordQuery {
  /** Only this form. */
  form?: string | null;
  /** Only this grid. */
  grid?: string | null;
  /** Only about this household. */
  householdId?: string | null;
  /** Only with this status. */
  status?: string | null;
  /** Only with all of these words in any field, in any width and case of letters, with or without accents. */
  text?: string | null;
  /** Only captured at or after, in milliseconds since 1970 (UTC). */
  fromMs?: number | null;
  /** Only captured before. */
  toMs?: number | null;
  /** Only work of this phone's user: what the field that means `doer` says. */
  mine?: boolean;
  /** Only work that is not closed. */
  open?: boolean;
  /** Only work yet to be done that is past the time in the field that means `due`. */
  overdue?: boolean;
  /** Only work yet to be done that is due within three days. */
  dueSoon?: boolean;
  /** Only what is due before, in milliseconds since 1970 (UTC). */
  dueBeforeMs?: number | null;
  /** Only with a field that refers to this record, besides the household: the tasks of a matter. */
  aboutId?: string | null;
  /** The order; last changed first when left out. */
  sort?: Sort | null;
  /** Most records of a page, at most 1,000; 0 means 50. */
  limit?: number;
  /** The page after this cursor, from the page before. */
  after?: string | null;
  /** Deleted records too. */
  includeDeleted?: boolean;
}

/** A record in a list. */
export interface RecordSummary {
  /** Its id. */
  id: string;
  /** Its form. */
  form: string;
  /** Its grid. */
  grid: string;
  /** The household it is about. */
  householdId: string | null;
  /** Its status. */
  status: string | null;
  /** What names it. */
  title: string;
  /** How far its work is; none of a record without statuses. */
  stage: WorkStage | null;
  /** When its work is due, in milliseconds since 1970 (UTC): later by what it stood suspended. */
  dueAtMs: number | null;
  /** Since when it stands suspended, likewise: until it goes on no time passes for it. */
  suspendedAtMs: number | null;
  /** How long it stood suspended before that, in milliseconds. */
  suspendedMs: number;
  /** Who is to do its work, as the field that means `doer` says. */
  doer: string | null;
  /** The record it is about besides its household. */
  aboutId: string | null;
  /** When it was captured, by the clock of the phone that did, in milliseconds since 1970 (UTC). */
  capturedAtMs: number;
  /** When it last changed, likewise. */
  updatedAtMs: number;
  /** Values set concurrently and not settled. */
  conflicts: number;
  /** Whether it is marked as deleted. */
  deleted: boolean;
  /** Whether edits of this phone are not at the server yet. */
  pending: boolean;
  /** Refused edits of this phone on it. */
  refused: number;
  /** How far what this phone wrote to it has come; none when it wrote nothing. */
  delivery: Delivery | null;
}

/** An edit that the server refused: kept here until the person settles it. */
export interface RefusedEdit {
  /** Its id, for `retryRefused` and `discardRefused`. */
  id: string;
  /** The record. */
  recordId: string;
  /** Its form. */
  form: string;
  /** The version of the form that it was typed with, for `form`. */
  formVersion: number;
  /** What was typed. */
  operations: Operation[];
  /** The stable code of the reason. */
  code: string;
  /** The reason for people. */
  reason: string;
  /** When it was typed, in milliseconds since 1970 (UTC). */
  capturedAtMs: number;
}

/** The receipt of a record, to be read out, shown or sent. Whoever has it may ask by it: keep it out of logs. */
export interface ResidentReceipt {
  /** Its digits and nothing else. */
  number: string;
  /** The same in groups, as it is read out. */
  grouped: string;
  /**
   * What stands in its QR code: the page of the server that answers it. None when neither the phone nor the call
   * knows the server's address.
   */
  link: string | null;
}

/** How closely a field is held. */
export type Sensitivity =
  /** Seen by everyone with a grant for the area. */
  | "General"
  /** Not seen by auditors and programs. */
  | "Personal"
  /** As personal, and every reading on the server is audited. */
  | "Restricted";

/** How a list is ordered. */
export type Sort =
  /** Last changed first. */
  | "Updated"
  /** Captured last first. */
  | "Captured"
  /** By title. */
  | "Title"
  /** Due first first; what has no due time is left out. */
  | "Due";

/**
 * A step that stands: one beside the status that nothing answered since, or the one by which the work was resolved on
 * the spot.
 */
export interface StandingStep {
  /** Which. */
  action: string;
  /** Its name for people. */
  label: string;
  /** What was said with it. */
  note: string;
  /** Who took it, when known. */
  userId: string | null;
  /** Their name, when known. */
  userName: string | null;
  /** When, by the clock of their phone, in milliseconds since 1970 (UTC). */
  atMs: number | null;
}

/** Where the phone stands. */
export interface Status {
  /** Entries not at the server yet. */
  pending: number;
  /** Edits the server refused that nobody settled. */
  refused: number;
  /** Whether the server answered the last attempt; none before the first since opening. */
  serverReachable: boolean | null;
  /** The stable code of why the last attempt did not end well. */
  lastError: string | null;
  /** When the last sync ended well, by the phone's clock. */
  lastSyncMs: number | null;
  /** The server's clock minus the phone's, at the last sync, in milliseconds. */
  clockSkewMs: number;
  /** Bytes of the store on disk. */
  storageBytes: number;
  /**
   * Stored values were found damaged while reading: writing is refused from then on, and the next
   * opening mends the store.
   */
  damaged: boolean;
  /** The store was damaged and has been mended; until `mendedSeen`. */
  mended: MendedStore | null;
}

/** One status of a form's lifecycle. */
export interface StatusInfo {
  /** Its key. */
  key: string;
  /** Its name for people. */
  label: string;
  /** Whether the doer has done their part, and somebody has yet to close it. */
  done: boolean;
  /** Whether the work is over. */
  closed: boolean;
  /** Whether no time passes for the work while it stands there. */
  suspended: boolean;
}

/** One of several transitions made concurrently. */
export interface StatusTip {
  /** The transition. */
  action: string;
  /** The status it led to. */
  status: string;
  /** What the doer said. */
  note: string;
}

/** How far a sync got. */
export interface SyncProgress {
  /** Round trips done. */
  roundTrips: number;
  /** Entries sent so far. */
  pushed: number;
  /** Entries not at the server yet. */
  pending: number;
  /** Items received so far. */
  pulled: number;
  /** Bytes of bodies so far, both ways. */
  bytes: number;
}

/** What a sync did. */
export interface SyncReport {
  /** Round trips. */
  roundTrips: number;
  /** Bytes of request bodies. */
  bytesUp: number;
  /** Bytes of response bodies. */
  bytesDown: number;
  /** Entries sent. */
  pushed: number;
  /** Own entries that the server admitted. */
  admitted: number;
  /** Own entries that the server refused. */
  refused: number;
  /** Items received. */
  pulled: number;
  /** Whether the directory changed. */
  directoryChanged: boolean;
  /** Streams erased because a grant ended. */
  erasedStreams: string[];
  /** Everything was erased because the server said so. */
  wiped: boolean;
  /** Whether something is left for another sync: the budget ran out. */
  more: boolean;
}

/** What a sync may cost. */
export interface SyncSettings {
  /** Bytes of bodies it should stay under, both ways; 0 for no limit. */
  budgetBytes?: number;
}

/** How the last sync stands. */
export type SyncState =
  /** None ran since the client was opened. */
  | { type: "Idle" }
  /** One runs. */
  | { type: "Running"; progress: SyncProgress }
  /** The last one ended well. */
  | { type: "Done"; report: SyncReport }
  /** The last one failed; nothing is lost. */
  | { type: "Failed"; error: ClientError };

/** What was undone on one record. */
export interface UndoneEdit {
  /** The record. */
  recordId: string;
  /** Its form. */
  form: string;
  /** Its grid. */
  grid: string;
  /** The change had made the record: it is gone. */
  created: boolean;
  /** What had been typed. */
  operations: Operation[];
}

/** How urgent a matter can be. */
export interface Urgency {
  /** Its code. */
  code: string;
  /** Its name for people. */
  label: string;
}

/** What to watch. */
export type WatchTarget =
  /** Which records change. */
  | { type: "Everything" }
  /** One record; its state now is the first event. */
  | { type: "Record"; recordId: string }
  /** One page of a list; the page as it is now is the first event. */
  | { type: "List"; query: RecordQuery }
  /** How syncs stand; the state now is the first event. */
  | { type: "Sync" };

/** How far the work of a record is. */
export type WorkStage =
  /** It is to be done. */
  | "Open"
  /** The doer has done their part, and somebody has yet to close it. */
  | "Done"
  /** It is over. */
  | "Closed";

/** The calls of the library. Each that fails rejects with a `PhoneError`. */
export interface PhoneCalls {
  /**
   * Acknowledges a task: its doer knows of it.
   *
   * Fails with:
   * As `Phone.transition`.
   */
  acknowledge(recordId: string): Promise<void>;
  /**
   * The areas of this user's grants, what lies in them and what they lie in.
   *
   * Fails with:
   * `Closed`.
   */
  areas(): Promise<Area[]>;
  /**
   * Begins something that a plan is due for today: makes its task, which is this user's where the plan names nobody, or
   * gives the one that is there. Of a plan about records give the record, of another the grid. Whoever makes it makes
   * the same task, on whichever phone.
   *
   * Fails with:
   * `NotFound` when the plan is not due for that here, `Rejected` with the code of the rule that does not allow it.
   */
  beginDue(plan: string, recordId?: string | null, grid?: string | null): Promise<string>;
  /** Ends a running sync, and an enrolment, at its HTTP call; it fails with `Cancelled`. */
  cancelSync(): Promise<void>;
  /**
   * Entries that colleagues handed over and that did not arrive through the server yet.
   *
   * Fails with:
   * `Closed`.
   */
  carried(): Promise<CarriedEdit[]>;
  /**
   * Lets a carried bundle or receipt go.
   *
   * Fails with:
   * `NotFound`.
   */
  carryDrop(id: string): Promise<void>;
  /**
   * Seals what the server is not known to have.
   *
   * Fails with:
   * `Rejected` with `carry_nothing` or `carry_nobody`, `SignInRequired`.
   */
  carryExport(to: CarryTo): Promise<CarryBundle>;
  /**
   * A bundle or receipt as texts for a looping sequence of QR codes, each of at most `maxChars`
   * characters (600 is easy to scan; what is less than 128 or more than 4,296 is taken as that), all of
   * the alphanumeric mode.
   *
   * Fails with:
   * `Rejected` when it does not fit.
   */
  carryFrames(data: Uint8Array, maxChars: number): Promise<string[]>;
  /**
   * Takes a bundle or a receipt; durable when this returns. The same again changes nothing.
   *
   * Fails with:
   * `Rejected` with a `carry_…` code, `SignInRequired`.
   */
  carryImport(data: Uint8Array): Promise<CarryImport>;
  /**
   * Receipts to hand back.
   *
   * Fails with:
   * `Closed`.
   */
  carryReceipts(): Promise<CarriedReceipt[]>;
  /**
   * Makes and edits several records as one: all of it or nothing; durable when this returns.
   *
   * Fails with:
   * `Rejected` with the code of the rule that does not allow it. Nothing of a change is kept as
   * drafts: its parts belong together, and the app has them.
   */
  change(edits: RecordEdit[]): Promise<string[]>;
  /**
   * Settles a conflict: gives `field`, or `field/item/member`, this value: one of the sides, or
   * a third.
   *
   * Fails with:
   * As `Phone.edit`.
   */
  choose(recordId: string, path: string, value: FieldValue): Promise<void>;
  /**
   * Those who work in this user's areas.
   *
   * Fails with:
   * `Closed`.
   */
  colleagues(): Promise<Colleague[]>;
  /**
   * Says something about a matter or task; concurrent comments all stay.
   *
   * Fails with:
   * `Rejected` with `no_comments` for forms without them, or as `Phone.edit`.
   */
  comment(recordId: string, text: string): Promise<void>;
  /**
   * What was said about a record.
   *
   * Fails with:
   * `NotFound`.
   */
  comments(recordId: string): Promise<Comment[]>;
  /**
   * Makes a draft a record, or an edit of its record, and removes the draft, in one step. It is
   * written under the version of the form that it was typed with, or the newest where only that
   * takes it. Misfits stay behind as a draft of the record. Gives the record's id.
   *
   * Fails with:
   * `Rejected` with the code of the rule that does not allow it; the draft stays.
   */
  commitDraft(draftId: string): Promise<string>;
  /**
   * How many records a query finds.
   *
   * Fails with:
   * As `Phone.list`.
   */
  count(query: RecordQuery): Promise<number>;
  /**
   * Makes a record; durable when this returns. Gives its id. `formVersion` is that of the form
   * that the screen was drawn with; the newest when left out.
   *
   * Fails with:
   * `Rejected` with the code of the rule that does not allow it; what was typed is kept as the
   * draft that the error names.
   */
  create(grid: string, form: string, operations: Operation[], formVersion?: number | null): Promise<string>;
  /**
   * Lets a draft go.
   *
   * Fails with:
   * `NotFound`.
   */
  discardDraft(draftId: string): Promise<void>;
  /**
   * Lets a refused edit go.
   *
   * Fails with:
   * `NotFound`.
   */
  discardRefused(refusedId: string): Promise<void>;
  /**
   * A draft; none when it is not here.
   *
   * Fails with:
   * `Rejected` for an id that is none.
   */
  draft(draftId: string): Promise<Draft | null>;
  /**
   * All drafts.
   *
   * Fails with:
   * `Closed`.
   */
  drafts(): Promise<Draft[]>;
  /**
   * What plans are due for in their period of today, as far as the records here tell: what nobody has done, by a task
   * of the plan or by a record that counts for it.
   *
   * Fails with:
   * `Rejected` for an argument that is none.
   */
  due(query: DueQuery): Promise<DuePage>;
  /**
   * Edits a record as it stands here; all operations or none; durable when this returns.
   * `formVersion` is that of the form that the screen was drawn with; the newest when left out.
   *
   * Fails with:
   * `Rejected` with the code of the rule that does not allow it, and what was typed is kept as
   * the draft that the error names; `NotFound`.
   */
  edit(recordId: string, operations: Operation[], formVersion?: number | null): Promise<void>;
  /**
   * Enrols this device with the code that a supervisor shows: the text of the QR, or the code as
   * typed together with the server's address. A phone that was enrolled before goes on as the
   * device that it is, and all that waits is sent as it was; with another person's code the
   * store begins anew, with nothing of the first one's.
   *
   * Fails with:
   * `Rejected` with the server's code when it does not take the code, or with `anothers_phone`
   * while edits or drafts of the person before wait here; `Offline`.
   */
  enrol(codeOrQr: string, serverUrl?: string | null): Promise<Identity>;
  /**
   * A version of a form: that of a draft or refused edit, to show it with its own fields. None
   * when it is not known here.
   *
   * Fails with:
   * `Rejected` for a code that is none.
   */
  form(code: string, version: number): Promise<FormInfo | null>;
  /**
   * The newest version of each form.
   *
   * Fails with:
   * `Closed`.
   */
  forms(): Promise<FormInfo[]>;
  /**
   * A record with all sides of its conflicts; none when it is not here.
   *
   * Fails with:
   * `Rejected` for an id that is none.
   */
  get(recordId: string): Promise<RecordDetail | null>;
  /**
   * All entries of a record, by the clocks of those who made them.
   *
   * Fails with:
   * `Rejected` for an id that is none.
   */
  history(recordId: string): Promise<HistoryEntry[]>;
  /**
   * Whose phone this is; none before it is enrolled.
   *
   * Fails with:
   * `Closed`.
   */
  identity(): Promise<Identity | null>;
  /**
   * Whether the organisation demands that its person alone opens this phone's store: with a PIN, or
   * by what the device knows them by. An app that keeps the key without them asks for one of
   * both when it is opened next, and goes on once the key is kept so.
   *
   * Fails with:
   * `Closed`.
   */
  keyByPerson(): Promise<boolean>;
  /**
   * One page of records.
   *
   * Fails with:
   * `Rejected` for a filter that is none.
   */
  list(query: RecordQuery): Promise<RecordPage>;
  /**
   * The kind that the text of a matter's kind means, by its code or one of its names, retired
   * ones too; none for a text that the catalogue does not know.
   *
   * Fails with:
   * `Closed`.
   */
  matterKind(typed: string): Promise<MatterKind | null>;
  /**
   * The kinds of matters that are offered, without those that others which are offered lie in; empty without a
   * catalogue.
   *
   * Fails with:
   * `Closed`.
   */
  matterKinds(): Promise<MatterKind[]>;
  /**
   * Makes a draft one of the newest version of its form, and gives it as it is then. What does
   * not fit there is named in `misfits` and stays with it.
   *
   * Fails with:
   * `NotFound`, or `Rejected` with `unknown_form` or `no_grant`; the draft stays as it is then.
   */
  mendDraft(draftId: string): Promise<Draft>;
  /**
   * Notes that the person was told of a store that was mended: `status` says it no more.
   *
   * Fails with:
   * As any call that writes; it is said again then.
   */
  mendedSeen(): Promise<void>;
  /**
   * A new id for a record that a change makes.
   *
   * Fails with:
   * `Closed`.
   */
  newRecordId(): Promise<string>;
  /**
   * The transitions that this user may make now on this record.
   *
   * Fails with:
   * `NotFound`.
   */
  nextTransitions(recordId: string): Promise<NextTransition[]>;
  /**
   * When a matter of this kind is due that was reported then (milliseconds since 1970, UTC), by the newest catalogue
   * and working calendar held here. `urgency` is the code or name of how urgent it is; the kind's own counts when it
   * is left out or not known. None for a kind that is not known or has no deadline.
   *
   * Fails with:
   * `Closed`.
   */
  proposedDue(kind: string, urgency: string | null, reportedAtMs: number): Promise<ProposedDue | null>;
  /**
   * By which key to subscribe to the platform's push service, and whether the server tells this
   * phone that there is news. It asks the server.
   *
   * Fails with:
   * `Offline`, `SignInRequired`, `Revoked`.
   */
  push(): Promise<PushState>;
  /**
   * The text of a stable code, in the language the client was opened with. Of a refusal: as of an
   * edit that waits among the refused ones.
   */
  reason(code: string): Promise<string>;
  /**
   * Edits of this phone that the server refused and nobody settled.
   *
   * Fails with:
   * `Closed`.
   */
  refused(): Promise<RefusedEdit[]>;
  /**
   * Makes a refused edit a draft, to be changed, mended and committed; it is refused no more.
   * Gives the draft's id.
   *
   * Fails with:
   * `NotFound`, or `Rejected` with `too_many_drafts`.
   */
  refusedAsDraft(refusedId: string): Promise<string>;
  /**
   * The receipt of a record for whoever reported it. None when it has none: its form or kind does not show, did not
   * when it was made or does not any more, or it was deleted. `serverUrl` stands in the link where the phone
   * itself was not told the server's address.
   *
   * Fails with:
   * `NotFound`, `Rejected` for an id that is none.
   */
  residentReceipt(recordId: string, serverUrl?: string | null): Promise<ResidentReceipt | null>;
  /**
   * Makes a refused edit again, at the record as it stands now: under the version of the form
   * that it was typed with, or the newest where only that takes it.
   *
   * Fails with:
   * `Rejected` with the code of the rule that does not allow it; the refused edit is kept then.
   */
  retryRefused(refusedId: string): Promise<void>;
  /**
   * Keeps a draft; it survives a killed app. Gives its id.
   *
   * Fails with:
   * `Rejected` with `draft_too_large` or `too_many_drafts`.
   */
  saveDraft(draft: Draft): Promise<string>;
  /**
   * Has the server tell this phone, by Web Push, that there is news for its user: never what it
   * is, which the next sync brings. With none it tells the phone no more. It takes the place of
   * what was set before, and ends when the phone signs out or may not sync any more.
   *
   * Fails with:
   * As `push`; `Rejected` with `conflict` where the server tells nobody, with `bad_request` where it
   * does not know the push service or the keys are none.
   */
  setPush(subscription: PushSubscription | null): Promise<PushState>;
  /**
   * Ends the session: tells the server, if it can be reached, and erases everything here. The
   * client is closed afterwards. Gives whether the server was told.
   *
   * Fails with:
   * `Rejected` with `unsent_edits` while something would be lost, unless `discardUnsent`.
   */
  signOut(discardUnsent?: boolean): Promise<boolean>;
  /**
   * The steps that stand on this record, the newest first: who urged, supervises or follows it or asks for more time,
   * as far as nothing answered that since; and who resolved it on the spot.
   *
   * Fails with:
   * `NotFound`.
   */
  standingSteps(recordId: string): Promise<StandingStep[]>;
  /**
   * Where the phone stands.
   *
   * Fails with:
   * `Closed`.
   */
  status(): Promise<Status>;
  /**
   * Pushes what is new here and pulls what is new there; watch `WatchTarget.Sync` for progress.
   *
   * Fails with:
   * `Offline` when it should be tried again, `Cancelled`; nothing is lost whenever it breaks.
   */
  sync(settings: SyncSettings): Promise<SyncReport>;
  /**
   * Moves the status of a record.
   *
   * Fails with:
   * `Rejected` when it is not allowed now, `NotFound`.
   */
  transition(recordId: string, action: string, note?: string): Promise<void>;
  /**
   * Takes back the newest change, if nothing of it was ever sent or handed out.
   *
   * Fails with:
   * `Rejected` with `nothing_to_undo` or `already_sent`.
   */
  undoLast(): Promise<UndoneEdit[]>;
  /**
   * How urgent matters can be, least first; empty without a catalogue.
   *
   * Fails with:
   * `Closed`.
   */
  urgencies(): Promise<Urgency[]>;
  /**
   * The fields of a form that are shown while a record, or a new one when there is none, would
   * read as after these operations. `formVersion` is that of a draft; the newest when left out.
   *
   * Fails with:
   * `Rejected` for an unknown form or an operation that is none.
   */
  visibleFields(form: string, recordId: string | null, operations: Operation[], formVersion?: number | null): Promise<string[]>;
  /**
   * Erases everything: first the key, then the files. The client is closed afterwards.
   *
   * Fails with:
   * `Internal` when a file cannot be removed; its content is unreadable even then.
   */
  wipe(): Promise<void>;
}
