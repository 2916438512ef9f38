"""What comes late, and what the server takes back: edits of a grid that moved, revoked and wiped phones."""

import asyncio

import pytest
from conftest import PASSWORD

from gridfold import (
    Client,
    ClientError,
    Delivery,
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


def test_an_edit_of_a_grid_that_moved_meanwhile_is_late_and_kept(server, tmp_path):
    place_second_grid(server, COMMUNITY)
    server.run("grant", "add", "王芳", "worker", "--area", COMMUNITY)
    code = server.invite("王芳")
    server.start()
    asyncio.run(_late(server, code, tmp_path))


async def _late(server, code, tmp_path):
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
        # The grid was theirs when it was written: nothing is refused for a tree that moved.
        assert (report.admitted, report.refused) == (1, 0)
        assert await wang.refused() == [] and (await wang.status()).refused == 0
        found = server.api("GET", f"/v1/records/{matter}", token=admin(server))
        assert found["fields"]["place"] == "三号楼东侧" and found["late"]
        assert server.api("GET", "/v1/refused", token=admin(server))["refused"] == []

        # The grid has left the phone; the operator puts it right, and the record comes back with the edit.
        assert await wang.get(matter) is None
        server.stop()
        place_second_grid(server, COMMUNITY)
        server.start()
        await wang.sync(SyncSettings())
        record = await wang.get(matter)
        assert record.fields["place"] == FieldContent.VALUE(FieldValue.TEXT("三号楼东侧"))
        assert record.delivery == Delivery.SEEN_BY_SUPERVISOR


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
