"""One story: enrol, a day offline on two phones, conflict, refusal, sync, observe, carry, wipe."""

import asyncio
import os

import pytest
from conftest import GRID, PASSWORD

import gridfold
from gridfold import (
    CarryImport,
    CarryReader,
    CarryTo,
    Client,
    ClientError,
    ClientEvent,
    Delivery,
    Draft,
    EntryState,
    FieldContent,
    FieldValue,
    HttpxTransport,
    Locale,
    OpenConfig,
    Operation,
    RecordQuery,
    SyncSettings,
    WatchTarget,
    open_client,
)

KEY = bytes(range(32))


def text(field, value):
    return Operation.SET(field=field, value=FieldValue.TEXT(text=value))


def shown(record, field):
    content = record.fields[field]
    return content.value.text if isinstance(content, FieldContent.VALUE) else content.text


async def sync(phone):
    return await phone.sync(SyncSettings())


def test_two_phones_live_through_a_day_offline(server, tmp_path):
    codes = [server.invite("王芳"), server.invite("李伟")]
    server.start()
    asyncio.run(_day(server, codes, tmp_path))


async def _day(server, codes, tmp_path):
    async with (
        open_client(tmp_path / "wang", KEY, locale=Locale.ZH) as wang,
        open_client(tmp_path / "li", KEY, locale=Locale.EN) as li,
    ):
        with pytest.raises(ClientError.SignInRequired):
            await sync(wang)
        me = await wang.enrol(codes[0], server.url)
        assert me.user_name == "王芳"
        await li.enrol(codes[1], server.url)
        assert [a.code for a in await wang.areas() if a.mine] == [GRID]
        assert "李伟" in [c.name for c in await wang.colleagues()]
        labels = {f.code: f.label for f in await wang.forms()}
        assert {"visit", "matter", "task", "household", "meeting"} <= set(labels)
        assert labels["matter"] != {f.code: f.label for f in await li.forms()}["matter"]

        matter = await wang.create(
            GRID, "matter", [text("kind", "路灯"), text("summary", "三号楼前路灯不亮")]
        )
        assert (await wang.get(matter)).delivery == Delivery.ON_THIS_PHONE
        await sync(wang)
        assert (await wang.get(matter)).delivery == Delivery.AT_SERVER
        await sync(li)

        # A day offline: the server cannot be reached, and both go on.
        server.stop()
        watch = li.watch(WatchTarget.RECORD(record_id=matter))
        first = await watch.next_event()
        assert isinstance(first, ClientEvent.RECORD) and first.record.id == matter
        await wang.edit(matter, [text("place", "三号楼东侧")])
        await li.edit(matter, [text("place", "三号楼西侧")])
        event = await asyncio.wait_for(watch.next_event(), 30)
        assert shown(event.record, "place") == "三号楼西侧"
        with pytest.raises(ClientError.Offline):
            await sync(wang)
        assert (await wang.status()).pending == 1

        draft = await wang.save_draft(
            Draft(grid=GRID, form="visit", operations=[], app_state="page 2")
        )
        with pytest.raises(ClientError.Rejected) as refused:
            await wang.commit_draft(draft)
        assert refused.value.code == "empty"
        assert [d.app_state for d in await wang.drafts()] == ["page 2"]
        await wang.discard_draft(draft)

        slip = await wang.create(GRID, "visit", [Operation.SET_LONG_TEXT(field="notes", text="错")])
        undone = await wang.undo_last()
        assert [u.record_id for u in undone] == [slip] and undone[0].created
        assert await wang.get(slip) is None

        visit = await wang.create(
            GRID, "visit", [Operation.SET_LONG_TEXT(field="notes", text="老人独居,电灯坏")]
        )
        await wang.edit(visit, [Operation.SET_LONG_TEXT(field="notes", text="老人独居,电灯已修好")])
        # A draft holds a whole text; committed, it is written against the text of that moment.
        whole = [Operation.SET_LONG_TEXT(field="notes", text="老人独居,电灯已修好,下周再来")]
        later = await wang.save_draft(
            Draft(grid=GRID, form="visit", record_id=visit, operations=whole)
        )
        await wang.edit(visit, [Operation.SET_LONG_TEXT(field="notes", text="短")])
        assert await wang.commit_draft(later) == visit
        assert shown(await wang.get(visit), "notes") == "老人独居,电灯已修好,下周再来"
        await wang.edit(visit, [Operation.SET_LONG_TEXT(field="notes", text="老人独居,电灯已修好")])
        with pytest.raises(ClientError.Rejected) as refused:
            await wang.edit(visit, [text("no_such_field", "x")])
        assert (refused.value.code, refused.value.field) == ("unknown_field", "no_such_field")
        assert refused.value.reason == "表单里没有这个字段。填写的内容已存为草稿。"
        assert [d.id for d in await wang.drafts()] == [refused.value.draft_id]
        await wang.discard_draft(refused.value.draft_id)

        # Wang has no way to the server; Li takes it along.
        bundle = await wang.carry_export(CarryTo.COLLEAGUE(user_id=(await li.identity()).user_id))
        reader, scan = CarryReader(), None
        frames = gridfold.carry_frames(bundle.data, 600)
        for frame in ["not a frame", *reversed(frames), *frames]:
            scan = reader.scan(frame)
        assert scan.data == bundle.data
        taken = await li.carry_import(scan.data)
        assert isinstance(taken, CarryImport.ENTRIES) and taken.author_name == "王芳"
        assert visit in [c.record_id for c in await li.carried()]
        with pytest.raises(ClientError.Rejected) as refused:
            await wang.undo_last()
        assert refused.value.code == "already_sent"

        server.start()
        report = await sync(li)
        assert report.pushed >= 1
        [receipt] = await li.carry_receipts()
        assert receipt.user_name == "王芳"
        back = await wang.carry_import(receipt.data)
        assert isinstance(back, CarryImport.RECEIPT) and back.entries == bundle.entries
        assert (await wang.get(visit)).delivery == Delivery.AT_SERVER
        [listed] = (await wang.list(RecordQuery(form="visit"))).items
        assert listed.delivery == Delivery.AT_SERVER
        await sync(wang)
        await sync(li)
        assert (await wang.status()).pending == 0
        assert await li.carried() == []
        assert shown(await li.get(visit), "notes") == "老人独居,电灯已修好"

        # Both sides of the place are there on both phones until somebody chooses.
        for phone in (wang, li):
            [conflict] = (await phone.get(matter)).conflicts
            assert {s.value.text for s in conflict.sides} == {"三号楼东侧", "三号楼西侧"}
            assert {s.user_name for s in conflict.sides} == {"王芳", "李伟"}
        await li.choose(matter, "place", FieldValue.TEXT(text="三号楼东侧"))
        await sync(li)
        await sync(wang)
        for phone in (wang, li):
            record = await phone.get(matter)
            assert (shown(record, "place"), record.conflicts) == ("三号楼东侧", [])
        found = await li.list(RecordQuery(text="电灯", form="visit"))
        assert [r.id for r in found.items] == [visit] and found.total == 1

        # A supervisor opens the visit; its author's phone learns of it, and not who looked.
        signed_in = server.api("POST", "/v1/sign-in", {"login": "admin", "password": PASSWORD})
        server.api("GET", f"/v1/records/{visit}", token=signed_in["access_token"])
        await sync(wang)
        assert (await wang.get(visit)).delivery == Delivery.SEEN_BY_SUPERVISOR

        # What may be done next is by status and role.
        actions = [t.action for t in await wang.next_transitions(matter)]
        assert "escalate" in actions and "accept" not in actions
        for action, code in (("accept", "not_writable"), ("dispatch", "transition_not_allowed")):
            with pytest.raises(ClientError.Rejected) as refused:
                await wang.transition(matter, action, "")
            assert refused.value.code == code
        await wang.comment(matter, "居民很着急")
        assert [c.text for c in await wang.comments(matter)] == ["居民很着急"]
        history = await wang.history(matter)
        assert history[0].user_name == "王芳"
        assert all(len(e.words) == len(e.operations) for e in history)
        assert any("居民很着急" in line for e in history for line in e.words)
        assert isinstance(history[0].state, EntryState.ADMITTED)

        # Li's grant ends while Li is offline: what was typed comes in late and is kept, then the
        # grid is erased from that phone.
        server.stop()
        server.run("grant", "end", server.grants["李伟"])
        await li.edit(visit, [Operation.SET_LONG_TEXT(field="notes", text="灯又坏了")])
        server.start()
        report = await sync(li)
        assert (report.admitted, report.refused) == (1, 0) and report.erased_streams
        assert await li.get(visit) is None
        await sync(wang)
        assert shown(await wang.get(visit), "notes") == "灯又坏了"
        assert (await wang.history(visit))[-1].state == EntryState.ADMITTED(late=True)

        watch.stop()
        assert await watch.next_event() is None
        await wang.wipe()
        with pytest.raises(ClientError.Closed):
            await wang.status()
        with pytest.raises(ClientError.NoStore):
            await Client.open_existing(
                OpenConfig(path=str(tmp_path / "wang"), locale=Locale.ZH), KEY, HttpxTransport()
            )


def test_a_cancelled_sync_loses_nothing_and_syncing_by_itself_sends_it(server, tmp_path):
    code = server.invite("王芳")
    server.start()
    asyncio.run(_cancelled(server, code, tmp_path))


class Hanging(HttpxTransport):
    """Waits for ever in the middle of a call while it is told to."""

    def __init__(self):
        super().__init__()
        self.hangs = False
        self.called = asyncio.Event()

    async def call(self, request):
        self.called.set()
        if self.hangs:
            await asyncio.Event().wait()
        return await super().call(request)


async def _cancelled(server, code, tmp_path):
    transport = Hanging()
    async with open_client(tmp_path / "wang", KEY, transport=transport) as wang:
        await wang.enrol(code, server.url)
        visit = await wang.create(GRID, "visit", [text("safety_finding", "楼道堆物")])
        transport.hangs = True
        for cancel in (lambda task: task.cancel(), lambda _: wang.cancel_sync()):
            transport.called.clear()
            task = asyncio.create_task(sync(wang))
            await transport.called.wait()
            cancel(task)
            with pytest.raises((asyncio.CancelledError, ClientError.Cancelled)):
                await task
            assert (await wang.status()).pending == 1
        transport.hangs = False

        states = wang.watch(WatchTarget.SYNC())
        by_itself = asyncio.create_task(
            wang.run_auto_sync(gridfold.AutoSyncSettings(interval_s=3600, debounce_s=0))
        )
        await wang.edit(visit, [text("safety_finding", "楼道堆物,已清理")])

        async def done():
            while not isinstance((await states.next_event()).state, gridfold.SyncState.DONE):
                pass

        while (await wang.status()).pending:
            await asyncio.wait_for(done(), 60)
        assert (await wang.get(visit)).delivery == Delivery.AT_SERVER
        wang.stop_auto_sync()
        await asyncio.wait_for(by_itself, 60)


def test_a_store_opens_only_with_its_key_and_only_once(tmp_path):
    asyncio.run(_store(tmp_path))


class KeyStore(gridfold.KeyStore):
    def __init__(self):
        self.mask = os.urandom(32)
        self.locked = False

    def wrap(self, key):
        return bytes(a ^ b for a, b in zip(key, self.mask))

    def unwrap_key(self, wrapped):
        if self.locked:
            raise gridfold.KeyStoreError.Unavailable()
        return self.wrap(wrapped)


async def _store(tmp_path):
    config = OpenConfig(path=str(tmp_path / "store"), locale=Locale.EN)
    client = await Client.open(config, KEY, HttpxTransport())
    with pytest.raises(ClientError.InUse):
        await Client.open(config, KEY, HttpxTransport())
    client.shut_down()
    with pytest.raises(ClientError.WrongKey):
        await Client.open(config, bytes(32), HttpxTransport())
    again = await Client.open_existing(config, KEY, HttpxTransport())
    again.shut_down()

    keys = KeyStore()
    config = OpenConfig(path=str(tmp_path / "sealed"), locale=Locale.EN)
    sealed = await Client.open_with_key_store(config, keys, HttpxTransport())
    sealed.shut_down()
    keys.locked = True
    with pytest.raises(ClientError.KeyUnavailable):
        await Client.open_with_key_store(config, keys, HttpxTransport())
    keys.locked = False
    (await Client.open_with_key_store(config, keys, HttpxTransport())).shut_down()
