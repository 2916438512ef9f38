"""From what is typed to typed operations, and from typed values to what is shown."""

import secrets
from datetime import date, datetime, timezone

from gridfold import (
    Choice,
    FieldContent,
    FieldInfo,
    FieldKind,
    FieldValue,
    FormInfo,
    GroupItem,
    Operation,
    RecordDetail,
)

from faults import Mistake
from phone import Phone, short
from screen import clean, local_time

_YES = {"yes", "y", "true", "1", "是"}
_NO = {"no", "n", "false", "0", "否"}
_NOW = {"now", "现在"}
_TODAY = {"today", "今天"}
#: Between the members of an item, as in `name=…;relation=…`.
MEMBERS = ";"


def now_ms() -> int:
    """The clock of this machine."""
    return int(datetime.now(timezone.utc).timestamp() * 1000)


def moment(text: str) -> int:
    """`now`, or a time by the clock of this machine, or one with its offset from UTC."""
    if text.lower() in _NOW:
        return now_ms()
    return int(datetime.fromisoformat(text).astimezone(timezone.utc).timestamp() * 1000)


def _choice(text: str, choices: list[Choice]) -> str:
    """A choice by its number, key or label."""
    for number, choice in enumerate(choices, 1):
        if text in (str(number), choice.key, choice.label):
            return choice.key
    raise ValueError


def _chosen(text: str, choices: list[Choice]) -> set[str]:
    parts = text.replace("，", ",").replace("、", ",").split(",")
    return {_choice(part.strip(), choices) for part in parts if part.strip()}


async def value_of(phone: Phone, field: FieldInfo, text: str) -> FieldValue:
    """The value of a field that holds one; `Mistake` when the text is none of its kind."""
    try:
        return await _value(phone, field.kind, text.strip())
    except (ValueError, OverflowError) as error:
        raise Mistake("error.value", field=field.key, hint=hint(phone, field)) from error


async def _value(phone: Phone, kind: FieldKind, text: str) -> FieldValue:
    if isinstance(kind, (FieldKind.TEXT, FieldKind.LONG_TEXT)):
        return FieldValue.TEXT(text)
    if isinstance(kind, FieldKind.INTEGER):
        return FieldValue.INTEGER(int(text))
    if isinstance(kind, FieldKind.DECIMAL):
        return FieldValue.DECIMAL(text)
    if isinstance(kind, FieldKind.BOOLEAN):
        if text.lower() not in _YES | _NO:
            raise ValueError
        return FieldValue.BOOLEAN(text.lower() in _YES)
    if isinstance(kind, FieldKind.DATE):
        day = date.today() if text.lower() in _TODAY else date.fromisoformat(text)
        return FieldValue.DATE(day.isoformat())
    if isinstance(kind, FieldKind.DATE_TIME):
        return FieldValue.DATE_TIME(moment(text))
    if isinstance(kind, FieldKind.CHOOSE_ONE):
        return FieldValue.CHOICE(_choice(text, kind.choices))
    if isinstance(kind, FieldKind.GEOPOINT):
        latitude, longitude = text.replace("，", ",").split(",")
        return FieldValue.GEOPOINT(float(latitude), float(longitude))
    if isinstance(kind, FieldKind.REFERENCE):
        return FieldValue.REFERENCE(await phone.record_id(text))
    if isinstance(kind, FieldKind.PERSON):
        return await _person(phone, text)
    raise ValueError


async def _person(phone: Phone, text: str) -> FieldValue:
    """A colleague by id or name; somebody without an account is a name. Of two of one name the id
    says which."""
    people = [c for c in await phone.client.colleagues() if text in (c.name, c.user_id)]
    if len(people) > 1:
        raise Mistake("error.which_colleague")
    if people:
        return FieldValue.PERSON(people[0].user_id, people[0].name)
    if not text:
        raise ValueError
    return FieldValue.TEXT(text)


async def operations_of(
    phone: Phone, field: FieldInfo, text: str, record: RecordDetail | None
) -> list[Operation]:
    """What makes a field read as typed. Of choices only the difference is written, so that it
    merges; a group takes one more item; a counter moves by the number."""
    kind = field.kind
    try:
        if isinstance(kind, FieldKind.LONG_TEXT):
            return [Operation.SET_LONG_TEXT(field.key, text)]
        if isinstance(kind, FieldKind.CHOOSE_MANY):
            was: set[str] = set()
            content = record.fields.get(field.key) if record is not None else None
            if isinstance(content, FieldContent.CHOICES):
                was = set(content.keys)
            wanted = _chosen(text, kind.choices)
            choose = [Operation.CHOOSE(field.key, c) for c in sorted(wanted - was)]
            unchoose = [Operation.UNCHOOSE(field.key, c) for c in sorted(was - wanted)]
            return [*choose, *unchoose]
        if isinstance(kind, FieldKind.COUNTER):
            return [Operation.COUNT(field.key, int(text))]
        if isinstance(kind, FieldKind.GROUP):
            return await _item(phone, field, kind, text)
    except ValueError as error:
        raise Mistake("error.value", field=field.key, hint=hint(phone, field)) from error
    if text.strip() == "":
        return [Operation.UNSET(field.key)]
    return [Operation.SET(field.key, await value_of(phone, field, text))]


async def _item(
    phone: Phone, field: FieldInfo, kind: FieldKind.GROUP, text: str
) -> list[Operation]:
    item = secrets.token_hex(12)
    members = {m.key: m for m in kind.members}
    done: list[Operation] = [Operation.ADD_ITEM(field.key, item)]
    for part in text.replace("；", MEMBERS).split(MEMBERS):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        member = members.get(key.strip())
        if not equals or member is None:
            raise ValueError
        done.append(
            Operation.SET_MEMBER(field.key, item, member.key, await value_of(phone, member, value))
        )
    return done


def field_of(form: FormInfo, key: str) -> FieldInfo:
    """A field by its key or label."""
    for field in form.fields:
        if key.strip() in (field.key, field.label):
            return field
    raise Mistake("error.no_field", fields=", ".join(f.key for f in form.fields))


async def settings(
    phone: Phone, form: FormInfo, given: list[str], record: RecordDetail | None = None
) -> list[Operation]:
    """The operations of all `--set field=value`."""
    done: list[Operation] = []
    for one in given:
        key, equals, text = one.partition("=")
        if not equals:
            raise Mistake("error.set")
        done += await operations_of(phone, field_of(form, key), text, record)
    return done


def hint(phone: Phone, field: FieldInfo) -> str:
    """How a field is typed."""
    say, kind = phone.say, field.kind
    if isinstance(kind, (FieldKind.CHOOSE_ONE, FieldKind.CHOOSE_MANY)):
        choices = "  ".join(f"{n}={c.label}" for n, c in enumerate(kind.choices, 1))
        many = isinstance(kind, FieldKind.CHOOSE_MANY)
        return f"{choices}  {say('hint.many')}" if many else choices
    if isinstance(kind, FieldKind.GROUP):
        return MEMBERS.join(f"{m.key}={m.label}" for m in kind.members)
    if isinstance(kind, (FieldKind.INTEGER, FieldKind.DECIMAL)):
        low, high = kind.min, kind.max
        bounds = "" if low is None and high is None else f" {_or(low)}–{_or(high)}"
        return say("hint.number") + bounds
    for of, key in (
        (FieldKind.BOOLEAN, "hint.boolean"),
        (FieldKind.DATE, "hint.date"),
        (FieldKind.DATE_TIME, "hint.date_time"),
        (FieldKind.GEOPOINT, "hint.geopoint"),
        (FieldKind.REFERENCE, "hint.reference"),
        (FieldKind.PERSON, "hint.person"),
        (FieldKind.COUNTER, "hint.counter"),
    ):
        if isinstance(kind, of):
            return say(key)
    return say("hint.text")


def _or(bound: int | str | None) -> str:
    return "" if bound is None else str(bound)


def shown_value(phone: Phone, field: FieldInfo | None, value: FieldValue) -> str:
    """A value on one line."""
    if isinstance(value, FieldValue.TEXT):
        return clean(value.text)
    if isinstance(value, (FieldValue.INTEGER, FieldValue.DECIMAL)):
        return str(value.number)
    if isinstance(value, FieldValue.BOOLEAN):
        return phone.say("yes" if value.yes else "no")
    if isinstance(value, FieldValue.DATE):
        return value.date
    if isinstance(value, FieldValue.DATE_TIME):
        return local_time(value.at_ms)
    if isinstance(value, FieldValue.CHOICE):
        return choice_label(field, value.key)
    if isinstance(value, FieldValue.GEOPOINT):
        return f"{value.latitude:.7f}, {value.longitude:.7f}"
    if isinstance(value, FieldValue.REFERENCE):
        return short(value.record_id)
    if isinstance(value, FieldValue.PERSON):
        return clean(value.name)
    raise AssertionError


def choice_label(field: FieldInfo | None, key: str) -> str:
    """A choice as its form names it; the key when it no longer does."""
    kind = field.kind if field is not None else None
    if isinstance(kind, (FieldKind.CHOOSE_ONE, FieldKind.CHOOSE_MANY)):
        return next((c.label for c in kind.choices if c.key == key), key)
    return key


def _shown_item(phone: Phone, field: FieldInfo | None, item: GroupItem) -> str:
    kind = field.kind if field is not None else None
    members = kind.members if isinstance(kind, FieldKind.GROUP) else []
    known = {m.key: m for m in members}
    order = [m.key for m in members if m.key in item.members]
    order += sorted(set(item.members) - set(order))
    parts = []
    for key in order:
        label = known[key].label if key in known else key
        parts.append(f"{label}: {shown_value(phone, known.get(key), item.members[key])}")
    return MEMBERS.join(parts)


def shown_content(phone: Phone, field: FieldInfo | None, content: FieldContent) -> str:
    """What a field shows; of several lines where it has several."""
    if isinstance(content, FieldContent.VALUE):
        return shown_value(phone, field, content.value)
    if isinstance(content, FieldContent.LONG_TEXT):
        return clean(content.text, lines=True)
    if isinstance(content, FieldContent.CHOICES):
        return ", ".join(choice_label(field, key) for key in content.keys)
    if isinstance(content, FieldContent.ITEMS):
        return "\n".join(_shown_item(phone, field, item) for item in content.items)
    if isinstance(content, FieldContent.COUNT):
        return str(content.total)
    raise AssertionError
