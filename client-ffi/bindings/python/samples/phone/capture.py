"""Capturing by questions: the form asks, each answer is kept as a draft at once."""

import json
import sys

from gridfold import ClientError, Draft, FieldInfo, FieldKind, FormInfo, Operation, RecordDetail

from faults import INTERRUPTED, Mistake
from phone import Phone, short
from screen import clean
from values import hint, operations_of, shown_content

#: Fields with commands of their own.
_ELSEWHERE = {"comments"}


async def capture(phone: Phone, form: FormInfo, draft: Draft, record: RecordDetail | None) -> str:
    """Asks, and makes the answers a record or an edit of one; gives its id.

    What the rules do not take is asked for again. Ending the input keeps the draft, and
    `drafts resume` goes on behind the last answer.
    """
    asked: list[str] = json.loads(draft.app_state)["asked"] if draft.app_state else []
    draft.form_version = form.version
    if draft.id is None:
        draft.id = await phone.client.save_draft(draft)
    print(phone.say("ask.title", form=form.label))
    while True:
        await _ask(phone, form, draft, draft.id, asked, record)
        try:
            return await phone.client.commit_draft(draft.id)
        except ClientError.Rejected as error:
            if error.field not in asked:
                raise
            print(error.reason, file=sys.stderr)
            asked.remove(error.field)
            draft.operations = [
                op for op in draft.operations if getattr(op, "field", None) != error.field
            ]


async def _ask(
    phone: Phone,
    form: FormInfo,
    draft: Draft,
    draft_id: str,
    asked: list[str],
    record: RecordDetail | None,
) -> None:
    """Asks for every field that is shown, may be written and was not asked for."""
    while True:
        record_id = None if draft.new_record else draft.record_id
        visible = await phone.client.visible_fields(
            form.code, record_id, draft.operations, form.version
        )
        fields = (f for f in form.fields if f.writable and f.key not in _ELSEWHERE)
        field = next((f for f in fields if f.key in visible and f.key not in asked), None)
        if field is None:
            return
        answer = await _answer(phone, form, field, record, draft_id)
        draft.operations = [*draft.operations, *answer]
        # A group is asked for once more after each item, until the answer is empty.
        if not (answer and isinstance(field.kind, FieldKind.GROUP)):
            asked.append(field.key)
        draft.app_state = json.dumps({"asked": asked})
        await phone.client.save_draft(draft)


async def _answer(
    phone: Phone, form: FormInfo, field: FieldInfo, record: RecordDetail | None, draft: str
) -> list[Operation]:
    """One answer, asked for again until it is of the field's kind; empty leaves the field alone."""
    kinds = await _kinds(phone, form, field)
    while True:
        try:
            text = input(_prompt(phone, field, record))
        except EOFError as error:
            print()
            raise Mistake("ask.kept", exit_code=INTERRUPTED, draft=short(draft)) from error
        text = kinds.get(text.strip(), text)
        if not text.strip():
            return []
        try:
            return await operations_of(phone, field, text, record)
        except Mistake as mistake:
            print(phone.say(mistake.key, **mistake.values), file=sys.stderr)


def _prompt(phone: Phone, field: FieldInfo, record: RecordDetail | None) -> str:
    mark = " *" if field.required else ""
    content = record.fields.get(field.key) if record is not None else None
    present = "" if content is None else f" [{clean(shown_content(phone, field, content))}]"
    return f"{field.label}{mark} ({hint(phone, field)}){present}: "


async def _kinds(phone: Phone, form: FormInfo, field: FieldInfo) -> dict[str, str]:
    """Lists what the catalogue offers for the kind of a matter; its codes by number and label."""
    found: dict[str, str] = {}
    if (form.code, field.key) == ("matter", "kind"):
        for number, kind in enumerate(await phone.client.matter_kinds(), 1):
            print(f"  {number}={clean(kind.label)}")
            found |= {str(number): kind.code, kind.label: kind.code}
    return found
