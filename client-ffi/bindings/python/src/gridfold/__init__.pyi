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
    "ListenerError",
    "Locale",
    "MatterKind",
    "MendedStore",
    "NextTransition",
    "OpenConfig",
    "Operation",
    "RecordDetail",
    "RecordEdit",
    "RecordPage",
    "RecordQuery",
    "RecordSummary",
    "RefusedEdit",
    "Sensitivity",
    "Sort",
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
    "Watch",
    "WatchTarget",
    "carry_frames",
    "locale_from_tag",
    "open_client",
]

class FieldValue:
    class TEXT(FieldValue):
        text: str
        def __init__(self, text: str) -> None: ...
    class INTEGER(FieldValue):
        number: int
        def __init__(self, number: int) -> None: ...
    class DECIMAL(FieldValue):
        number: str
        def __init__(self, number: str) -> None: ...
    class BOOLEAN(FieldValue):
        yes: bool
        def __init__(self, yes: bool) -> None: ...
    class DATE(FieldValue):
        date: str
        def __init__(self, date: str) -> None: ...
    class DATE_TIME(FieldValue):
        at_ms: int
        def __init__(self, at_ms: int) -> None: ...
    class CHOICE(FieldValue):
        key: str
        def __init__(self, key: str) -> None: ...
    class GEOPOINT(FieldValue):
        latitude: float
        longitude: float
        def __init__(self, latitude: float, longitude: float) -> None: ...
    class REFERENCE(FieldValue):
        record_id: str
        def __init__(self, record_id: str) -> None: ...
    class PERSON(FieldValue):
        user_id: str
        name: str
        def __init__(self, user_id: str, name: str) -> None: ...

class Operation:
    class SET(Operation):
        field: str
        value: FieldValue
        def __init__(self, field: str, value: FieldValue) -> None: ...
    class UNSET(Operation):
        field: str
        def __init__(self, field: str) -> None: ...
    class SPLICE(Operation):
        field: str
        at: int
        delete: int
        insert: str
        def __init__(self, field: str, at: int, delete: int, insert: str) -> None: ...
    class SET_LONG_TEXT(Operation):
        field: str
        text: str
        def __init__(self, field: str, text: str) -> None: ...
    class CHOOSE(Operation):
        field: str
        choice: str
        def __init__(self, field: str, choice: str) -> None: ...
    class UNCHOOSE(Operation):
        field: str
        choice: str
        def __init__(self, field: str, choice: str) -> None: ...
    class ADD_ITEM(Operation):
        field: str
        item: str
        def __init__(self, field: str, item: str) -> None: ...
    class REMOVE_ITEM(Operation):
        field: str
        item: str
        def __init__(self, field: str, item: str) -> None: ...
    class SET_MEMBER(Operation):
        field: str
        item: str
        member: str
        value: FieldValue
        def __init__(self, field: str, item: str, member: str, value: FieldValue) -> None: ...
    class UNSET_MEMBER(Operation):
        field: str
        item: str
        member: str
        def __init__(self, field: str, item: str, member: str) -> None: ...
    class COUNT(Operation):
        field: str
        by: int
        def __init__(self, field: str, by: int) -> None: ...
    class TRANSITION(Operation):
        action: str
        note: str
        def __init__(self, action: str, note: str) -> None: ...
    class DELETE(Operation):
        def __init__(self) -> None: ...
    class RESTORE(Operation):
        def __init__(self) -> None: ...

class FieldKind:
    class TEXT(FieldKind):
        max_chars: int
        pattern: str | None
        def __init__(self, max_chars: int, pattern: str | None) -> None: ...
    class LONG_TEXT(FieldKind):
        max_chars: int
        def __init__(self, max_chars: int) -> None: ...
    class INTEGER(FieldKind):
        min: int | None
        max: int | None
        def __init__(self, min: int | None, max: int | None) -> None: ...
    class DECIMAL(FieldKind):
        min: str | None
        max: str | None
        scale: int
        def __init__(self, min: str | None, max: str | None, scale: int) -> None: ...
    class BOOLEAN(FieldKind):
        def __init__(self) -> None: ...
    class DATE(FieldKind):
        min: str | None
        max: str | None
        def __init__(self, min: str | None, max: str | None) -> None: ...
    class DATE_TIME(FieldKind):
        def __init__(self) -> None: ...
    class CHOOSE_ONE(FieldKind):
        choices: builtins.list[Choice]
        def __init__(self, choices: builtins.list[Choice]) -> None: ...
    class CHOOSE_MANY(FieldKind):
        choices: builtins.list[Choice]
        def __init__(self, choices: builtins.list[Choice]) -> None: ...
    class GEOPOINT(FieldKind):
        def __init__(self) -> None: ...
    class REFERENCE(FieldKind):
        form: str
        def __init__(self, form: str) -> None: ...
    class PERSON(FieldKind):
        def __init__(self) -> None: ...
    class GROUP(FieldKind):
        members: builtins.list['FieldInfo']
        max_items: int
        def __init__(self, members: builtins.list['FieldInfo'], max_items: int) -> None: ...
    class COUNTER(FieldKind):
        max_step: int
        def __init__(self, max_step: int) -> None: ...

class Sensitivity(enum.Enum):
    GENERAL = 0
    PERSONAL = 1
    RESTRICTED = 2

class EntryState:
    class PENDING(EntryState):
        def __init__(self) -> None: ...
    class AT_SERVER(EntryState):
        def __init__(self) -> None: ...
    class CARRIED(EntryState):
        def __init__(self) -> None: ...
    class ADMITTED(EntryState):
        late: bool
        def __init__(self, late: bool) -> None: ...
    class REFUSED(EntryState):
        code: str
        reason: str
        def __init__(self, code: str, reason: str) -> None: ...

class Delivery(enum.Enum):
    ON_THIS_PHONE = 0
    AT_SERVER = 1
    SEEN_BY_SUPERVISOR = 2
    REFUSED = 3

class Locale(enum.Enum):
    ZH = 0
    EN = 1

class FieldContent:
    class VALUE(FieldContent):
        value: FieldValue
        def __init__(self, value: FieldValue) -> None: ...
    class LONG_TEXT(FieldContent):
        text: str
        def __init__(self, text: str) -> None: ...
    class CHOICES(FieldContent):
        keys: builtins.list[str]
        def __init__(self, keys: builtins.list[str]) -> None: ...
    class ITEMS(FieldContent):
        items: builtins.list[GroupItem]
        def __init__(self, items: builtins.list[GroupItem]) -> None: ...
    class COUNT(FieldContent):
        total: int
        def __init__(self, total: int) -> None: ...

class Sort(enum.Enum):
    UPDATED = 0
    CAPTURED = 1
    TITLE = 2

class CarryImport:
    class RELAY(CarryImport):
        id: str
        def __init__(self, id: str) -> None: ...
    class ENTRIES(CarryImport):
        id: str
        author_name: str | None
        entries: int
        def __init__(self, id: str, author_name: str | None, entries: int) -> None: ...
    class RECEIPT(CarryImport):
        id: str
        entries: int
        def __init__(self, id: str, entries: int) -> None: ...
    class RECEIPT_FOR_OTHER(CarryImport):
        id: str
        def __init__(self, id: str) -> None: ...

class CarryTo:
    class SERVER(CarryTo):
        def __init__(self) -> None: ...
    class COLLEAGUE(CarryTo):
        user_id: str
        def __init__(self, user_id: str) -> None: ...
    class GRID(CarryTo):
        grid: str
        def __init__(self, grid: str) -> None: ...

class ClientError(Exception):
    class Offline(ClientError):
        retry_after_s: int | None
        def __init__(self, retry_after_s: int | None) -> None: ...
    class SignInRequired(ClientError):
        def __init__(self) -> None: ...
    class Rejected(ClientError):
        code: str
        field: str | None
        reason: str
        def __init__(self, code: str, field: str | None, reason: str) -> None: ...
    class UpdateRequired(ClientError):
        def __init__(self) -> None: ...
    class StorageFull(ClientError):
        def __init__(self) -> None: ...
    class WrongKey(ClientError):
        def __init__(self) -> None: ...
    class KeyUnavailable(ClientError):
        def __init__(self) -> None: ...
    class DamagedStore(ClientError):
        part: str
        def __init__(self, part: str) -> None: ...
    class NoStore(ClientError):
        def __init__(self) -> None: ...
    class StoreExists(ClientError):
        def __init__(self) -> None: ...
    class InUse(ClientError):
        def __init__(self) -> None: ...
    class Closed(ClientError):
        def __init__(self) -> None: ...
    class Cancelled(ClientError):
        def __init__(self) -> None: ...
    class Revoked(ClientError):
        def __init__(self) -> None: ...
    class NotFound(ClientError):
        def __init__(self) -> None: ...
    class Internal(ClientError):
        reference: str
        def __init__(self, reference: str) -> None: ...

class SyncState:
    class IDLE(SyncState):
        def __init__(self) -> None: ...
    class RUNNING(SyncState):
        progress: SyncProgress
        def __init__(self, progress: SyncProgress) -> None: ...
    class DONE(SyncState):
        report: SyncReport
        def __init__(self, report: SyncReport) -> None: ...
    class FAILED(SyncState):
        error: ClientError
        def __init__(self, error: ClientError) -> None: ...

class ClientEvent:
    class CHANGED(ClientEvent):
        record_ids: builtins.list[str]
        by_sync: bool
        everything: bool
        def __init__(self, record_ids: builtins.list[str], by_sync: bool, everything: bool) -> None: ...
    class RECORD(ClientEvent):
        record: RecordDetail | None
        def __init__(self, record: RecordDetail | None) -> None: ...
    class LIST(ClientEvent):
        page: RecordPage
        def __init__(self, page: RecordPage) -> None: ...
    class SYNC(ClientEvent):
        state: SyncState
        def __init__(self, state: SyncState) -> None: ...

class KeyStoreError(Exception):
    class Unavailable(KeyStoreError):
        def __init__(self) -> None: ...
    class KeyLost(KeyStoreError):
        def __init__(self) -> None: ...
    class Failed(KeyStoreError):
        def __init__(self) -> None: ...

class ListenerError(Exception):
    class Failed(ListenerError):
        def __init__(self) -> None: ...

class RecordEdit:
    class CREATE(RecordEdit):
        record_id: str | None
        grid: str
        form: str
        operations: builtins.list[Operation]
        def __init__(self, record_id: str | None, grid: str, form: str, operations: builtins.list[Operation]) -> None: ...
    class EDIT(RecordEdit):
        record_id: str
        operations: builtins.list[Operation]
        def __init__(self, record_id: str, operations: builtins.list[Operation]) -> None: ...

class TransportError(Exception):
    class Unreachable(TransportError):
        def __init__(self) -> None: ...
    class Interrupted(TransportError):
        def __init__(self) -> None: ...
    class Timeout(TransportError):
        def __init__(self) -> None: ...
    class Tls(TransportError):
        def __init__(self) -> None: ...
    class Failed(TransportError):
        def __init__(self) -> None: ...

class WatchTarget:
    class EVERYTHING(WatchTarget):
        def __init__(self) -> None: ...
    class RECORD(WatchTarget):
        record_id: str
        def __init__(self, record_id: str) -> None: ...
    class LIST(WatchTarget):
        query: RecordQuery
        def __init__(self, query: RecordQuery) -> None: ...
    class SYNC(WatchTarget):
        def __init__(self) -> None: ...

class Area:
    code: str
    name: str
    parent: str | None
    level: str
    mine: bool
    def __init__(self, *, code: str, name: str, parent: str | None, level: str, mine: bool) -> None: ...

class AutoSyncSettings:
    interval_s: int
    debounce_s: int
    def __init__(self, *, interval_s: int = 900, debounce_s: int = 2) -> None: ...

class CarriedEdit:
    bundle_id: str
    record_id: str | None
    user_name: str | None
    captured_at_ms: int
    operations: builtins.list[Operation]
    def __init__(self, *, bundle_id: str, record_id: str | None, user_name: str | None, captured_at_ms: int, operations: builtins.list[Operation]) -> None: ...

class CarriedReceipt:
    id: str
    user_name: str | None
    data: bytes
    def __init__(self, *, id: str, user_name: str | None, data: bytes) -> None: ...

class CarryBundle:
    id: str
    data: bytes
    entries: int
    left: int
    def __init__(self, *, id: str, data: bytes, entries: int, left: int) -> None: ...

class CarryScan:
    taken: bool
    have: int
    of: int
    data: bytes | None
    def __init__(self, *, taken: bool, have: int, of: int, data: bytes | None) -> None: ...

class Choice:
    key: str
    label: str
    def __init__(self, *, key: str, label: str) -> None: ...

class Colleague:
    user_id: str
    name: str
    def __init__(self, *, user_id: str, name: str) -> None: ...

class Comment:
    item: str
    text: str
    at_ms: int | None
    user_name: str | None
    def __init__(self, *, item: str, text: str, at_ms: int | None, user_name: str | None) -> None: ...

class ConflictSide:
    value: FieldValue
    user_name: str | None
    device_id: str | None
    captured_at_ms: int | None
    received_at_ms: int | None
    def __init__(self, *, value: FieldValue, user_name: str | None, device_id: str | None, captured_at_ms: int | None, received_at_ms: int | None) -> None: ...

class Conflict:
    path: str
    sides: builtins.list[ConflictSide]
    def __init__(self, *, path: str, sides: builtins.list[ConflictSide]) -> None: ...

class Draft:
    id: str | None
    grid: str
    form: str
    record_id: str | None
    operations: builtins.list[Operation]
    app_state: str
    updated_at_ms: int | None
    def __init__(self, *, id: str | None = ..., grid: str, form: str, record_id: str | None = ..., operations: builtins.list[Operation], app_state: str = '', updated_at_ms: int | None = ...) -> None: ...

class FieldInfo:
    key: str
    label: str
    kind: FieldKind
    means: str | None
    required: bool
    sensitivity: Sensitivity
    writable: bool
    conditional: bool
    def __init__(self, *, key: str, label: str, kind: FieldKind, means: str | None, required: bool, sensitivity: Sensitivity, writable: bool, conditional: bool) -> None: ...

class StatusInfo:
    key: str
    label: str
    done: bool
    closed: bool
    def __init__(self, *, key: str, label: str, done: bool, closed: bool) -> None: ...

class FormInfo:
    code: str
    version: int
    label: str
    means: str | None
    title_field: str | None
    fields: builtins.list['FieldInfo']
    statuses: builtins.list[StatusInfo]
    def __init__(self, *, code: str, version: int, label: str, means: str | None, title_field: str | None, fields: builtins.list['FieldInfo'], statuses: builtins.list[StatusInfo]) -> None: ...

class GroupItem:
    key: str
    members: dict[str, FieldValue]
    def __init__(self, *, key: str, members: dict[str, FieldValue]) -> None: ...

class HistoryEntry:
    entry: str
    user_name: str | None
    device_id: str | None
    captured_at_ms: int
    received_at_ms: int | None
    form_version: int
    state: EntryState
    delivery: Delivery | None
    words: builtins.list[str]
    operations: builtins.list[Operation]
    def __init__(self, *, entry: str, user_name: str | None, device_id: str | None, captured_at_ms: int, received_at_ms: int | None, form_version: int, state: EntryState, delivery: Delivery | None, words: builtins.list[str], operations: builtins.list[Operation]) -> None: ...

class HttpHeader:
    name: str
    value: str
    def __init__(self, *, name: str, value: str) -> None: ...

class HttpReply:
    status: int
    headers: builtins.list[HttpHeader]
    body: bytes
    def __init__(self, *, status: int, headers: builtins.list[HttpHeader], body: bytes) -> None: ...

class HttpRequest:
    method: str
    base_url: str
    path: str
    headers: builtins.list[HttpHeader]
    body: bytes
    def __init__(self, *, method: str, base_url: str, path: str, headers: builtins.list[HttpHeader], body: bytes) -> None: ...

class Identity:
    user_id: str
    user_name: str
    device_id: str
    server_url: str
    def __init__(self, *, user_id: str, user_name: str, device_id: str, server_url: str) -> None: ...

class MatterKind:
    code: str
    label: str
    department: str
    urgent: bool
    def __init__(self, *, code: str, label: str, department: str, urgent: bool) -> None: ...

class MendedStore:
    at_ms: int
    records: int
    complete: bool
    message_zh: str
    message_en: str
    def __init__(self, *, at_ms: int, records: int, complete: bool, message_zh: str, message_en: str) -> None: ...

class NextTransition:
    action: str
    label: str
    to_status: str
    to_label: str
    needs: builtins.list[str]
    note_expected: bool
    def __init__(self, *, action: str, label: str, to_status: str, to_label: str, needs: builtins.list[str], note_expected: bool) -> None: ...

class OpenConfig:
    path: str
    locale: Locale
    def __init__(self, *, path: str, locale: Locale) -> None: ...

class StatusTip:
    action: str
    status: str
    note: str
    def __init__(self, *, action: str, status: str, note: str) -> None: ...

class RecordDetail:
    id: str
    form: str
    form_version: int
    grid: str
    title: str
    household_id: str | None
    fields: dict[str, FieldContent]
    status: str | None
    status_tips: builtins.list[StatusTip]
    deleted: bool
    conflicts: builtins.list[Conflict]
    missing: builtins.list[str]
    pending: bool
    refused: int
    delivery: Delivery | None
    def __init__(self, *, id: str, form: str, form_version: int, grid: str, title: str, household_id: str | None, fields: dict[str, FieldContent], status: str | None, status_tips: builtins.list[StatusTip], deleted: bool, conflicts: builtins.list[Conflict], missing: builtins.list[str], pending: bool, refused: int, delivery: Delivery | None) -> None: ...

class RecordSummary:
    id: str
    form: str
    grid: str
    household_id: str | None
    status: str | None
    title: str
    captured_at_ms: int
    updated_at_ms: int
    conflicts: int
    deleted: bool
    pending: bool
    refused: int
    delivery: Delivery | None
    def __init__(self, *, id: str, form: str, grid: str, household_id: str | None, status: str | None, title: str, captured_at_ms: int, updated_at_ms: int, conflicts: int, deleted: bool, pending: bool, refused: int, delivery: Delivery | None) -> None: ...

class RecordPage:
    items: builtins.list[RecordSummary]
    next: str | None
    total: int
    def __init__(self, *, items: builtins.list[RecordSummary], next: str | None, total: int) -> None: ...

class RecordQuery:
    form: str | None
    grid: str | None
    household_id: str | None
    status: str | None
    text: str | None
    from_ms: int | None
    to_ms: int | None
    sort: Sort | None
    limit: int
    after: str | None
    include_deleted: bool
    def __init__(self, *, form: str | None = ..., grid: str | None = ..., household_id: str | None = ..., status: str | None = ..., text: str | None = ..., from_ms: int | None = ..., to_ms: int | None = ..., sort: Sort | None = ..., limit: int = 0, after: str | None = ..., include_deleted: bool = False) -> None: ...

class RefusedEdit:
    id: str
    record_id: str
    operations: builtins.list[Operation]
    code: str
    reason: str
    captured_at_ms: int
    def __init__(self, *, id: str, record_id: str, operations: builtins.list[Operation], code: str, reason: str, captured_at_ms: int) -> None: ...

class Status:
    pending: int
    refused: int
    server_reachable: bool | None
    last_error: str | None
    last_sync_ms: int | None
    clock_skew_ms: int
    storage_bytes: int
    damaged: bool
    mended: MendedStore | None
    def __init__(self, *, pending: int, refused: int, server_reachable: bool | None, last_error: str | None, last_sync_ms: int | None, clock_skew_ms: int, storage_bytes: int, damaged: bool, mended: MendedStore | None) -> None: ...

class SyncProgress:
    round_trips: int
    pushed: int
    pending: int
    pulled: int
    bytes: int
    def __init__(self, *, round_trips: int, pushed: int, pending: int, pulled: int, bytes: int) -> None: ...

class SyncReport:
    round_trips: int
    bytes_up: int
    bytes_down: int
    pushed: int
    admitted: int
    refused: int
    pulled: int
    directory_changed: bool
    erased_streams: builtins.list[str]
    wiped: bool
    more: bool
    def __init__(self, *, round_trips: int, bytes_up: int, bytes_down: int, pushed: int, admitted: int, refused: int, pulled: int, directory_changed: bool, erased_streams: builtins.list[str], wiped: bool, more: bool) -> None: ...

class SyncSettings:
    budget_bytes: int
    def __init__(self, *, budget_bytes: int = 0) -> None: ...

class UndoneEdit:
    record_id: str
    form: str
    grid: str
    created: bool
    operations: builtins.list[Operation]
    def __init__(self, *, record_id: str, form: str, grid: str, created: bool, operations: builtins.list[Operation]) -> None: ...

class CarryReader:
    def __init__(self) -> None: ...
    def scan(self, frame: str) -> CarryScan: ...

class EventListener:
    def on_event(self, event: ClientEvent) -> None: ...

class Subscription:
    def stop(self) -> None: ...

class Watch:
    async def next_event(self) -> ClientEvent | None: ...
    def stop(self) -> None: ...

class Client:
    @classmethod
    async def open(cls, config: OpenConfig, key: bytes, transport: Transport) -> Client: ...
    @classmethod
    async def open_existing(cls, config: OpenConfig, key: bytes, transport: Transport) -> Client: ...
    @classmethod
    async def open_with_key_store(cls, config: OpenConfig, key_store: KeyStore, transport: Transport) -> Client: ...
    async def acknowledge(self, record_id: str) -> None: ...
    async def areas(self) -> builtins.list[Area]: ...
    def cancel_sync(self) -> None: ...
    async def carried(self) -> builtins.list[CarriedEdit]: ...
    async def carry_drop(self, id: str) -> None: ...
    async def carry_export(self, to: CarryTo) -> CarryBundle: ...
    async def carry_import(self, data: bytes) -> CarryImport: ...
    async def carry_receipts(self) -> builtins.list[CarriedReceipt]: ...
    async def change(self, edits: builtins.list[RecordEdit]) -> builtins.list[str]: ...
    async def choose(self, record_id: str, path: str, value: FieldValue) -> None: ...
    async def colleagues(self) -> builtins.list[Colleague]: ...
    async def comment(self, record_id: str, text: str) -> None: ...
    async def comments(self, record_id: str) -> builtins.list[Comment]: ...
    async def commit_draft(self, draft_id: str) -> str: ...
    async def count(self, query: RecordQuery) -> int: ...
    async def create(self, grid: str, form: str, operations: builtins.list[Operation]) -> str: ...
    async def discard_draft(self, draft_id: str) -> None: ...
    async def discard_refused(self, refused_id: str) -> None: ...
    async def drafts(self) -> builtins.list[Draft]: ...
    async def edit(self, record_id: str, operations: builtins.list[Operation]) -> None: ...
    async def enrol(self, code_or_qr: str, server_url: str | None = ...) -> Identity: ...
    async def forms(self) -> builtins.list[FormInfo]: ...
    async def get(self, record_id: str) -> RecordDetail | None: ...
    async def history(self, record_id: str) -> builtins.list[HistoryEntry]: ...
    async def identity(self) -> Identity | None: ...
    async def list(self, query: RecordQuery) -> RecordPage: ...
    def listen(self, target: WatchTarget, listener: EventListener) -> Subscription: ...
    async def matter_kinds(self) -> builtins.list[MatterKind]: ...
    async def mended_seen(self) -> None: ...
    def network_available(self, available: bool) -> None: ...
    def new_record_id(self) -> str: ...
    async def next_transitions(self, record_id: str) -> builtins.list[NextTransition]: ...
    def reason(self, code: str) -> str: ...
    async def refused(self) -> builtins.list[RefusedEdit]: ...
    async def retry_refused(self, refused_id: str) -> None: ...
    async def run_auto_sync(self, settings: AutoSyncSettings) -> None: ...
    async def save_draft(self, draft: Draft) -> str: ...
    def shut_down(self) -> None: ...
    async def sign_out(self, discard_unsent: bool = False) -> bool: ...
    async def status(self) -> Status: ...
    def stop_auto_sync(self) -> None: ...
    async def sync(self, settings: SyncSettings) -> SyncReport: ...
    async def transition(self, record_id: str, action: str, note: str = '') -> None: ...
    async def undo_last(self) -> builtins.list[UndoneEdit]: ...
    async def visible_fields(self, form: str, record_id: str | None, operations: builtins.list[Operation]) -> builtins.list[str]: ...
    def watch(self, target: WatchTarget) -> Watch: ...
    async def wipe(self) -> None: ...

class KeyStore:
    def wrap(self, key: bytes) -> bytes: ...
    def unwrap_key(self, wrapped: bytes) -> bytes: ...

class Transport:
    async def call(self, request: HttpRequest) -> HttpReply: ...

def carry_frames(data: bytes, max_chars: int) -> builtins.list[str]: ...

def locale_from_tag(tag: str) -> Locale: ...

class HttpxTransport(Transport):
    def __init__(
        self,
        *,
        verify: bool | str | ssl.SSLContext = True,
        timeout_s: float = 60.0,
        trust_env: bool = True,
    ) -> None: ...
    async def call(self, request: HttpRequest) -> HttpReply: ...

def open_client(
    path: str | os.PathLike[str],
    key: bytes,
    *,
    locale: Locale = ...,
    transport: Transport | None = None,
) -> AbstractAsyncContextManager[Client]: ...
