"""Commands of a day's work: choosing, transitions, comments, undo, drafts, refused edits."""

import argparse

from gridfold import Draft

from capture import capture
from faults import NOT_FOUND, Mistake
from phone import Phone, only_one, short
from records import describe, member_of, record_of
from screen import clean, local_time, table
from values import value_of


async def choose(phone: Phone, args: argparse.Namespace) -> None:
    """Settles a conflict by one of its sides, or by a third value."""
    record = await record_of(phone, args.record)
    form = await phone.form(record.form)
    known = {f.key: f for f in form.fields}
    conflict = next((c for c in record.conflicts if c.path == args.path), None)
    if conflict is None:
        paths = ", ".join(c.path for c in record.conflicts) or "-"
        raise Mistake("error.no_conflict", exit_code=NOT_FOUND, paths=paths)
    if args.value is not None:
        field = member_of(known, args.path)
        if field is None:
            raise Mistake("error.no_field", fields=", ".join(known))
        value = await value_of(phone, field, args.value)
    elif args.side is not None and 1 <= args.side <= len(conflict.sides):
        value = conflict.sides[args.side - 1].value
    else:
        raise Mistake("error.which_side", n=len(conflict.sides))
    await phone.client.choose(record.id, conflict.path, value)
    print(phone.say("edit.done", id=short(record.id)))


async def do(phone: Phone, args: argparse.Namespace) -> None:
    """Makes a transition; without one, says which there are."""
    record_id = await phone.record_id(args.record)
    steps = await phone.client.next_transitions(record_id)
    if args.action is None:
        rows = [[s.action, s.label, s.to_label or "", ", ".join(s.needs)] for s in steps]
        print(table([phone.say(f"do.{c}") for c in ("action", "label", "to", "needs")], rows))
        return
    step = next((s for s in steps if args.action in (s.action, s.label)), None)
    action = step.action if step is not None else args.action
    if step is not None and step.note_expected and not args.note:
        raise Mistake("error.note")
    await phone.client.transition(record_id, action, args.note)
    status = (step.to_label or step.label) if step is not None else action
    print(phone.say("do.done", id=short(record_id), status=status))


async def comment(phone: Phone, args: argparse.Namespace) -> None:
    """Says something about a matter or task."""
    record_id = await phone.record_id(args.record)
    await phone.client.comment(record_id, args.text)
    print(phone.say("edit.done", id=short(record_id)))


async def undo(phone: Phone, args: argparse.Namespace) -> None:
    """Takes back the newest change, if it never left this phone."""
    known = await phone.forms()
    for edit in await phone.client.undo_last():
        print(
            phone.say("undo.created" if edit.created else "undo.edited", id=short(edit.record_id))
        )
        form = known.get(edit.form)
        fields = {f.key: f for f in form.fields} if form is not None else {}
        for operation in edit.operations:
            print(f"  {describe(phone, fields, operation)}")


async def drafts(phone: Phone, args: argparse.Namespace) -> None:
    """Lists drafts; goes on with one, makes it a record, mends it, or lets it go."""
    all_of_them = await phone.client.drafts()
    if args.what == "list":
        rows = [
            [
                *(short(d.id or ""), d.form, local_time(d.updated_at_ms), str(len(d.operations))),
                clean(d.reason.reason) if d.reason is not None else "",
            ]
            for d in all_of_them
        ]
        columns = ("id", "form", "saved", "answers", "reason")
        print(table([phone.say(f"drafts.{c}") for c in columns], rows))
        return
    if args.draft is None:
        raise Mistake("error.which_id")
    draft_id = only_one([d.id for d in all_of_them if d.id is not None], args.draft)
    if args.what == "discard":
        await phone.client.discard_draft(draft_id)
        print(phone.say("drafts.discarded"))
        return
    if args.what == "mend":
        await _mend(phone, draft_id)
        return
    if args.what == "resume":
        record_id = await _resume(phone, next(d for d in all_of_them if d.id == draft_id))
    else:
        record_id = await phone.client.commit_draft(draft_id)
    print(phone.say("edit.done", id=short(record_id)))


async def _resume(phone: Phone, draft: Draft) -> str:
    record = None if draft.record_id is None else await phone.client.get(draft.record_id)
    form = await phone.form_of(draft.form, draft.form_version)
    return await capture(phone, form, draft, record)


async def _mend(phone: Phone, draft_id: str) -> None:
    """Makes a draft one of the newest version of its form, and names what does not fit."""
    draft = await phone.client.mend_draft(draft_id)
    print(phone.say("drafts.mended", version=draft.form_version))
    for misfit in draft.misfits:
        form = await phone.form_of(draft.form, misfit.form_version)
        known = {f.key: f for f in form.fields}
        what = describe(phone, known, misfit.operation)
        print(phone.say("drafts.misfit", what=what, code=misfit.code))


async def refused(phone: Phone, args: argparse.Namespace) -> None:
    """Lists edits that the server refused, with what was typed; tries one again, makes it a draft
    or lets it go."""
    all_of_them = await phone.client.refused()
    if args.what != "list":
        if args.refused is None:
            raise Mistake("error.which_id")
        refused_id = only_one([r.id for r in all_of_them], args.refused)
        if args.what == "retry":
            await phone.client.retry_refused(refused_id)
            print(phone.say("refused.retried"))
        elif args.what == "draft":
            draft_id = await phone.client.refused_as_draft(refused_id)
            print(phone.say("refused.drafted", draft=short(draft_id)))
        else:
            await phone.client.discard_refused(refused_id)
            print(phone.say("refused.discarded"))
        return
    for edit in all_of_them:
        form = await phone.form_of(edit.form, edit.form_version)
        known = {f.key: f for f in form.fields}
        record_id, when = short(edit.record_id), local_time(edit.captured_at_ms)
        print(phone.say("refused.one", id=edit.id, record=record_id, at=when, code=edit.code))
        print(f"  {clean(edit.reason)}")
        for operation in edit.operations:
            print(f"  {describe(phone, known, operation)}")
    print(phone.say("refused.total", n=len(all_of_them)))


async def kinds(phone: Phone, args: argparse.Namespace) -> None:
    """The kinds of matters that the catalogue offers."""
    rows = [
        [
            *(k.code, k.label, k.department),
            "" if k.deadline_hours is None else phone.say("kinds.hours", n=k.deadline_hours),
            ", ".join(k.evidence),
            phone.say("yes") if k.urgent else "",
        ]
        for k in await phone.client.matter_kinds()
    ]
    columns = ("code", "label", "department", "deadline", "evidence", "urgent")
    print(table([phone.say(f"kinds.{c}") for c in columns], rows))


COMMANDS = {
    "choose": choose,
    "do": do,
    "comment": comment,
    "undo": undo,
    "drafts": drafts,
    "refused": refused,
    "kinds": kinds,
}
