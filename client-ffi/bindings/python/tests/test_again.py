"""What is kept while a form goes on, what this phone does not take, and what lists of work find."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from conftest import GRID, PASSWORD

from gridfold import (
    ClientError,
    Draft,
    FieldContent,
    FieldKind,
    FieldValue,
    Locale,
    Operation,
    RecordQuery,
    Sort,
    SyncSettings,
    WorkStage,
    open_client,
)

KEY = bytes(range(32))
FORMS_JSON = Path(__file__).parents[4] / "docs" / "forms-json.md"
HOUR_MS = 3_600_000


def text(field, value):
    return Operation.SET(field=field, value=FieldValue.TEXT(text=value))


def met(people):
    return Operation.SET(field="people_met", value=FieldValue.INTEGER(number=people))


def story(server, tmp_path, told, locale=Locale.EN):
    """Runs a story of one worker's phone, with the API of an administrator."""
    code = server.invite("王芳")
    server.start()
    body = {"login": "admin", "password": PASSWORD}
    token = server.api("POST", "/v1/sign-in", body)["access_token"]

    def api(method, path, body=None):
        return server.api(method, path, body, token)

    async def run():
        async with open_client(tmp_path / "wang", KEY, locale=locale) as phone:
            await phone.enrol(code, server.url)
            await told(phone, api)

    asyncio.run(run())


def without(api, form, field):
    """Publishes the next version of a form, without one of its fields."""
    form = api("GET", f"/v1/forms/{form}/latest")
    form["version"] += 1
    form["fields"] = [f for f in form["fields"] if f["key"] != field]
    api("POST", "/v1/forms", form)
    return form["version"]


async def _over_a_new_version(phone, api):
    half = Draft(grid=GRID, form="visit", operations=[text("safety_finding", "half"), met(3)])
    finished, mended = await phone.save_draft(half), await phone.save_draft(half)
    newest = without(api, "visit", "people_met")
    await phone.sync(SyncSettings())
    [kept] = [d for d in await phone.drafts() if d.id == finished]
    own = await phone.form(kept.form, kept.form_version)
    assert "people_met" in [f.key for f in own.fields] and own.version == newest - 1
    shown = await phone.visible_fields("visit", None, kept.operations, kept.form_version)
    assert "people_met" in shown

    record = await phone.commit_draft(finished)
    assert (await phone.get(record)).fields["people_met"] == FieldContent.VALUE(
        FieldValue.INTEGER(3)
    )
    draft = await phone.mend_draft(mended)
    assert (draft.form_version, draft.operations) == (newest, [text("safety_finding", "half")])
    [misfit] = draft.misfits
    assert (misfit.operation, misfit.code) == (met(3), "unknown_field")
    assert misfit.reason == "The form has no such field. What was typed is kept as a draft."
    record = await phone.commit_draft(mended)
    left = await phone.draft(mended)
    assert (left.record_id, left.operations, left.misfits) == (record, [met(3)], [])
    await phone.commit_draft(mended)
    assert await phone.drafts() == []
    # A screen that was drawn before saves with its version.
    await phone.create(GRID, "visit", [met(1)], form_version=newest - 1)
    report = await phone.sync(SyncSettings())
    assert (report.admitted, report.refused) == (4, 0)


def test_drafts_are_finished_over_a_new_version_of_their_form(server, tmp_path):
    story(server, tmp_path, _over_a_new_version)


async def _not_taken(phone, api):
    wrong = Operation.SET(field="purpose", value=FieldValue.CHOICE(key="no_such_choice"))
    with pytest.raises(ClientError.Rejected) as refused:
        await phone.create(GRID, "visit", [text("safety_finding", "楼道堆物"), wrong])
    error = refused.value
    assert (error.code, error.field) == ("out_of_range", "purpose")
    assert error.reason == "内容超出表单允许的范围。填写的内容已存为草稿，请更正后重试。"
    assert (await phone.list(RecordQuery())).total == 0 and await phone.refused() == []
    draft = await phone.draft(error.draft_id)
    assert (draft.reason.code, draft.reason.field) == ("out_of_range", "purpose")
    assert draft.reason.reason == error.reason
    draft.operations = draft.operations[:1]
    await phone.save_draft(draft)
    assert (await phone.draft(error.draft_id)).reason is None
    record = await phone.commit_draft(error.draft_id)
    # Of what nobody typed nothing is kept, and nothing is said to be.
    with pytest.raises(ClientError.Rejected) as refused:
        await phone.transition(record, "close")
    assert refused.value.draft_id is None and "保留" not in refused.value.reason
    assert "草稿" not in refused.value.reason
    assert (await phone.sync(SyncSettings())).refused == 0


def test_what_this_phone_does_not_take_is_kept_as_a_draft_and_said_to_be(server, tmp_path):
    story(server, tmp_path, _not_taken, Locale.ZH)


def task(title, doer, due_ms):
    due = FieldValue.DATE_TIME(at_ms=due_ms)
    return [text("title", title), text("doer", doer), Operation.SET(field="due_at", value=due)]


async def _work(phone, api):
    now = int(time.time() * 1000)
    matter = await phone.create(GRID, "matter", [text("summary", "路灯不亮")])
    about = Operation.SET(field="matter", value=FieldValue.REFERENCE(record_id=matter))
    late = await phone.create(GRID, "task", [*task("一", "王芳", now - HOUR_MS), about])
    soon = await phone.create(GRID, "task", task("二", "王芳", now + 24 * HOUR_MS))
    theirs = await phone.create(GRID, "task", task("三", "李伟", now - 2 * HOUR_MS))
    home = await phone.create(GRID, "household", [text("address", "三号楼")])
    visited = Operation.SET(field="household", value=FieldValue.REFERENCE(record_id=home))
    visit = await phone.create(GRID, "visit", [visited])

    async def found(**query):
        return {item.id for item in (await phone.list(RecordQuery(**query))).items}

    assert await found(mine=True) == {late, soon}
    assert await found(overdue=True) == {late, theirs}
    assert await found(mine=True, overdue=True) == {late}
    assert await found(due_soon=True) == {soon}
    assert await found(due_before_ms=now) == {late, theirs}
    assert await found(household_id=home) == {home, visit}
    assert await found(about_id=matter) == {late}
    assert await found(open=True) == {matter, late, soon, theirs}
    by_due = (await phone.list(RecordQuery(sort=Sort.DUE))).items
    assert [item.id for item in by_due] == [theirs, late, soon]
    first = by_due[0]
    assert (first.doer, first.due_at_ms, first.stage) == (
        "李伟",
        now - 2 * HOUR_MS,
        WorkStage.OPEN,
    )
    # The server finds the same.
    await phone.sync(SyncSettings())
    listed = api("GET", "/v1/records?overdue=captured")["records"]
    assert {r["record_id"] for r in listed} == {late, theirs}


def test_work_is_found_by_whose_it_is_when_it_is_due_and_what_it_is_about(server, tmp_path):
    story(server, tmp_path, _work)


async def _kinds(phone, api):
    kinds = [
        {
            "code": "tower",
            "label": {"zh": "水塔", "en": "Water tower"},
            "department": "城管",
            "deadline_hours": 48,
            "evidence": ["photo", "location"],
            "urgent": True,
        },
        {"code": "works", "label": {"zh": "水塔工程", "en": "Tower works"}, "department": "城管"},
        {
            "code": "clean",
            "parent": "works",
            "label": {"zh": "清洗水塔", "en": "Clean the tower"},
            "department": "",
            "deadlines": [
                {
                    "urgency": "urgent",
                    "amount": 3,
                    "unit": "working_days",
                    "warn": {"amount": 1, "unit": "working_days"},
                }
            ],
        },
        {"code": "old", "label": {"zh": "旧类", "en": "Old"}, "department": "街道", "retired": True},
    ]
    newest = api("GET", "/v1/catalogue")
    newest["version"] += 1
    newest["kinds"] += kinds
    api("POST", "/v1/catalogue", newest)
    await phone.sync(SyncSettings())
    offered = {kind.code: kind for kind in await phone.matter_kinds()}
    assert len(offered) > 1 and "old" not in offered
    kind = offered["tower"]
    assert (kind.label, kind.department) == ("Water tower", "城管")
    assert (kind.deadline_hours, kind.evidence) == (48, ["photo", "location"])
    assert kind.urgent and not kind.retired
    assert (await phone.matter_kind("水塔")).code == "tower"
    retired = await phone.matter_kind("old")
    assert retired.retired and retired.deadline_hours is None
    assert await phone.matter_kind("没有这种") is None
    due = await phone.proposed_due("water tower", None, 1_000)
    assert due.due_at_ms == 1_000 + 48 * HOUR_MS and not due.provisional
    assert await phone.proposed_due("old", None, 1_000) is None
    # Wednesday 2026-09-30 at 10 in Beijing, over National Day to Saturday the 10th, which is worked.
    crossed = await phone.proposed_due("clean", "Urgent", 1_790_733_600_000)
    assert crossed.due_at_ms == 1_790_733_600_000 + (10 * 24 + 7) * HOUR_MS + HOUR_MS // 2
    assert crossed.warn_at_ms == crossed.due_at_ms - 24 * HOUR_MS
    clean = offered["clean"]
    assert clean.path == ["Tower works"] and "works" not in offered
    assert [(d.urgency, d.amount, d.unit) for d in clean.deadlines] == [("urgent", 3, "working_days")]
    assert [u.code for u in await phone.urgencies()] == ["normal", "urgent"]


def test_kinds_have_their_deadline_and_evidence(server, tmp_path):
    story(server, tmp_path, _kinds)


async def _documented_form(phone, api):
    _, rest = FORMS_JSON.read_text(encoding="utf-8").split("```json\n")
    form = json.loads(rest.partition("```")[0])
    api("POST", "/v1/forms", form)
    stored = api("GET", "/v1/forms/repair/1")
    assert [f["key"] for f in stored["fields"]] == [f["key"] for f in form["fields"]]
    await phone.sync(SyncSettings())
    [repair] = [f for f in await phone.forms() if f.code == "repair"]
    kinds = {f.key: f.kind for f in repair.fields}
    assert isinstance(kinds["parts"], FieldKind.GROUP) and kinds["parts"].max_items == 20
    assert [s.key for s in repair.statuses if s.closed] == ["over"]
    made = await phone.create(GRID, "repair", [text("what", "水管漏水")])
    assert (await phone.sync(SyncSettings())).admitted == 1
    assert (await phone.get(made)).title == "水管漏水"


def test_the_form_of_the_documentation_is_published_and_filled(server, tmp_path):
    story(server, tmp_path, _documented_form)
