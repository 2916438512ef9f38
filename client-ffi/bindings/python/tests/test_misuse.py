"""Bad input at the boundary gives errors, never a crash."""

import asyncio
import threading

import pytest
from conftest import GRID

from gridfold import (
    ClientError,
    FieldValue,
    HttpReply,
    Operation,
    RecordQuery,
    SyncSettings,
    Transport,
    TransportError,
    WatchTarget,
    open_client,
)

KEY = bytes(range(32))


def test_wrong_arguments_are_errors(tmp_path):
    asyncio.run(_wrong(tmp_path))


async def _wrong(tmp_path):
    with pytest.raises(ClientError.Rejected):
        async with open_client(tmp_path / "short", b"short key"):
            pass
    async with open_client(tmp_path / "store", KEY) as client:
        for wrong in ("", "no id", "x" * 1_000_000, "\0", "ñ" * 36):
            with pytest.raises(ClientError.Rejected):
                await client.get(wrong)
            with pytest.raises(ClientError.Rejected):
                client.watch(WatchTarget.RECORD(record_id=wrong))
            with pytest.raises(ClientError.Rejected):
                await client.discard_refused(wrong)
            with pytest.raises(ClientError.Rejected):
                await client.enrol(wrong, "ftp://server")
            with pytest.raises(ClientError.Rejected):
                await client.carry_import(wrong.encode())
            with pytest.raises(ClientError.Rejected):
                await client.list(RecordQuery(grid=wrong + "/"))
        with pytest.raises(ClientError.SignInRequired):
            await client.create(GRID, "visit", [])
        for wrong in (None, 7, b"bytes", ["list"]):
            with pytest.raises((TypeError, AttributeError)):
                await client.get(wrong)
        with pytest.raises(UnicodeEncodeError):
            await client.get("\ud800")
        for value in (
            FieldValue.GEOPOINT(latitude=float("nan"), longitude=0.0),
            FieldValue.DECIMAL(number="1e400"),
            FieldValue.DATE(date="2026-02-30"),
        ):
            with pytest.raises(ClientError):
                await client.create(GRID, "visit", [Operation.SET(field="notes", value=value)])
    for _ in range(2):
        client.shut_down()
        with pytest.raises(ClientError.Closed):
            await client.status()
        with pytest.raises(ClientError.Closed):
            client.watch(WatchTarget.EVERYTHING())


def test_many_tasks_and_threads_share_a_client(tmp_path):
    asyncio.run(_many(tmp_path))


async def _many(tmp_path):
    async with open_client(tmp_path / "store", KEY) as client:
        pages = await asyncio.gather(*(client.list(RecordQuery()) for _ in range(200)))
        assert [p.total for p in pages] == [0] * 200
        ended = []

        def thread():
            async def calls():
                for _ in range(20):
                    await client.status()

            asyncio.run(calls())
            ended.append(True)

        threads = [threading.Thread(target=thread) for _ in range(8)]
        for t in threads:
            t.start()
        for t in threads:
            await asyncio.to_thread(t.join)
        assert len(ended) == 8
        waiting = [asyncio.create_task(client.list(RecordQuery())) for _ in range(100)]
        for task in waiting[::2]:
            task.cancel()
        told = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(t.total == 0 for t in told[1::2])


class Broken(Transport):
    def __init__(self, answer):
        self.answer = answer

    async def call(self, request):
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    "answer",
    [
        ValueError("a secret of the app"),
        TransportError.Tls(),
        HttpReply(status=200, headers=[], body=b"\xff" * 100),
        HttpReply(status=500, headers=[], body=b""),
        HttpReply(status=65535, headers=[], body=b"<html>"),
        "no reply at all",
    ],
)
def test_a_broken_transport_is_an_error_without_its_text(tmp_path, answer):
    async def story():
        async with open_client(tmp_path / "store", KEY, transport=Broken(answer)) as client:
            with pytest.raises(ClientError) as error:
                await client.enrol("ABCDE-FGHIJ", "http://127.0.0.1:1")
            assert "secret" not in str(error.value)
            with pytest.raises(ClientError.SignInRequired):
                await client.sync(SyncSettings())

    asyncio.run(story())
