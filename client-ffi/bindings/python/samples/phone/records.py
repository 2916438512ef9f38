"""Commands about records: forms, capture, lists, one record, its history."""

import argparse
from datetime import datetime

from gridfold import (
    Delivery,
    Draft,
    EntryState,
    FieldInfo,
    FieldKind,
    FieldValue,
    FormInfo,
    Operation,
    RecordDetail,
    RecordQuery,
    Sort,
)

from capture import capture
from faults import NOT_FOUND, Mistake
from phone import Phone, short
from screen import clean, local_time, table
from values import (
    choice_label,
    field_of,
    hint,
    now_ms,
    settings,
    shown_content,
    shown_value,
)

_DELIVERY = {
    None: "delivery.none",
    Delivery.ON_THIS_PHONE: "delivery.here",
    Delivery.AT_SERVER: "delivery.server",
    Delivery.SEEN_BY_SUPERVISOR: "delivery.seen",
    Delivery.REFUSED: "delivery.refused",
}


async def forms(phone: Phone, args: argparse.Namespace) -> None:
    """All forms, or the fields of one."""
    if args.form is None:
        rows = [[f.code, f.label, str(f.version)] for f in (await phone.forms()).values()]
        print(table([phone.say(f"forms.{c}") for c in ("code", "label", "version")], rows))
        return
    form = await phone.form(args.form)
    rows = [
        [f.key, f.label, "*" if f.required else "", "" if f.writable else "-", hint(phone, f)]
        for f in form.fields
    ]
    columns = ("code", "label", "required", "writable", "how")
    print(table([phone.say(f"forms.{c}") for c in columns], rows, widest=60))


def _moments_now(form: FormInfo, operations: list[Operation]) -> list[Operation]:
    """Required moments that were not given are now, as on a phone's screen."""
    given = {getattr(op, "field", None) for op in operations}
    return [
        Operation.SET(f.key, FieldValue.DATE_TIME(now_ms()))
        for f in form.fields
        if f.required and isinstance(f.kind, FieldKind.DATE_TIME) and f.key not in given
    ]


async def new(phone: Phone, args: argparse.Namespace) -> None:
    """Captures a record: from `--set`, or by questions when none is given."""
    form = await phone.form(args.form)
    grid = await phone.grid(args.grid)
    operations = await settings(phone, form, args.set)
    if args.ask or not args.set:
        draft = Draft(grid=grid, form=form.code, operations=operations)
        record_id = await capture(phone, form, draft, None)
    else:
        operations += _moments_now(form, operations)
        record_id = await phone.client.create(grid, form.code, operations)
    print(phone.say("new.done", form=form.label, id=record_id))


async def edit(phone: Phone, args: argparse.Namespace) -> None:
    """Changes fields of a record."""
    record = await record_of(phone, args.record)
    form = await phone.form(record.form)
    operations = await settings(phone, form, args.set, record)
    operations += [Operation.UNSET(field_of(form, key).key) for key in args.unset]
    if not args.set and not args.unset:
        draft = Draft(grid=record.grid, form=form.code, record_id=record.id, operations=[])
        await capture(phone, form, draft, record)
    elif operations:
        await phone.client.edit(record.id, operations)
    print(phone.say("edit.done", id=short(record.id)))


async def delete(phone: Phone, args: argparse.Namespace) -> None:
    """Marks a record as deleted."""
    record_id = await phone.record_id(args.record)
    await phone.client.edit(record_id, [Operation.DELETE()])
    print(phone.say("edit.done", id=short(record_id)))


async def restore(phone: Phone, args: argparse.Namespace) -> None:
    """Takes the mark away."""
    record_id = await phone.record_id(args.record)
    await phone.client.edit(record_id, [Operation.RESTORE()])
    print(phone.say("edit.done", id=short(record_id)))


async def record_of(phone: Phone, given: str) -> RecordDetail:
    """A record by its id or the end of it."""
    record = await phone.client.get(await phone.record_id(given))
    if record is None:
        raise Mistake("error.not_found", exit_code=NOT_FOUND)
    return record


def _day(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise Mistake("error.time") from error


def status_label(form: FormInfo | None, status: str | None) -> str:
    """A status as its form names it."""
    known = form.statuses if form is not None else []
    return next((s.label for s in known if s.key == status), status or "")


def title_of(form: FormInfo | None, title: str) -> str:
    """A title as people read it: of a choice the library gives the key."""
    fields = form.fields if form is not None else []
    named_by = form.title_field if form is not None else None
    return choice_label(next((f for f in fields if f.key == named_by), None), title)


async def list_records(phone: Phone, args: argparse.Namespace) -> None:
    """One page of records."""
    household = args.household and await phone.record_id(args.household)
    page = await phone.client.list(
        RecordQuery(
            form=args.form,
            grid=args.grid,
            household_id=household,
            status=args.status,
            text=args.text,
            from_ms=_day(args.since),
            to_ms=_day(args.until),
            mine=args.mine,
            open=args.open,
            overdue=args.overdue,
            due_soon=args.due_soon,
            sort=Sort[args.sort.upper()],
            limit=args.limit,
            after=args.after,
            include_deleted=args.deleted,
        )
    )
    known = await phone.forms()
    rows = []
    for r in page.items:
        form = known.get(r.form)
        notes = [phone.say("list.conflicts", n=r.conflicts)] if r.conflicts else []
        notes += [phone.say("list.refused", n=r.refused)] if r.refused else []
        notes += [phone.say("list.deleted")] if r.deleted else []
        rows.append(
            [
                short(r.id),
                form.label if form is not None else r.form,
                title_of(form, r.title),
                status_label(form, r.status),
                local_time(r.updated_at_ms),
                phone.say(_DELIVERY[r.delivery]),
                " ".join(notes),
            ]
        )
    columns = ("id", "form", "title", "status", "updated", "delivery", "notes")
    print(table([phone.say(f"list.{c}") for c in columns], rows))
    print(phone.say("list.total", shown=len(rows), total=page.total))
    if page.next is not None:
        print(phone.say("list.more", after=page.next))


async def show(phone: Phone, args: argparse.Namespace) -> None:
    """One record: fields, conflicts, delivery, what may be done next, comments."""
    record = await record_of(phone, args.record)
    form = (await phone.forms()).get(record.form)
    say, known = phone.say, {f.key: f for f in form.fields} if form is not None else {}
    print(f"{form.label if form is not None else record.form} {record.id}")
    order = [k for k in known if k in record.fields and k != "comments"]
    order += sorted(set(record.fields) - set(known))
    for key in order:
        content = shown_content(phone, known.get(key), record.fields[key])
        print(f"  {_label(known, key)}: " + content.replace("\n", "\n    "))
    if record.status is not None:
        print(f"{say('show.status')}: {status_label(form, record.status)}")
    for tip in record.status_tips:
        what = f"{status_label(form, tip.status)} {clean(tip.note)}"
        print(f"  {say('show.status_tip')}: {what.rstrip()}")
    if record.deleted:
        print(say("show.deleted"))
    if record.missing:
        missing = ", ".join(_label(known, key) for key in record.missing)
        print(f"{say('show.missing')}: {missing}")
    await _show_conflicts(phone, record, known)
    print(f"{say('list.delivery')}: {say(_DELIVERY[record.delivery])}")
    if record.refused:
        print(say("show.refused", n=record.refused))
    for step in await phone.client.next_transitions(record.id):
        needs = ", ".join(_label(known, key) for key in step.needs)
        note = say("show.needs", fields=needs) if needs else ""
        status = f" → {step.to_label}" if step.to_label else ""
        print(f"{say('show.next')}: {step.action} = {step.label}{status} {note}".rstrip())
    if "comments" in known:
        for comment in await phone.client.comments(record.id):
            who = clean(comment.user_name or "?")
            print(f"{say('show.comment')} {local_time(comment.at_ms)} {who}: {clean(comment.text)}")


def _label(known: dict[str, FieldInfo], path: str) -> str:
    field = known.get(path.partition("/")[0])
    return clean(field.label if field is not None else path)


def member_of(known: dict[str, FieldInfo], path: str) -> FieldInfo | None:
    """The field, or the member of an item, that `field` or `field/item/member` names."""
    key, _, rest = path.partition("/")
    field = known.get(key)
    if not rest or field is None or not isinstance(field.kind, FieldKind.GROUP):
        return field
    return next((m for m in field.kind.members if m.key == rest.rpartition("/")[2]), None)


async def _show_conflicts(phone: Phone, record: RecordDetail, known: dict[str, FieldInfo]) -> None:
    for conflict in record.conflicts:
        print(f"{phone.say('show.conflict')}: {_label(known, conflict.path)} ({conflict.path})")
        for number, side in enumerate(conflict.sides, 1):
            value = shown_value(phone, member_of(known, conflict.path), side.value)
            when = local_time(side.captured_at_ms)
            print(f"  {number}  {value}  ({clean(side.user_name or '?')}, {when})")


async def history(phone: Phone, args: argparse.Namespace) -> None:
    """All that was done to a record, by the clocks of those who did it."""
    record_id = await phone.record_id(args.record)
    for entry in await phone.client.history(record_id):
        received = local_time(entry.received_at_ms)
        who = clean(entry.user_name or "?")
        when = phone.say("history.when", at=local_time(entry.captured_at_ms), received=received)
        print(f"{when}  {who}  {_state(phone, entry.state)}")
        for line in entry.words:
            print(f"  {clean(line)}")


def _state(phone: Phone, state: EntryState) -> str:
    if isinstance(state, EntryState.REFUSED):
        return phone.say("history.refused", reason=state.reason)
    if isinstance(state, EntryState.ADMITTED):
        return phone.say("history.late" if state.late else "history.admitted")
    if isinstance(state, EntryState.CARRIED):
        return phone.say("history.carried")
    return phone.say(
        "delivery.server" if isinstance(state, EntryState.AT_SERVER) else "delivery.here"
    )


def describe(phone: Phone, known: dict[str, FieldInfo], operation: Operation) -> str:
    """An operation on one line."""
    say = phone.say
    if isinstance(operation, Operation.TRANSITION):
        return say("op.transition", action=operation.action, note=clean(operation.note)).rstrip()
    if isinstance(operation, (Operation.DELETE, Operation.RESTORE)):
        return say("op.delete" if isinstance(operation, Operation.DELETE) else "op.restore")
    key: str = getattr(operation, "field")
    field, label = known.get(key), _label(known, key)
    if isinstance(operation, Operation.SET):
        return say("op.set", field=label, value=shown_value(phone, field, operation.value))
    if isinstance(operation, Operation.SET_LONG_TEXT):
        return say("op.set", field=label, value=clean(operation.text))
    if isinstance(operation, Operation.SPLICE):
        return say("op.splice", field=label, n=operation.delete, text=clean(operation.insert))
    if isinstance(operation, Operation.CHOOSE):
        return say("op.choose", field=label, value=choice_label(field, operation.choice))
    if isinstance(operation, Operation.UNCHOOSE):
        return say("op.unchoose", field=label, value=choice_label(field, operation.choice))
    if isinstance(operation, Operation.COUNT):
        return say("op.count", field=label, by=f"{operation.by:+}")
    if isinstance(operation, Operation.SET_MEMBER):
        member = member_of(known, f"{key}/{operation.item}/{operation.member}")
        value = shown_value(phone, member, operation.value)
        name = member.label if member is not None else operation.member
        return say("op.set", field=f"{label} / {clean(name)}", value=value)
    return say("op.other", field=label, what=type(operation).__name__.rpartition(".")[2].lower())


COMMANDS = {
    "forms": forms,
    "new": new,
    "edit": edit,
    "delete": delete,
    "restore": restore,
    "list": list_records,
    "show": show,
    "history": history,
}
