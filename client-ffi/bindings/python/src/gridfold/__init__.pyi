"""Offline-first records for community grid work."""

# Written by `stubs.py` from the generated bindings; `./test --update` writes it again.

import builtins
import enum
import os
import ssl
from contextlib import AbstractAsyncContextManager

__all__ = [
    "Area",
    "AutoSyncSettings",
    "CarriedEdit",
    "CarriedReceipt",
    "CarryBundle",
    "CarryImport",
    "CarryReader",
    "CarryScan",
    "CarryTo",
    "Choice",
    "Client",
    "ClientError",
    "ClientEvent",
    "Colleague",
    "Comment",
    "Conflict",
    "ConflictSide",
    "Delivery",
    "Draft",
    "DraftReason",
    "DueOrder",
    "DuePage",
    "DueQuery",
    "DueTask",
    "EntryState",
    "EventListener",
    "FieldContent",
    "FieldInfo",
    "FieldKind",
    "FieldValue",
    "FormInfo",
    "GroupItem",
    "HistoryEntry",
    "HttpHeader",
    "HttpReply",
    "HttpRequest",
    "HttpxTransport",
    "Identity",
    "KeyStore",
    "KeyStoreError",
    "KindDeadline",
    "ListenerError",
    "Locale",
    "MatterKind",
    "MendedStore",
    "Misfit",
    "NextTransition",
    "OpenConfig",
    "Operation",
    "ProposedDue",
    "PushState",
    "PushSubscription",
    "RecordDetail",
    "RecordEdit",
    "RecordPage",
    "RecordQuery",
    "RecordSummary",
    "RefusedEdit",
    "ResidentReceipt",
    "Sensitivity",
    "Sort",
    "StandingStep",
    "Status",
    "StatusInfo",
    "StatusTip",
    "Subscription",
    "SyncProgress",
    "SyncReport",
    "SyncSettings",
    "SyncState",
    "Transport",
    "TransportError",
    "UndoneEdit",
    "Urgency",
    "Watch",
    "WatchTarget",
    "WorkStage",
    "carry_frames",
    "locale_from_tag",
    "open_client",
]

class FieldValue:
    """What a field, or a member of an item, holds."""
    class TEXT(FieldValue):
        """A short text."""
        text: str
        """The text."""
        def __init__(self, text: str) -> None: ...
    class INTEGER(FieldValue):
        """A whole number."""
        number: int
        """The number."""
        def __init__(self, number: int) -> None: ...
    class DECIMAL(FieldValue):
        """A decimal number, kept as it was written: `1.50` is not `1.5`."""
        number: str
        """The number as text, for example `-12.50`; at most 18 digits."""
        def __init__(self, number: str) -> None: ...
    class BOOLEAN(FieldValue):
        """Yes or no."""
        yes: bool
        """Yes."""
        def __init__(self, yes: bool) -> None: ...
    class DATE(FieldValue):
        """A day."""
        date: str
        """The day, for example `2026-06-13`."""
        def __init__(self, date: str) -> None: ...
    class DATE_TIME(FieldValue):
        """A moment."""
        at_ms: int
        """Milliseconds since 1970-01-01T00:00:00Z."""
        def __init__(self, at_ms: int) -> None: ...
    class CHOICE(FieldValue):
        """One choice of a list."""
        key: str
        """Its key."""
        def __init__(self, key: str) -> None: ...
    class GEOPOINT(FieldValue):
        """A place on the ground, kept to 1e-7 degrees (about a centimetre)."""
        latitude: float
        """Degrees north, -90 to 90."""
        longitude: float
        """Degrees east, -180 to 180."""
        def __init__(self, latitude: float, longitude: float) -> None: ...
    class REFERENCE(FieldValue):
        """Another record."""
        record_id: str
        """Its id."""
        def __init__(self, record_id: str) -> None: ...
    class PERSON(FieldValue):
        """Somebody with an account. Somebody without one is a text."""
        user_id: str
        """Their id."""
        name: str
        """What they were called when it was written."""
        def __init__(self, user_id: str, name: str) -> None: ...

class Operation:
    """One typed operation of an edit."""
    class SET(Operation):
        """Gives a field a value, in place of all it had."""
        field: str
        """The field."""
        value: FieldValue
        """Its new value."""
        def __init__(self, field: str, value: FieldValue) -> None: ...
    class UNSET(Operation):
        """Empties a field."""
        field: str
        """The field."""
        def __init__(self, field: str) -> None: ...
    class SPLICE(Operation):
        """Changes a long text at a position; positions count Unicode scalar values."""
        field: str
        """The field."""
        at: int
        """Where, from 0."""
        delete: int
        """How many scalar values go."""
        insert: str
        """What comes in their place."""
        def __init__(self, field: str, at: int, delete: int, insert: str) -> None: ...
    class SET_LONG_TEXT(Operation):
        """Makes a long text read like this; only what differs is written, so that it merges."""
        field: str
        """The field."""
        text: str
        """The whole text."""
        def __init__(self, field: str, text: str) -> None: ...
    class CHOOSE(Operation):
        """Adds a choice to a choose-many field."""
        field: str
        """The field."""
        choice: str
        """The choice."""
        def __init__(self, field: str, choice: str) -> None: ...
    class UNCHOOSE(Operation):
        """Removes a choice from a choose-many field."""
        field: str
        """The field."""
        choice: str
        """The choice."""
        def __init__(self, field: str, choice: str) -> None: ...
    class ADD_ITEM(Operation):
        """Adds an empty item to a repeated group, or brings a removed one back."""
        field: str
        """The group."""
        item: str
        """A key unique in the group, for example twelve random bytes in hexadecimal."""
        def __init__(self, field: str, item: str) -> None: ...
    class REMOVE_ITEM(Operation):
        """Removes an item; an edit of it made concurrently brings it back whole."""
        field: str
        """The group."""
        item: str
        """The item."""
        def __init__(self, field: str, item: str) -> None: ...
    class SET_MEMBER(Operation):
        """Gives a member of an item a value; the item is there afterwards."""
        field: str
        """The group."""
        item: str
        """The item."""
        member: str
        """The member."""
        value: FieldValue
        """Its new value."""
        def __init__(self, field: str, item: str, member: str, value: FieldValue) -> None: ...
    class UNSET_MEMBER(Operation):
        """Empties a member of an item."""
        field: str
        """The group."""
        item: str
        """The item."""
        member: str
        """The member."""
        def __init__(self, field: str, item: str, member: str) -> None: ...
    class COUNT(Operation):
        """Moves a counter; concurrent moves add up."""
        field: str
        """The field."""
        by: int
        """By how much."""
        def __init__(self, field: str, by: int) -> None: ...
    class TRANSITION(Operation):
        """Moves the status along the form's lifecycle."""
        action: str
        """Which transition."""
        note: str
        """What the doer says about it; may be empty."""
        def __init__(self, action: str, note: str) -> None: ...
    class DELETE(Operation):
        """Marks the record as deleted; it can be restored."""
        def __init__(self) -> None: ...
    class RESTORE(Operation):
        """Takes the mark away."""
        def __init__(self) -> None: ...

class DueOrder(enum.Enum):
    """In which order what is due is listed."""
    NEED = 0
    """The most urgent first; among them who waits longest."""
    TIME = 1
    """What is due first first."""
    DISTANCE = 2
    """The nearest first; what has no place comes last."""

class FieldKind:
    """What a field takes, with its rules."""
    class TEXT(FieldKind):
        """Short text, replaced as a whole."""
        max_chars: int
        """Longest allowed, in Unicode scalar values."""
        pattern: str | None
        """A regular expression the whole text must match."""
        def __init__(self, max_chars: int, pattern: str | None) -> None: ...
    class LONG_TEXT(FieldKind):
        """Long text that merges by character."""
        max_chars: int
        """Longest allowed, in Unicode scalar values."""
        def __init__(self, max_chars: int) -> None: ...
    class INTEGER(FieldKind):
        """A whole number."""
        min: int | None
        """Smallest allowed."""
        max: int | None
        """Largest allowed."""
        def __init__(self, min: int | None, max: int | None) -> None: ...
    class DECIMAL(FieldKind):
        """A decimal number, its bounds written as decimals."""
        min: str | None
        """Smallest allowed."""
        max: str | None
        """Largest allowed."""
        scale: int
        """Most digits after the point."""
        def __init__(self, min: str | None, max: str | None, scale: int) -> None: ...
    class BOOLEAN(FieldKind):
        """Yes or no."""
        def __init__(self) -> None: ...
    class DATE(FieldKind):
        """A day."""
        min: str | None
        """Earliest allowed, for example `2026-06-13`."""
        max: str | None
        """Latest allowed."""
        def __init__(self, min: str | None, max: str | None) -> None: ...
    class DATE_TIME(FieldKind):
        """A moment."""
        def __init__(self) -> None: ...
    class CHOOSE_ONE(FieldKind):
        """One of a list."""
        choices: builtins.list[Choice]
        """The list."""
        def __init__(self, choices: builtins.list[Choice]) -> None: ...
    class CHOOSE_MANY(FieldKind):
        """Any of a list."""
        choices: builtins.list[Choice]
        """The list."""
        def __init__(self, choices: builtins.list[Choice]) -> None: ...
    class GEOPOINT(FieldKind):
        """A place on the ground."""
        def __init__(self) -> None: ...
    class REFERENCE(FieldKind):
        """Another record."""
        form: str
        """The form of the other record."""
        def __init__(self, form: str) -> None: ...
    class PERSON(FieldKind):
        """Somebody with an account (a `Person`), or the name of somebody without one (a `Text`)."""
        def __init__(self) -> None: ...
    class GROUP(FieldKind):
        """Items with members."""
        members: builtins.list['FieldInfo']
        """What each item holds."""
        max_items: int
        """Most items."""
        def __init__(self, members: builtins.list['FieldInfo'], max_items: int) -> None: ...
    class COUNTER(FieldKind):
        """A number that concurrent steps add up in."""
        max_step: int
        """Largest step of one operation."""
        def __init__(self, max_step: int) -> None: ...

class Sensitivity(enum.Enum):
    """How closely a field is held."""
    GENERAL = 0
    """Seen by everyone with a grant for the area."""
    PERSONAL = 1
    """Not seen by auditors and programs."""
    RESTRICTED = 2
    """As personal, and every reading on the server is audited."""

class EntryState:
    """What became of an entry."""
    class PENDING(EntryState):
        """On this phone, not decided on yet."""
        def __init__(self) -> None: ...
    class AT_SERVER(EntryState):
        """The server has it, as a receipt that came back by carrying says; not decided on yet here."""
        def __init__(self) -> None: ...
    class CARRIED(EntryState):
        """A colleague handed it over in a carry bundle; no part of the record here until it arrives
        through the server.
        """
        def __init__(self) -> None: ...
    class ADMITTED(EntryState):
        """Part of the record."""
        late: bool
        """It came after its author's grant had ended."""
        def __init__(self, late: bool) -> None: ...
    class REFUSED(EntryState):
        """Kept and shown, but no part of the record."""
        code: str
        """The stable code."""
        reason: str
        """The reason for people."""
        def __init__(self, code: str, reason: str) -> None: ...

class Delivery(enum.Enum):
    """How far something that was written here has come."""
    ON_THIS_PHONE = 0
    """It is only on this phone."""
    AT_SERVER = 1
    """The server has it."""
    SEEN_BY_SUPERVISOR = 2
    """A supervisor has seen it."""
    REFUSED = 3
    """The server refused it, and nobody settled that yet."""

class Locale(enum.Enum):
    """The language of texts for people."""
    ZH = 0
    """Chinese (zh-CN)."""
    EN = 1
    """English."""

class FieldContent:
    """What a field of a record shows."""
    class VALUE(FieldContent):
        """One value; see the record's conflicts for others."""
        value: FieldValue
        """The value."""
        def __init__(self, value: FieldValue) -> None: ...
    class LONG_TEXT(FieldContent):
        """A long text, merged by character."""
        text: str
        """The text."""
        def __init__(self, text: str) -> None: ...
    class CHOICES(FieldContent):
        """Chosen choices."""
        keys: builtins.list[str]
        """Their keys, sorted."""
        def __init__(self, keys: builtins.list[str]) -> None: ...
    class ITEMS(FieldContent):
        """Items of a repeated group."""
        items: builtins.list[GroupItem]
        """The items, by key."""
        def __init__(self, items: builtins.list[GroupItem]) -> None: ...
    class COUNT(FieldContent):
        """A counter."""
        total: int
        """The sum."""
        def __init__(self, total: int) -> None: ...

class WorkStage(enum.Enum):
    """How far the work of a record is."""
    OPEN = 0
    """It is to be done."""
    DONE = 1
    """The doer has done their part, and somebody has yet to close it."""
    CLOSED = 2
    """It is over."""

class Sort(enum.Enum):
    """How a list is ordered."""
    UPDATED = 0
    """Last changed first."""
    CAPTURED = 1
    """Captured last first."""
    TITLE = 2
    """By title."""
    DUE = 3
    """Due first first; what has no due time is left out."""

class CarryImport:
    """What was imported."""
    class RELAY(CarryImport):
        """A bundle for the server; the next sync takes it there."""
        id: str
        """The bundle."""
        def __init__(self, id: str) -> None: ...
    class ENTRIES(CarryImport):
        """A colleague's entries, shown beside the records; the next sync takes them to the server."""
        id: str
        """The bundle."""
        author_name: str | None
        """The author's name, when known."""
        entries: int
        """How many of them this user may read."""
        def __init__(self, id: str, author_name: str | None, entries: int) -> None: ...
    class RECEIPT(CarryImport):
        """The receipt for a bundle of this phone."""
        id: str
        """The bundle."""
        entries: int
        """Entries known to be at the server that were not known to be before."""
        def __init__(self, id: str, entries: int) -> None: ...
    class RECEIPT_FOR_OTHER(CarryImport):
        """A receipt for somebody else, kept to be handed on."""
        id: str
        """The bundle."""
        def __init__(self, id: str) -> None: ...

class CarryTo:
    """Whom a carry bundle is sealed to."""
    class SERVER(CarryTo):
        """The server: whoever carries it cannot read it."""
        def __init__(self) -> None: ...
    class COLLEAGUE(CarryTo):
        """A colleague, who reads it and takes it to the server."""
        user_id: str
        """Who."""
        def __init__(self, user_id: str) -> None: ...
    class GRID(CarryTo):
        """All colleagues who read everything of this grid that waits."""
        grid: str
        """The grid."""
        def __init__(self, grid: str) -> None: ...

class ClientError(Exception):
    """Why a call did not do what it was asked to. What was typed before is safe in every case."""
    class Offline(ClientError):
        """The server cannot be reached or is busy: everything is kept here, try again later."""
        retry_after_s: int | None
        """When the server asked to be tried again, in seconds."""
        def __init__(self, retry_after_s: int | None) -> None: ...
    class SignInRequired(ClientError):
        """The device is not enrolled, or its sign-in has ended: ask for a new code."""
        def __init__(self) -> None: ...
    class Rejected(ClientError):
        """The rules do not allow it, or an argument is not what it should be."""
        code: str
        """The stable code."""
        field: str | None
        """The field or argument, when one is the reason."""
        reason: str
        """The reason for people, in the language the client was opened with, and what became of
        what was typed.
        """
        draft_id: str | None
        """The draft that what was typed is kept as: to be changed, mended and committed."""
        def __init__(self, code: str, field: str | None, reason: str, draft_id: str | None) -> None: ...
    class UpdateRequired(ClientError):
        """The server or the store is newer than this library: update the app."""
        def __init__(self) -> None: ...
    class StorageFull(ClientError):
        """The phone's storage is full: nothing was stored by this call."""
        def __init__(self) -> None: ...
    class WrongKey(ClientError):
        """The store is there but the key does not open it."""
        def __init__(self) -> None: ...
    class KeyUnavailable(ClientError):
        """The keystore is locked or busy: try again once the person has unlocked the phone."""
        def __init__(self) -> None: ...
    class DamagedStore(ClientError):
        """The store is damaged; it is left as it is."""
        part: str
        """Which part."""
        def __init__(self, part: str) -> None: ...
    class NoStore(ClientError):
        """There is no store in the directory."""
        def __init__(self) -> None: ...
    class StoreExists(ClientError):
        """There is a store in the directory already."""
        def __init__(self) -> None: ...
    class InUse(ClientError):
        """Another process or client has the store open."""
        def __init__(self) -> None: ...
    class Closed(ClientError):
        """The client was shut down."""
        def __init__(self) -> None: ...
    class Cancelled(ClientError):
        """The app cancelled it; nothing is lost."""
        def __init__(self) -> None: ...
    class Revoked(ClientError):
        """The device may no longer sync: ask the supervisor."""
        def __init__(self) -> None: ...
    class NotFound(ClientError):
        """No such thing here."""
        def __init__(self) -> None: ...
    class Internal(ClientError):
        """A defect or an unexpected answer; the reference helps to find it."""
        reference: str
        """Where it happened, without data."""
        def __init__(self, reference: str) -> None: ...

class SyncState:
    """How the last sync stands."""
    class IDLE(SyncState):
        """None ran since the client was opened."""
        def __init__(self) -> None: ...
    class RUNNING(SyncState):
        """One runs."""
        progress: SyncProgress
        """How far it got."""
        def __init__(self, progress: SyncProgress) -> None: ...
    class DONE(SyncState):
        """The last one ended well."""
        report: SyncReport
        """What it did."""
        def __init__(self, report: SyncReport) -> None: ...
    class FAILED(SyncState):
        """The last one failed; nothing is lost."""
        error: ClientError
        """Why."""
        def __init__(self, error: ClientError) -> None: ...

class ClientEvent:
    """What happened."""
    class CHANGED(ClientEvent):
        """Records changed."""
        record_ids: builtins.list[str]
        """Which; empty when `everything` is set."""
        by_sync: bool
        """Whether a sync brought it, or an edit on this phone."""
        everything: bool
        """Too many to name: read again whatever is shown."""
        def __init__(self, record_ids: builtins.list[str], by_sync: bool, everything: bool) -> None: ...
    class RECORD(ClientEvent):
        """The watched record now reads like this; none when it is not here any more."""
        record: RecordDetail | None
        """The record."""
        def __init__(self, record: RecordDetail | None) -> None: ...
    class LIST(ClientEvent):
        """The watched page now reads like this."""
        page: RecordPage
        """The page."""
        def __init__(self, page: RecordPage) -> None: ...
    class SYNC(ClientEvent):
        """A sync began, got further or ended."""
        state: SyncState
        """How it stands."""
        def __init__(self, state: SyncState) -> None: ...

class KeyStoreError(Exception):
    """Why a keystore did not do its part."""
    class Unavailable(KeyStoreError):
        """Locked or busy now: try again after the person unlocked the phone."""
        def __init__(self) -> None: ...
    class KeyLost(KeyStoreError):
        """The key is gone for good, for example because the screen lock was changed."""
        def __init__(self) -> None: ...
    class Failed(KeyStoreError):
        """The keystore threw something else."""
        def __init__(self) -> None: ...

class ListenerError(Exception):
    """A listener threw; it is called again for the next event."""
    class Failed(ListenerError):
        """Whatever it threw."""
        def __init__(self) -> None: ...

class RecordEdit:
    """One part of a change."""
    class CREATE(RecordEdit):
        """Makes a record."""
        record_id: str | None
        """Its id from `new_record_id`, so that other parts of the change can name it; made here
        when left out.
        """
        grid: str
        """Its grid."""
        form: str
        """Its form."""
        form_version: int | None
        """The version of the form that the screen was drawn with; the newest when left out."""
        operations: builtins.list[Operation]
        """Its first edit."""
        def __init__(self, record_id: str | None, grid: str, form: str, form_version: int | None, operations: builtins.list[Operation]) -> None: ...
    class EDIT(RecordEdit):
        """Edits a record as it stands, with what comes before in the same change."""
        record_id: str
        """The record."""
        form_version: int | None
        """The version of the form that the screen was drawn with; the newest when left out."""
        operations: builtins.list[Operation]
        """What to do."""
        def __init__(self, record_id: str, form_version: int | None, operations: builtins.list[Operation]) -> None: ...

class TransportError(Exception):
    """What kept a call from having an answer."""
    class Unreachable(TransportError):
        """No connection."""
        def __init__(self) -> None: ...
    class Interrupted(TransportError):
        """The connection broke; the server may or may not have done its part."""
        def __init__(self) -> None: ...
    class Timeout(TransportError):
        """No answer in time; likewise."""
        def __init__(self) -> None: ...
    class Tls(TransportError):
        """The server's certificate is not trusted, or a pin does not match."""
        def __init__(self) -> None: ...
    class Failed(TransportError):
        """The transport threw something else."""
        def __init__(self) -> None: ...

class WatchTarget:
    """What to watch."""
    class EVERYTHING(WatchTarget):
        """Which records change."""
        def __init__(self) -> None: ...
    class RECORD(WatchTarget):
        """One record; its state now is the first event."""
        record_id: str
        """The record."""
        def __init__(self, record_id: str) -> None: ...
    class LIST(WatchTarget):
        """One page of a list; the page as it is now is the first event."""
        query: RecordQuery
        """The query."""
        def __init__(self, query: RecordQuery) -> None: ...
    class SYNC(WatchTarget):
        """How syncs stand; the state now is the first event."""
        def __init__(self) -> None: ...

class Area:
    """A node of the place tree."""
    code: str
    """Its code."""
    name: str
    """Its name."""
    parent: str | None
    """The area it lies in."""
    level: str
    """`province`, `district`, `street`, `community`, `grid` or another word."""
    mine: bool
    """Whether this user may write records here."""
    retired: bool
    """Whether it or what it lies in is retired: its records go on, and no new one is made there."""
    boundary: str | None
    """Its boundary, a GeoJSON Polygon or MultiPolygon in WGS 84; none where nobody drew one, or where a
    phone has too many areas to carry them.
    """
    def __init__(self, *, code: str, name: str, parent: str | None, level: str, mine: bool, retired: bool, boundary: str | None) -> None: ...

class AutoSyncSettings:
    """When to sync without being asked."""
    interval_s: int
    """Seconds after the last sync when nothing happens."""
    debounce_s: int
    """Seconds after a change here, so that several go together."""
    def __init__(self, *, interval_s: int = 900, debounce_s: int = 2) -> None: ...

class CarriedEdit:
    """An entry that a colleague handed over, until it arrives through the server."""
    bundle_id: str
    """The bundle it came in."""
    record_id: str | None
    """The record, when it can be told here."""
    user_name: str | None
    """Who made it, when known."""
    captured_at_ms: int
    """The device's clock when it was made, in milliseconds since 1970 (UTC)."""
    operations: builtins.list[Operation]
    """What it did."""
    def __init__(self, *, bundle_id: str, record_id: str | None, user_name: str | None, captured_at_ms: int, operations: builtins.list[Operation]) -> None: ...

class CarriedReceipt:
    """A receipt to hand back to the phone whose entries were carried."""
    id: str
    """The bundle."""
    user_name: str | None
    """Whom it is for, when known."""
    data: bytes
    """Its bytes, for the other phone's `carry_import`."""
    def __init__(self, *, id: str, user_name: str | None, data: bytes) -> None: ...

class CarryBundle:
    """A bundle to hand over: as a file, or as the frames of `carry_frames`."""
    id: str
    """Its id, which the receipt names."""
    data: bytes
    """Its bytes."""
    entries: int
    """Entries in it."""
    left: int
    """Entries that had no room: export again once the receipt for this one is here."""
    def __init__(self, *, id: str, data: bytes, entries: int, left: int) -> None: ...

class CarryScan:
    """How far the scanning of frames is."""
    taken: bool
    """Whether the frame belonged to what is being scanned and told something."""
    have: int
    """Frames' worth known."""
    of: int
    """Frames' worth needed; 0 before the first frame."""
    data: bytes | None
    """The bundle, for `carry_import`, once it is complete."""
    def __init__(self, *, taken: bool, have: int, of: int, data: bytes | None) -> None: ...

class Choice:
    """One choice of a list."""
    key: str
    """Its key in records."""
    label: str
    """Its name for people."""
    def __init__(self, *, key: str, label: str) -> None: ...

class Colleague:
    """Someone who works in one of this user's areas."""
    user_id: str
    """The person."""
    name: str
    """The person's name."""
    def __init__(self, *, user_id: str, name: str) -> None: ...

class Comment:
    """A comment on a record."""
    item: str
    """Its key in the record."""
    text: str
    """What was said."""
    at_ms: int | None
    """When, by the clock of the phone, in milliseconds since 1970 (UTC)."""
    user_name: str | None
    """Who said it, when known."""
    def __init__(self, *, item: str, text: str, at_ms: int | None, user_name: str | None) -> None: ...

class ConflictSide:
    """One side of a conflict."""
    value: FieldValue
    """The value, to choose it with."""
    user_name: str | None
    """Who set it, when known."""
    device_id: str | None
    """On which device, when known."""
    captured_at_ms: int | None
    """The device's clock when it was typed, in milliseconds since 1970 (UTC)."""
    received_at_ms: int | None
    """The server's clock when it came."""
    def __init__(self, *, value: FieldValue, user_name: str | None, device_id: str | None, captured_at_ms: int | None, received_at_ms: int | None) -> None: ...

class Conflict:
    """A value that was set concurrently."""
    path: str
    """`field` or `field/item/member`; `deleted` where the record was deleted and written to beside
    that by somebody who did not know: it stays until a person chooses.
    """
    sides: builtins.list[ConflictSide]
    """All sides; the first is the one shown."""
    def __init__(self, *, path: str, sides: builtins.list[ConflictSide]) -> None: ...

class Misfit:
    """An operation that does not fit the version of the form that its draft was mended to. It stays
    with the draft; once the rest is committed it is what is left of it.
    """
    operation: Operation
    """What was typed."""
    form_version: int
    """The version of the form it was typed with, for `form`."""
    code: str
    """The stable code of why it does not fit."""
    reason: str
    """The reason for people."""
    def __init__(self, *, operation: Operation, form_version: int, code: str, reason: str) -> None: ...

class DraftReason:
    """Why something became a draft that was to be written."""
    code: str
    """The stable code of the rule that did not allow it."""
    field: str | None
    """The field, when one field is the reason."""
    reason: str
    """The reason for people."""
    def __init__(self, *, code: str, field: str | None, reason: str) -> None: ...

class Draft:
    """A draft. Nothing of it is checked before it is committed."""
    id: str | None
    """The draft it replaces; a new one when left out."""
    grid: str
    """The grid."""
    form: str
    """The form."""
    form_version: int | None
    """The version of the form it is typed with, for `form`; left out when saving, that of the
    draft it replaces, or the newest for a new one.
    """
    record_id: str | None
    """The record it edits; a new one when left out."""
    new_record: bool
    """The record is not there yet: it is made under that id."""
    operations: builtins.list[Operation]
    """What was typed so far."""
    app_state: str
    """Whatever the app needs to show its screen again, at most 64 KiB."""
    misfits: builtins.list[Misfit]
    """What did not fit the version that it was mended to; it stays whatever is saved over it, and
    is ignored when saving.
    """
    reason: DraftReason | None
    """Why it was not written, when it became a draft by that; until it is saved again. Ignored
    when saving.
    """
    updated_at_ms: int | None
    """When it was last saved, in milliseconds since 1970 (UTC); ignored when saving."""
    def __init__(self, *, id: str | None = ..., grid: str, form: str, form_version: int | None = ..., record_id: str | None = ..., new_record: bool = False, operations: builtins.list[Operation], app_state: str = '', misfits: builtins.list[Misfit] = ..., reason: DraftReason | None = ..., updated_at_ms: int | None = ...) -> None: ...

class DueTask:
    """Something that a plan is due for."""
    task_id: str
    """The id of its task, which is there once somebody has begun it."""
    begun: bool
    """Whether the task is there."""
    plan: str
    """The code of the plan."""
    label: str
    """The plan's name for people."""
    record_id: str | None
    """The record it is about; none of a grid as a whole, or the route through it."""
    title: str
    """What names that record, or the grid."""
    grid: str
    """The grid."""
    from_day: str
    """The first day of its period, such as `2026-12-01`."""
    until_day: str
    """The last day of its period."""
    due_at_ms: int
    """When it is due, in milliseconds since 1970 (UTC)."""
    overdue: bool
    """Whether that has passed."""
    priority: str | None
    """How urgent it is: a choice of the field that means `priority`, where the plan says."""
    last_at_ms: int | None
    """When the record was last seen to, as far as is known here."""
    latitude: float | None
    """Where it is, in degrees."""
    longitude: float | None
    """The longitude."""
    distance_m: int | None
    """How far that is from where was asked, in metres."""
    doer: str | None
    """Who is to do it: the id of a person, or a name."""
    def __init__(self, *, task_id: str, begun: bool, plan: str, label: str, record_id: str | None, title: str, grid: str, from_day: str, until_day: str, due_at_ms: int, overdue: bool, priority: str | None, last_at_ms: int | None, latitude: float | None, longitude: float | None, distance_m: int | None, doer: str | None) -> None: ...

class DuePage:
    """One page of what is due."""
    items: builtins.list[DueTask]
    """What is on it."""
    next: str | None
    """The cursor of the next page, when there is one."""
    total: int
    """How much there is on all pages."""
    def __init__(self, *, items: builtins.list[DueTask], next: str | None, total: int) -> None: ...

class DueQuery:
    """What of that which is due to list; with nothing set, all of it."""
    plan: str | None
    """Only of this plan."""
    grid: str | None
    """Only in this grid."""
    mine: bool
    """Only what is this user's to do, or nobody's yet."""
    overdue: bool
    """Only what is past its time."""
    latitude: float | None
    """The latitude of where whoever asks is, in degrees."""
    longitude: float | None
    """The longitude."""
    order: DueOrder | None
    """The order; by need when left out."""
    limit: int
    """Most items of a page, at most 1,000; 0 means 50."""
    after: str | None
    """The page after this cursor, from the page before."""
    def __init__(self, *, plan: str | None = ..., grid: str | None = ..., mine: bool = False, overdue: bool = False, latitude: float | None = ..., longitude: float | None = ..., order: DueOrder | None = ..., limit: int = 0, after: str | None = ...) -> None: ...

class FieldInfo:
    """One field of a form."""
    key: str
    """Its key in records."""
    label: str
    """Its name for people."""
    kind: FieldKind
    """What it takes."""
    means: str | None
    """What it is for, as the form says: `due`, `doer`, `place` and so on."""
    required: bool
    """Whether a complete record has it."""
    sensitivity: Sensitivity
    """How closely it is held."""
    writable: bool
    """Whether this user may write it in one of their grids."""
    conditional: bool
    """Whether it is shown only under a condition; ask `visible_fields`."""
    def __init__(self, *, key: str, label: str, kind: FieldKind, means: str | None, required: bool, sensitivity: Sensitivity, writable: bool, conditional: bool) -> None: ...

class StatusInfo:
    """One status of a form's lifecycle."""
    key: str
    """Its key."""
    label: str
    """Its name for people."""
    done: bool
    """Whether the doer has done their part, and somebody has yet to close it."""
    closed: bool
    """Whether the work is over."""
    suspended: bool
    """Whether no time passes for the work while it stands there."""
    def __init__(self, *, key: str, label: str, done: bool, closed: bool, suspended: bool) -> None: ...

class FormInfo:
    """The newest version of a form."""
    code: str
    """Its code."""
    version: int
    """Its version."""
    label: str
    """Its name for people."""
    means: str | None
    """What a record of it is, as it says: `household`, `visit`, `matter`, `task` or `meeting`."""
    title_field: str | None
    """The field that names a record of it in lists."""
    fields: builtins.list['FieldInfo']
    """Its fields, in the order they are shown."""
    statuses: builtins.list[StatusInfo]
    """The statuses of its lifecycle; empty for forms without one."""
    asides: builtins.list[str]
    """Actions that lead to no status: steps that stand beside it, such as an urging, and those that take one back."""
    retired: bool
    """Whether it is retired: its records go on, and no new one is made."""
    def __init__(self, *, code: str, version: int, label: str, means: str | None, title_field: str | None, fields: builtins.list['FieldInfo'], statuses: builtins.list[StatusInfo], asides: builtins.list[str], retired: bool) -> None: ...

class GroupItem:
    """One item of a repeated group."""
    key: str
    """Its key."""
    members: dict[str, FieldValue]
    """Its members by key."""
    def __init__(self, *, key: str, members: dict[str, FieldValue]) -> None: ...

class HistoryEntry:
    """One entry of a record's history."""
    entry: str
    """The entry."""
    user_name: str | None
    """Who made it, when known."""
    device_id: str | None
    """On which device, when known."""
    captured_at_ms: int
    """The device's clock when it was made, in milliseconds since 1970 (UTC)."""
    received_at_ms: int | None
    """The server's clock when it came."""
    form_version: int
    """Version of the form it was made with."""
    state: EntryState
    """What became of it."""
    delivery: Delivery | None
    """How far it has come, when this user wrote it."""
    words: builtins.list[str]
    """What it did, in words: one sentence for each operation, with the values that its author found."""
    operations: builtins.list[Operation]
    """What it did."""
    def __init__(self, *, entry: str, user_name: str | None, device_id: str | None, captured_at_ms: int, received_at_ms: int | None, form_version: int, state: EntryState, delivery: Delivery | None, words: builtins.list[str], operations: builtins.list[Operation]) -> None: ...

class HttpHeader:
    """One header."""
    name: str
    """Its name."""
    value: str
    """Its value."""
    def __init__(self, *, name: str, value: str) -> None: ...

class HttpReply:
    """One HTTP answer, of any status."""
    status: int
    """The status code."""
    headers: builtins.list[HttpHeader]
    """Name and value of each header."""
    body: bytes
    """The body, at most 32 MiB; a longer one is an error of the transport."""
    def __init__(self, *, status: int, headers: builtins.list[HttpHeader], body: bytes) -> None: ...

class HttpRequest:
    """One HTTP request to the server the device is enrolled with."""
    method: str
    """`POST` or `GET`."""
    base_url: str
    """The server, for example `https://gridfold.example`; the path is appended to it."""
    path: str
    """The path from the server's root, for example `/v1/sync`."""
    headers: builtins.list[HttpHeader]
    """Name and value of each header."""
    body: bytes
    """The body."""
    def __init__(self, *, method: str, base_url: str, path: str, headers: builtins.list[HttpHeader], body: bytes) -> None: ...

class Identity:
    """Whose phone this is."""
    user_id: str
    """The person."""
    user_name: str
    """The person's name."""
    device_id: str
    """The device."""
    server_url: str
    """The server it was enrolled with."""
    def __init__(self, *, user_id: str, user_name: str, device_id: str, server_url: str) -> None: ...

class KindDeadline:
    """In which time a matter should be handled."""
    urgency: str | None
    """The code of the urgency that it is for; none for all that have none of their own."""
    amount: int
    """How many."""
    unit: str
    """Of what: `working_hours`, `working_days`, `hours`, `days`, or a word that a newer server knows."""
    def __init__(self, *, urgency: str | None, amount: int, unit: str) -> None: ...

class MatterKind:
    """One kind of matter in the catalogue."""
    code: str
    """Its code, for a matter's `kind`."""
    label: str
    """Its name for people."""
    path: builtins.list[str]
    """The names of the kinds that it lies in, the outermost first; empty of one that lies in none."""
    department: str
    """The department accountable for it."""
    deadline_hours: int | None
    """Hours from the report in which it should be handled; none when its time is open, or its deadline is not of hours
    alone.
    """
    deadlines: builtins.list[KindDeadline]
    """In which time it should be handled; empty when its time is open."""
    evidence: builtins.list[str]
    """What a matter of it should be shown with: `text`, `photo`, `video`, `audio`, `location`,
    `signature`, `document`, or a word that a newer server knows.
    """
    urgency: str
    """The code of how urgent it is, where a matter does not say."""
    urgent: bool
    """Whether it cannot wait."""
    retired: bool
    """Whether it is no longer offered. Matters that name it keep its name and time."""
    def __init__(self, *, code: str, label: str, path: builtins.list[str], department: str, deadline_hours: int | None, deadlines: builtins.list[KindDeadline], evidence: builtins.list[str], urgency: str, urgent: bool, retired: bool) -> None: ...

class MendedStore:
    """The store was damaged and has been mended: what was not sent is all there, and what is not here
    of the rest comes with the next sync.
    """
    at_ms: int
    """When, by the phone's clock, in milliseconds since 1970 (UTC)."""
    records: int
    """Records that it still gave."""
    complete: bool
    """Whether every page with records was still there."""
    message_zh: str
    """What happened, what is safe and what to do, in Chinese."""
    message_en: str
    """The same in English."""
    def __init__(self, *, at_ms: int, records: int, complete: bool, message_zh: str, message_en: str) -> None: ...

class NextTransition:
    """A transition that this user may make next."""
    action: str
    """Which."""
    label: str
    """Its name for people."""
    to_status: str | None
    """The status it leads to; none of one that only stands beside the status."""
    to_label: str | None
    """That status's name for people."""
    needs: builtins.list[str]
    """Fields that must have a value before it and have none."""
    note_expected: bool
    """Whether the doer is asked to say why."""
    note_needed: bool
    """Whether it is refused without that."""
    def __init__(self, *, action: str, label: str, to_status: str | None, to_label: str | None, needs: builtins.list[str], note_expected: bool, note_needed: bool) -> None: ...

class OpenConfig:
    """Where the store is and how texts are shown."""
    path: str
    """The directory of the store; made when it is not there."""
    locale: Locale
    """The language of texts for people."""
    def __init__(self, *, path: str, locale: Locale) -> None: ...

class ProposedDue:
    """When a matter is due."""
    due_at_ms: int
    """When, in milliseconds since 1970 (UTC)."""
    warn_at_ms: int | None
    """When it is time to warn; none without a warning."""
    provisional: bool
    """Whether it stands on a year whose holidays nobody has announced yet: counted by weekdays and the
    organisation's own days, it may become another.
    """
    def __init__(self, *, due_at_ms: int, warn_at_ms: int | None, provisional: bool) -> None: ...

class PushState:
    """Whether this phone is told that there is news."""
    key: str | None
    """The server's public key, in base64url, to subscribe with; none when it tells nobody."""
    subscribed: bool
    """Whether the server tells this phone."""
    def __init__(self, *, key: str | None, subscribed: bool) -> None: ...

class PushSubscription:
    """Where the push service of the phone's browser is written to: the parts of its `PushSubscription`."""
    endpoint: str
    """The URL of the push service; whoever has it may write to it."""
    p256dh: str
    """The browser's public key, in base64url."""
    auth: str
    """The browser's secret, in base64url."""
    def __init__(self, *, endpoint: str, p256dh: str, auth: str) -> None: ...

class StatusTip:
    """One of several transitions made concurrently."""
    action: str
    """The transition."""
    status: str
    """The status it led to."""
    note: str
    """What the doer said."""
    def __init__(self, *, action: str, status: str, note: str) -> None: ...

class RecordDetail:
    """A record as it is read."""
    id: str
    """Its id."""
    form: str
    """Its form."""
    form_version: int
    """The form version it is shown with."""
    grid: str
    """Its grid."""
    title: str
    """What names it in lists."""
    household_id: str | None
    """The household it is about."""
    fields: dict[str, FieldContent]
    """All fields by key, those that the form no longer has included."""
    status: str | None
    """The status shown, for forms that have one."""
    status_tips: builtins.list[StatusTip]
    """The newest transitions when more than one were made concurrently."""
    deleted: bool
    """Whether it is marked as deleted."""
    conflicts: builtins.list[Conflict]
    """Values set concurrently."""
    missing: builtins.list[str]
    """Required and visible fields without a value."""
    pending: bool
    """Whether edits of this phone are not at the server yet."""
    refused: int
    """Refused edits of this phone on it."""
    delivery: Delivery | None
    """How far what this phone wrote to it has come; none when it wrote nothing."""
    def __init__(self, *, id: str, form: str, form_version: int, grid: str, title: str, household_id: str | None, fields: dict[str, FieldContent], status: str | None, status_tips: builtins.list[StatusTip], deleted: bool, conflicts: builtins.list[Conflict], missing: builtins.list[str], pending: bool, refused: int, delivery: Delivery | None) -> None: ...

class RecordSummary:
    """A record in a list."""
    id: str
    """Its id."""
    form: str
    """Its form."""
    grid: str
    """Its grid."""
    household_id: str | None
    """The household it is about."""
    status: str | None
    """Its status."""
    title: str
    """What names it."""
    stage: WorkStage | None
    """How far its work is; none of a record without statuses."""
    due_at_ms: int | None
    """When its work is due, in milliseconds since 1970 (UTC): later by what it stood suspended."""
    suspended_at_ms: int | None
    """Since when it stands suspended, likewise: until it goes on no time passes for it."""
    suspended_ms: int
    """How long it stood suspended before that, in milliseconds."""
    doer: str | None
    """Who is to do its work, as the field that means `doer` says."""
    about_id: str | None
    """The record it is about besides its household."""
    captured_at_ms: int
    """When it was captured, by the clock of the phone that did, in milliseconds since 1970 (UTC)."""
    updated_at_ms: int
    """When it last changed, likewise."""
    conflicts: int
    """Values set concurrently and not settled."""
    deleted: bool
    """Whether it is marked as deleted."""
    pending: bool
    """Whether edits of this phone are not at the server yet."""
    refused: int
    """Refused edits of this phone on it."""
    delivery: Delivery | None
    """How far what this phone wrote to it has come; none when it wrote nothing."""
    def __init__(self, *, id: str, form: str, grid: str, household_id: str | None, status: str | None, title: str, stage: WorkStage | None, due_at_ms: int | None, suspended_at_ms: int | None, suspended_ms: int, doer: str | None, about_id: str | None, captured_at_ms: int, updated_at_ms: int, conflicts: int, deleted: bool, pending: bool, refused: int, delivery: Delivery | None) -> None: ...

class RecordPage:
    """One page of a list."""
    items: builtins.list[RecordSummary]
    """What is on it."""
    next: str | None
    """The cursor of the next page, when there is one."""
    total: int
    """How many there are on all pages."""
    def __init__(self, *, items: builtins.list[RecordSummary], next: str | None, total: int) -> None: ...

class RecordQuery:
    """Which records to list; with nothing set, all that are not deleted."""
    form: str | None
    """Only this form."""
    grid: str | None
    """Only this grid."""
    household_id: str | None
    """Only about this household."""
    status: str | None
    """Only with this status."""
    text: str | None
    """Only with all of these words in any field, in any width and case of letters, with or without accents."""
    from_ms: int | None
    """Only captured at or after, in milliseconds since 1970 (UTC)."""
    to_ms: int | None
    """Only captured before."""
    mine: bool
    """Only work of this phone's user: what the field that means `doer` says."""
    open: bool
    """Only work that is not closed."""
    overdue: bool
    """Only work yet to be done that is past the time in the field that means `due`."""
    due_soon: bool
    """Only work yet to be done that is due within three days."""
    due_before_ms: int | None
    """Only what is due before, in milliseconds since 1970 (UTC)."""
    about_id: str | None
    """Only with a field that refers to this record, besides the household: the tasks of a matter."""
    sort: Sort | None
    """The order; last changed first when left out."""
    limit: int
    """Most records of a page, at most 1,000; 0 means 50."""
    after: str | None
    """The page after this cursor, from the page before."""
    include_deleted: bool
    """Deleted records too."""
    def __init__(self, *, form: str | None = ..., grid: str | None = ..., household_id: str | None = ..., status: str | None = ..., text: str | None = ..., from_ms: int | None = ..., to_ms: int | None = ..., mine: bool = False, open: bool = False, overdue: bool = False, due_soon: bool = False, due_before_ms: int | None = ..., about_id: str | None = ..., sort: Sort | None = ..., limit: int = 0, after: str | None = ..., include_deleted: bool = False) -> None: ...

class RefusedEdit:
    """An edit that the server refused: kept here until the person settles it."""
    id: str
    """Its id, for `retry_refused` and `discard_refused`."""
    record_id: str
    """The record."""
    form: str
    """Its form."""
    form_version: int
    """The version of the form that it was typed with, for `form`."""
    operations: builtins.list[Operation]
    """What was typed."""
    code: str
    """The stable code of the reason."""
    reason: str
    """The reason for people."""
    captured_at_ms: int
    """When it was typed, in milliseconds since 1970 (UTC)."""
    def __init__(self, *, id: str, record_id: str, form: str, form_version: int, operations: builtins.list[Operation], code: str, reason: str, captured_at_ms: int) -> None: ...

class ResidentReceipt:
    """The receipt of a record, to be read out, shown or sent. Whoever has it may ask by it: keep it out of logs."""
    number: str
    """Its digits and nothing else."""
    grouped: str
    """The same in groups, as it is read out."""
    link: str | None
    """What stands in its QR code: the page of the server that answers it. None when neither the phone nor the call
    knows the server's address.
    """
    def __init__(self, *, number: str, grouped: str, link: str | None) -> None: ...

class StandingStep:
    """A step that stands: one beside the status that nothing answered since, or the one by which the work was resolved on
    the spot.
    """
    action: str
    """Which."""
    label: str
    """Its name for people."""
    note: str
    """What was said with it."""
    user_id: str | None
    """Who took it, when known."""
    user_name: str | None
    """Their name, when known."""
    at_ms: int | None
    """When, by the clock of their phone, in milliseconds since 1970 (UTC)."""
    def __init__(self, *, action: str, label: str, note: str, user_id: str | None, user_name: str | None, at_ms: int | None) -> None: ...

class Status:
    """Where the phone stands."""
    pending: int
    """Entries not at the server yet."""
    refused: int
    """Edits the server refused that nobody settled."""
    server_reachable: bool | None
    """Whether the server answered the last attempt; none before the first since opening."""
    last_error: str | None
    """The stable code of why the last attempt did not end well."""
    last_sync_ms: int | None
    """When the last sync ended well, by the phone's clock."""
    clock_skew_ms: int
    """The server's clock minus the phone's, at the last sync, in milliseconds."""
    storage_bytes: int
    """Bytes of the store on disk."""
    damaged: bool
    """Stored values were found damaged while reading: writing is refused from then on, and the next
    opening mends the store.
    """
    mended: MendedStore | None
    """The store was damaged and has been mended; until `mended_seen`."""
    def __init__(self, *, pending: int, refused: int, server_reachable: bool | None, last_error: str | None, last_sync_ms: int | None, clock_skew_ms: int, storage_bytes: int, damaged: bool, mended: MendedStore | None) -> None: ...

class SyncProgress:
    """How far a sync got."""
    round_trips: int
    """Round trips done."""
    pushed: int
    """Entries sent so far."""
    pending: int
    """Entries not at the server yet."""
    pulled: int
    """Items received so far."""
    bytes: int
    """Bytes of bodies so far, both ways."""
    def __init__(self, *, round_trips: int, pushed: int, pending: int, pulled: int, bytes: int) -> None: ...

class SyncReport:
    """What a sync did."""
    round_trips: int
    """Round trips."""
    bytes_up: int
    """Bytes of request bodies."""
    bytes_down: int
    """Bytes of response bodies."""
    pushed: int
    """Entries sent."""
    admitted: int
    """Own entries that the server admitted."""
    refused: int
    """Own entries that the server refused."""
    pulled: int
    """Items received."""
    directory_changed: bool
    """Whether the directory changed."""
    erased_streams: builtins.list[str]
    """Streams erased because a grant ended."""
    wiped: bool
    """Everything was erased because the server said so."""
    more: bool
    """Whether something is left for another sync: the budget ran out."""
    def __init__(self, *, round_trips: int, bytes_up: int, bytes_down: int, pushed: int, admitted: int, refused: int, pulled: int, directory_changed: bool, erased_streams: builtins.list[str], wiped: bool, more: bool) -> None: ...

class SyncSettings:
    """What a sync may cost."""
    budget_bytes: int
    """Bytes of bodies it should stay under, both ways; 0 for no limit."""
    def __init__(self, *, budget_bytes: int = 0) -> None: ...

class UndoneEdit:
    """What was undone on one record."""
    record_id: str
    """The record."""
    form: str
    """Its form."""
    grid: str
    """Its grid."""
    created: bool
    """The change had made the record: it is gone."""
    operations: builtins.list[Operation]
    """What had been typed."""
    def __init__(self, *, record_id: str, form: str, grid: str, created: bool, operations: builtins.list[Operation]) -> None: ...

class Urgency:
    """How urgent a matter can be."""
    code: str
    """Its code."""
    label: str
    """Its name for people."""
    def __init__(self, *, code: str, label: str) -> None: ...

class CarryReader:
    """Puts scanned frames together, in any order and with repetitions."""
    def __init__(self) -> None:
        """A reader that has seen nothing yet."""
    def scan(self, frame: str) -> CarryScan:
        """Takes one scanned text; anything else than a frame is passed over."""

class EventListener:
    """Hears events, for those who prefer a callback to a `Watch`."""
    def on_event(self, event: ClientEvent) -> None:
        """One event; called on a thread of the library, one event at a time."""

class Subscription:
    """A listener that hears events until it is stopped."""
    def stop(self) -> None:
        """Ends it; an event that is being told is told to its end."""

class Watch:
    """A reader of events. What happens before the app looks is merged, so a slow reader misses
    nothing and costs bounded memory.
    """
    async def next_event(self) -> ClientEvent | None:
        """The next event, waiting for one; none once the watch was stopped or the client shut down."""
    def stop(self) -> None:
        """Ends the watch; a waiting `next_event` gives none."""

class Client:
    """A phone's store and its way to the server. May be used from any thread; every call that may
    take time is asynchronous and runs on a thread of the library.
    """
    @classmethod
    async def open(cls, config: OpenConfig, key: bytes, transport: Transport) -> Client:
        """Opens the store, or makes one where there is none. `key` is 32 bytes from the platform's
        keystore; without it nothing in the store is readable.

        Errors:
        `WrongKey`, `DamagedStore`, `InUse`, `UpdateRequired`; never a new store in place of one
        that does not open.
        """
    @classmethod
    async def open_existing(cls, config: OpenConfig, key: bytes, transport: Transport) -> Client:
        """Opens the store that is there.

        Errors:
        As `Client.open`, and `NoStore`.
        """
    @classmethod
    async def open_with_key_store(cls, config: OpenConfig, key_store: KeyStore, transport: Transport) -> Client:
        """Opens the store, or makes one where there is none, with a key that the platform's keystore
        seals and that the app never holds.

        Errors:
        As `Client.open`, and `KeyUnavailable` while the keystore is locked.
        """
    async def acknowledge(self, record_id: str) -> None:
        """Acknowledges a task: its doer knows of it.

        Errors:
        As `Client.transition`.
        """
    async def areas(self) -> builtins.list[Area]:
        """The areas of this user's grants, what lies in them and what they lie in.

        Errors:
        `Closed`.
        """
    async def begin_due(self, plan: str, record_id: str | None = ..., grid: str | None = ...) -> str:
        """Begins something that a plan is due for today: makes its task, which is this user's where the plan names nobody, or
        gives the one that is there. Of a plan about records give the record, of another the grid. Whoever makes it makes
        the same task, on whichever phone.

        Errors:
        `NotFound` when the plan is not due for that here, `Rejected` with the code of the rule that does not allow it.
        """
    def cancel_sync(self) -> None:
        """Ends a running sync, and an enrolment, at its HTTP call; it fails with `Cancelled`."""
    async def carried(self) -> builtins.list[CarriedEdit]:
        """Entries that colleagues handed over and that did not arrive through the server yet.

        Errors:
        `Closed`.
        """
    async def carry_drop(self, id: str) -> None:
        """Lets a carried bundle or receipt go.

        Errors:
        `NotFound`.
        """
    async def carry_export(self, to: CarryTo) -> CarryBundle:
        """Seals what the server is not known to have.

        Errors:
        `Rejected` with `carry_nothing` or `carry_nobody`, `SignInRequired`.
        """
    async def carry_import(self, data: bytes) -> CarryImport:
        """Takes a bundle or a receipt; durable when this returns. The same again changes nothing.

        Errors:
        `Rejected` with a `carry_…` code, `SignInRequired`.
        """
    async def carry_receipts(self) -> builtins.list[CarriedReceipt]:
        """Receipts to hand back.

        Errors:
        `Closed`.
        """
    async def change(self, edits: builtins.list[RecordEdit]) -> builtins.list[str]:
        """Makes and edits several records as one: all of it or nothing; durable when this returns.

        Errors:
        `Rejected` with the code of the rule that does not allow it. Nothing of a change is kept as
        drafts: its parts belong together, and the app has them.
        """
    async def choose(self, record_id: str, path: str, value: FieldValue) -> None:
        """Settles a conflict: gives `field`, or `field/item/member`, this value: one of the sides, or
        a third.

        Errors:
        As `Client.edit`.
        """
    async def colleagues(self) -> builtins.list[Colleague]:
        """Those who work in this user's areas.

        Errors:
        `Closed`.
        """
    async def comment(self, record_id: str, text: str) -> None:
        """Says something about a matter or task; concurrent comments all stay.

        Errors:
        `Rejected` with `no_comments` for forms without them, or as `Client.edit`.
        """
    async def comments(self, record_id: str) -> builtins.list[Comment]:
        """What was said about a record.

        Errors:
        `NotFound`.
        """
    async def commit_draft(self, draft_id: str) -> str:
        """Makes a draft a record, or an edit of its record, and removes the draft, in one step. It is
        written under the version of the form that it was typed with, or the newest where only that
        takes it. Misfits stay behind as a draft of the record. Gives the record's id.

        Errors:
        `Rejected` with the code of the rule that does not allow it; the draft stays.
        """
    async def count(self, query: RecordQuery) -> int:
        """How many records a query finds.

        Errors:
        As `Client.list`.
        """
    async def create(self, grid: str, form: str, operations: builtins.list[Operation], form_version: int | None = ...) -> str:
        """Makes a record; durable when this returns. Gives its id. `form_version` is that of the form
        that the screen was drawn with; the newest when left out.

        Errors:
        `Rejected` with the code of the rule that does not allow it; what was typed is kept as the
        draft that the error names.
        """
    async def discard_draft(self, draft_id: str) -> None:
        """Lets a draft go.

        Errors:
        `NotFound`.
        """
    async def discard_refused(self, refused_id: str) -> None:
        """Lets a refused edit go.

        Errors:
        `NotFound`.
        """
    async def draft(self, draft_id: str) -> Draft | None:
        """A draft; none when it is not here.

        Errors:
        `Rejected` for an id that is none.
        """
    async def drafts(self) -> builtins.list[Draft]:
        """All drafts.

        Errors:
        `Closed`.
        """
    async def due(self, query: DueQuery) -> DuePage:
        """What plans are due for in their period of today, as far as the records here tell: what nobody has done, by a task
        of the plan or by a record that counts for it.

        Errors:
        `Rejected` for an argument that is none.
        """
    async def edit(self, record_id: str, operations: builtins.list[Operation], form_version: int | None = ...) -> None:
        """Edits a record as it stands here; all operations or none; durable when this returns.
        `form_version` is that of the form that the screen was drawn with; the newest when left out.

        Errors:
        `Rejected` with the code of the rule that does not allow it, and what was typed is kept as
        the draft that the error names; `NotFound`.
        """
    async def enrol(self, code_or_qr: str, server_url: str | None = ...) -> Identity:
        """Enrols this device with the code that a supervisor shows: the text of the QR, or the code as
        typed together with the server's address. A phone that was enrolled before goes on as the
        device that it is, and all that waits is sent as it was; with another person's code the
        store begins anew, with nothing of the first one's.

        Errors:
        `Rejected` with the server's code when it does not take the code, or with `anothers_phone`
        while edits or drafts of the person before wait here; `Offline`.
        """
    async def form(self, code: str, version: int) -> FormInfo | None:
        """A version of a form: that of a draft or refused edit, to show it with its own fields. None
        when it is not known here.

        Errors:
        `Rejected` for a code that is none.
        """
    async def forms(self) -> builtins.list[FormInfo]:
        """The newest version of each form.

        Errors:
        `Closed`.
        """
    async def get(self, record_id: str) -> RecordDetail | None:
        """A record with all sides of its conflicts; none when it is not here.

        Errors:
        `Rejected` for an id that is none.
        """
    async def history(self, record_id: str) -> builtins.list[HistoryEntry]:
        """All entries of a record, by the clocks of those who made them.

        Errors:
        `Rejected` for an id that is none.
        """
    async def identity(self) -> Identity | None:
        """Whose phone this is; none before it is enrolled.

        Errors:
        `Closed`.
        """
    async def key_by_person(self) -> bool:
        """Whether the organisation demands that its person alone opens this phone's store: with a PIN, or
        by what the device knows them by. An app that keeps the key without them asks for one of
        both when it is opened next, and goes on once the key is kept so.

        Errors:
        `Closed`.
        """
    async def list(self, query: RecordQuery) -> RecordPage:
        """One page of records.

        Errors:
        `Rejected` for a filter that is none.
        """
    def listen(self, target: WatchTarget, listener: EventListener) -> Subscription:
        """Tells a listener what happens, on a thread of the library, until the subscription is
        stopped or released.

        Errors:
        As `Client.watch`; `Internal` when no thread can be started.
        """
    async def matter_kind(self, typed: str) -> MatterKind | None:
        """The kind that the text of a matter's kind means, by its code or one of its names, retired
        ones too; none for a text that the catalogue does not know.

        Errors:
        `Closed`.
        """
    async def matter_kinds(self) -> builtins.list[MatterKind]:
        """The kinds of matters that are offered, without those that others which are offered lie in; empty without a
        catalogue.

        Errors:
        `Closed`.
        """
    async def mend_draft(self, draft_id: str) -> Draft:
        """Makes a draft one of the newest version of its form, and gives it as it is then. What does
        not fit there is named in `misfits` and stays with it.

        Errors:
        `NotFound`, or `Rejected` with `unknown_form` or `no_grant`; the draft stays as it is then.
        """
    async def mended_seen(self) -> None:
        """Notes that the person was told of a store that was mended: `status` says it no more.

        Errors:
        As any call that writes; it is said again then.
        """
    def network_available(self, available: bool) -> None:
        """Tells `run_auto_sync` that the network came or went."""
    def new_record_id(self) -> str:
        """A new id for a record that a change makes.

        Errors:
        `Closed`.
        """
    async def next_transitions(self, record_id: str) -> builtins.list[NextTransition]:
        """The transitions that this user may make now on this record.

        Errors:
        `NotFound`.
        """
    async def proposed_due(self, kind: str, urgency: str | None, reported_at_ms: int) -> ProposedDue | None:
        """When a matter of this kind is due that was reported then (milliseconds since 1970, UTC), by the newest catalogue
        and working calendar held here. `urgency` is the code or name of how urgent it is; the kind's own counts when it
        is left out or not known. None for a kind that is not known or has no deadline.

        Errors:
        `Closed`.
        """
    async def push(self) -> PushState:
        """By which key to subscribe to the platform's push service, and whether the server tells this
        phone that there is news. It asks the server.

        Errors:
        `Offline`, `SignInRequired`, `Revoked`.
        """
    def reason(self, code: str) -> str:
        """The text of a stable code, in the language the client was opened with. Of a refusal: as of an
        edit that waits among the refused ones.
        """
    async def refused(self) -> builtins.list[RefusedEdit]:
        """Edits of this phone that the server refused and nobody settled.

        Errors:
        `Closed`.
        """
    async def refused_as_draft(self, refused_id: str) -> str:
        """Makes a refused edit a draft, to be changed, mended and committed; it is refused no more.
        Gives the draft's id.

        Errors:
        `NotFound`, or `Rejected` with `too_many_drafts`.
        """
    async def resident_receipt(self, record_id: str, server_url: str | None = ...) -> ResidentReceipt | None:
        """The receipt of a record for whoever reported it. None when it has none: its form or kind does not show, did not
        when it was made or does not any more, or it was deleted. `server_url` stands in the link where the phone
        itself was not told the server's address.

        Errors:
        `NotFound`, `Rejected` for an id that is none.
        """
    async def retry_refused(self, refused_id: str) -> None:
        """Makes a refused edit again, at the record as it stands now: under the version of the form
        that it was typed with, or the newest where only that takes it.

        Errors:
        `Rejected` with the code of the rule that does not allow it; the refused edit is kept then.
        """
    async def run_auto_sync(self, settings: AutoSyncSettings) -> None:
        """Syncs by itself for as long as this is awaited: soon after changes, when the network is
        back, and every so often, with growing pauses after failures. Run it as a task of its own;
        end it by `stop_auto_sync`, by shutting the client down, or by cancelling the task. Watch
        `WatchTarget.Sync` for what becomes of it. It goes on by itself after the device was
        enrolled again, let in again, or the server updated.

        Errors:
        `Rejected` with `auto_sync_runs` while one runs already, `SignInRequired` for a device that
        was never enrolled, `Closed`, `NoStore` or `DamagedStore` once there is nothing to sync.
        """
    async def save_draft(self, draft: Draft) -> str:
        """Keeps a draft; it survives a killed app. Gives its id.

        Errors:
        `Rejected` with `draft_too_large` or `too_many_drafts`.
        """
    async def set_push(self, subscription: PushSubscription | None) -> PushState:
        """Has the server tell this phone, by Web Push, that there is news for its user: never what it
        is, which the next sync brings. With none it tells the phone no more. It takes the place of
        what was set before, and ends when the phone signs out or may not sync any more.

        Errors:
        As `push`; `Rejected` with `conflict` where the server tells nobody, with `bad_request` where it
        does not know the push service or the keys are none.
        """
    def shut_down(self) -> None:
        """Cancels a running sync, ends all watches and releases the store. Waits for no HTTP call, so
        that it may be called where the transport runs. Later calls fail with `Closed`. Closing
        twice is harmless.
        """
    async def sign_out(self, discard_unsent: bool = False) -> bool:
        """Ends the session: tells the server, if it can be reached, and erases everything here. The
        client is closed afterwards. Gives whether the server was told.

        Errors:
        `Rejected` with `unsent_edits` while something would be lost, unless `discard_unsent`.
        """
    async def standing_steps(self, record_id: str) -> builtins.list[StandingStep]:
        """The steps that stand on this record, the newest first: who urged, supervises or follows it or asks for more time,
        as far as nothing answered that since; and who resolved it on the spot.

        Errors:
        `NotFound`.
        """
    async def status(self) -> Status:
        """Where the phone stands.

        Errors:
        `Closed`.
        """
    def stop_auto_sync(self) -> None:
        """Ends `run_auto_sync`; it returns."""
    async def sync(self, settings: SyncSettings) -> SyncReport:
        """Pushes what is new here and pulls what is new there; watch `WatchTarget.Sync` for progress.

        Errors:
        `Offline` when it should be tried again, `Cancelled`; nothing is lost whenever it breaks.
        """
    async def transition(self, record_id: str, action: str, note: str = '') -> None:
        """Moves the status of a record.

        Errors:
        `Rejected` when it is not allowed now, `NotFound`.
        """
    async def undo_last(self) -> builtins.list[UndoneEdit]:
        """Takes back the newest change, if nothing of it was ever sent or handed out.

        Errors:
        `Rejected` with `nothing_to_undo` or `already_sent`.
        """
    async def urgencies(self) -> builtins.list[Urgency]:
        """How urgent matters can be, least first; empty without a catalogue.

        Errors:
        `Closed`.
        """
    async def visible_fields(self, form: str, record_id: str | None, operations: builtins.list[Operation], form_version: int | None = ...) -> builtins.list[str]:
        """The fields of a form that are shown while a record, or a new one when there is none, would
        read as after these operations. `form_version` is that of a draft; the newest when left out.

        Errors:
        `Rejected` for an unknown form or an operation that is none.
        """
    def watch(self, target: WatchTarget) -> Watch:
        """Watches something from now on.

        Errors:
        `Rejected` for a target that is none, `Closed`.
        """
    async def wipe(self) -> None:
        """Erases everything: first the key, then the files. The client is closed afterwards.

        Errors:
        `Internal` when a file cannot be removed; its content is unreadable even then.
        """

class KeyStore:
    """Wraps the store's key with a key that never leaves the platform's keystore."""
    def wrap(self, key: bytes) -> bytes:
        """Seals 32 bytes."""
    def unwrap_key(self, wrapped: bytes) -> bytes:
        """Opens what `wrap` gave."""

class Transport:
    """Makes HTTP calls with the platform's own client, so that its TLS, proxy and pinning apply.

    A ready one comes with each binding. `call` runs on the executor of whoever awaits the library;
    in Kotlin on `Dispatchers.Default`.
    """
    async def call(self, request: HttpRequest) -> HttpReply:
        """Makes one call and waits for its answer; any status is an answer."""

def carry_frames(data: bytes, max_chars: int) -> builtins.list[str]:
    """A bundle or receipt as texts for a looping sequence of QR codes, each of at most `max_chars`
    characters (600 is easy to scan; what is less than 128 or more than 4,296 is taken as that), all of
    the alphanumeric mode.

    Errors:
    `Rejected` when it does not fit.
    """

def locale_from_tag(tag: str) -> Locale:
    """The language for a tag of the platform, for example `zh-Hans-CN` or `en_GB`; Chinese for others."""

class HttpxTransport(Transport):
    """Calls a server over HTTP or HTTPS.

    ``verify`` is what httpx takes: an ``ssl.SSLContext`` pins certificates. Each call opens a
    connection of its own, so one transport serves any number of event loops.
    """
    def __init__(
        self,
        *,
        verify: bool | str | ssl.SSLContext = True,
        timeout_s: float = 60.0,
        trust_env: bool = True,
    ) -> None:
        """Takes what certificates are checked by, the longest wait in seconds, and whether proxies
        that the environment names are used.
        """
    async def call(self, request: HttpRequest) -> HttpReply:
        """Makes one call. Raises ``TransportError`` when there is no whole reply; the library makes
        the call again then.
        """

def open_client(
    path: str | os.PathLike[str],
    key: bytes,
    *,
    locale: Locale = ...,
    transport: Transport | None = None,
) -> AbstractAsyncContextManager[Client]:
    """Opens the store at ``path``, or makes one, and shuts it down at the end of the block.

    ``key`` is 32 bytes that the app keeps in the platform's keystore. Raises ``ClientError.WrongKey``,
    ``ClientError.DamagedStore`` or ``ClientError.InUse``; never makes a new store in place of one
    that does not open.
    """
