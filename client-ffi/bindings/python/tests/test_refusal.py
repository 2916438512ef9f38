"""What the server does not take, and what it takes back: refused edits, revoked and wiped phones."""

import asyncio

import pytest
from conftest import PASSWORD

from gridfold import (
    Client,
    ClientError,
    Delivery,
    EntryState,
    FieldContent,
    FieldValue,
    HttpxTransport,
    Locale,
    OpenConfig,
    Operation,
    SyncSettings,
    open_client,
)

KEY = bytes(range(32))
COMMUNITY = "120101001001"
OTHER = "120101001002"
SECOND = "120101001001002"


def text(field, value):
    return Operation.SET(field=field, value=FieldValue.TEXT(text=value))


def place_second_grid(server, community):
    """Imports the second grid as a part of a community; the server is stopped."""
    areas = server.directory / "second.csv"
    areas.write_text(
        "code,parent,name,level\n"
        f"{OTHER},120101001,朝阳社区,community\n"
        f"{SECOND},{community},第二网格,grid\n",
        encoding="utf-8",
    )
    server.run("import", "areas", str(areas))


def admin(server):
    return server.api("POST", "/v1/sign-in", {"login": "admin", "password": PASSWORD})[
        "access_token"
    ]


def test_an_edit_made_in_good_faith_is_refused_and_kept(server, tmp_path):
    place_second_grid(server, COMMUNITY)
    server.run("grant", "add", "王芳", "worker", "--area", COMMUNITY)
    code = server.invite("王芳")
    server.start()
    asyncio.run(_refused(server, code, tmp_path))


async def _refused(server, code, tmp_path):
    async with open_client(tmp_path / "wang", KEY, locale=Locale.EN) as wang:
        await wang.enrol(code, server.url)
        assert SECOND in [a.code for a in await wang.areas() if a.mine]
        matter = await wang.create(
            SECOND, "matter", [text("kind", "路灯"), text("summary", "不亮")]
        )
        await wang.sync(SyncSettings())
        assert (await wang.get(matter)).delivery == Delivery.AT_SERVER

        # While the phone is offline the grid becomes part of a community that Wang never had.
        server.stop()
        place_second_grid(server, OTHER)
        await wang.edit(matter, [text("place", "三号楼东侧")])
        server.start()
        report = await wang.sync(SyncSettings())
        assert (report.admitted, report.refused) == (0, 1)
        [kept] = await wang.refused()
        assert (kept.record_id, kept.code) == (matter, "no_grant")
        assert kept.reason.startswith("You have no grant for this area.")
        assert kept.operations == [text("place", "三号楼东侧")]
        assert (await wang.status()).refused == 1

        # A supervisor sees it with its reason and what was typed.
        [seen] = server.api("GET", "/v1/refused", token=admin(server))["refused"]
        assert seen["record_id"] == matter and "no_grant" in str(seen)
        assert "三号楼东侧" in str(seen)

        # The grid has left the phone: the edit cannot be made again there, and it stays kept.
        assert await wang.get(matter) is None
        with pytest.raises(ClientError.Rejected) as rejected:
            await wang.retry_refused(kept.id)
        assert rejected.value.code == "no_grant"
        assert [r.id for r in await wang.refused()] == [kept.id]

        # The operator puts it right: the record comes back, and the edit is made again.
        server.stop()
        place_second_grid(server, COMMUNITY)
        server.start()
        await wang.sync(SyncSettings())
        record = await wang.get(matter)
        assert "place" not in record.fields and record.refused == 1
        assert record.delivery == Delivery.REFUSED
        refused_in_history = [
            e.state.code
            for e in await wang.history(matter)
            if isinstance(e.state, EntryState.REFUSED)
        ]
        assert refused_in_history == ["no_grant"]
        await wang.retry_refused(kept.id)
        assert await wang.refused() == []
        report = await wang.sync(SyncSettings())
        assert (report.admitted, report.refused) == (1, 0)
        record = await wang.get(matter)
        assert record.fields["place"] == FieldContent.VALUE(FieldValue.TEXT("三号楼东侧"))
        assert record.delivery == Delivery.AT_SERVER

        # Another one is let go: gone from the phone, still at the server with its reason.
        server.stop()
        place_second_grid(server, OTHER)
        await wang.edit(matter, [text("place", "西侧")])
        server.start()
        assert (await wang.sync(SyncSettings())).refused == 1
        [second] = await wang.refused()
        await wang.discard_refused(second.id)
        assert await wang.refused() == [] and (await wang.status()).refused == 0
        with pytest.raises(ClientError.NotFound):
            await wang.discard_refused(second.id)
        at_server = server.api("GET", "/v1/refused", token=admin(server))["refused"]
        assert len(at_server) == 2


def test_a_phone_that_is_told_to_wipe_erases_itself_at_its_next_contact(server, tmp_path):
    code = server.invite("王芳")
    server.start()
    asyncio.run(_wiped(server, code, tmp_path))


async def _revoked(server, tmp_path, code, name, *, wipe):
    """A phone with an edit that was not sent, revoked, after its next contact."""
    path = tmp_path / name
    async with open_client(path, KEY) as phone:
        me = await phone.enrol(code, server.url)
        [grid] = [a.code for a in await phone.areas() if a.mine]
        kept = await phone.create(grid, "visit", [text("safety_finding", "楼道堆物")])
        server.api(
            "POST", f"/v1/devices/{me.device_id}/revoke", {"wipe": wipe}, token=admin(server)
        )
        with pytest.raises(ClientError.Revoked):
            await phone.sync(SyncSettings())
        return path, kept


async def _wiped(server, code, tmp_path):
    path, _ = await _revoked(server, tmp_path, code, "lost", wipe=True)
    assert list(path.iterdir()) == []
    with pytest.raises(ClientError.NoStore):
        await Client.open_existing(
            OpenConfig(path=str(path), locale=Locale.ZH), KEY, HttpxTransport()
        )

    # Revoked without being told to wipe, a phone keeps what it holds.
    server.stop()
    code = server.invite("李伟")
    server.start()
    path, kept = await _revoked(server, tmp_path, code, "found", wipe=False)
    async with open_client(path, KEY) as phone:
        assert await phone.get(kept) is not None
        assert (await phone.status()).pending == 1
