"""Commands that bring things out of and into this phone: sync, auto, carry."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from gridfold import (
    AutoSyncSettings,
    CarryImport,
    CarryReader,
    CarryTo,
    ClientError,
    ClientEvent,
    SyncReport,
    SyncSettings,
    SyncState,
    Watch,
    WatchTarget,
    carry_frames,
)

from faults import NOT_FOUND, Mistake, tell
from phone import Phone, short
from screen import clean, local_time, table
from values import now_ms

#: Largest file that is read as a bundle or receipt, in bytes.
MAX_FILE_BYTES = 8 << 20


#: Errors after which nothing changes before the person does something.
_ENDING = (
    ClientError.SignInRequired,
    ClientError.Revoked,
    ClientError.UpdateRequired,
    ClientError.DamagedStore,
    ClientError.NoStore,
    ClientError.Closed,
)


def say_report(phone: Phone, report: SyncReport) -> None:
    """What a sync did; a phone that was told to erase itself has done so."""
    if report.wiped:
        raise ClientError.Revoked()
    print(
        phone.say(
            "sync.done",
            pushed=report.pushed,
            admitted=report.admitted,
            pulled=report.pulled,
            kib=f"{(report.bytes_up + report.bytes_down) / 1024:.1f}",
        )
    )
    if report.refused:
        print(phone.say("sync.refused", n=report.refused))
    for grid in sorted({s.partition("/")[0] for s in report.erased_streams}):
        print(phone.say("sync.erased", grid=grid))
    if report.more:
        print(phone.say("sync.more"))


async def sync(phone: Phone, args: argparse.Namespace) -> None:
    """Syncs once, and shows how far it is."""
    watch = phone.client.watch(WatchTarget.SYNC())
    progress = asyncio.create_task(_show_progress(phone, watch))
    try:
        report = await phone.client.sync(SyncSettings(budget_bytes=args.budget))
    finally:
        watch.stop()
        await progress
    say_report(phone, report)


async def _show_progress(phone: Phone, watch: Watch) -> None:
    """One line that is written over on a terminal, a line for each round trip elsewhere."""
    over = sys.stderr.isatty()
    while (event := await watch.next_event()) is not None:
        if isinstance(event, ClientEvent.SYNC) and isinstance(event.state, SyncState.RUNNING):
            p = event.state.progress
            if p.round_trips:
                text = phone.say("sync.progress", n=p.round_trips, left=p.pending, pulled=p.pulled)
                print(f"\r{text}" if over else text, end="" if over else "\n", file=sys.stderr)
                sys.stderr.flush()
    if over:
        print(file=sys.stderr)


async def auto(phone: Phone, args: argparse.Namespace) -> None:
    """Keeps syncing and prints what happens, until Ctrl-C."""
    syncs = phone.client.watch(WatchTarget.SYNC())
    changes = phone.client.watch(WatchTarget.EVERYTHING())
    print(phone.say("auto.runs", seconds=args.interval), flush=True)
    tasks = [
        asyncio.create_task(phone.client.run_auto_sync(AutoSyncSettings(interval_s=args.interval))),
        asyncio.create_task(_tell_syncs(phone, syncs)),
        asyncio.create_task(_tell_changes(phone, changes)),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        phone.client.stop_auto_sync()
        syncs.stop()
        changes.stop()
        await asyncio.gather(*tasks, return_exceptions=True)


def _log(text: str) -> None:
    print(f"{local_time(now_ms())}  {text}", flush=True)


async def _tell_syncs(phone: Phone, watch: Watch) -> None:
    while (event := await watch.next_event()) is not None:
        if not isinstance(event, ClientEvent.SYNC):
            continue
        state = event.state
        if isinstance(state, SyncState.DONE):
            print(f"{local_time(now_ms())}  ", end="")
            say_report(phone, state.report)
            sys.stdout.flush()
        elif isinstance(state, SyncState.FAILED):
            if isinstance(state.error, _ENDING):
                raise state.error
            _log(phone.say("auto.failed"))
            tell(phone.say, state.error)


async def _tell_changes(phone: Phone, watch: Watch) -> None:
    while (event := await watch.next_event()) is not None:
        if not isinstance(event, ClientEvent.CHANGED):
            continue
        if event.everything:
            _log(phone.say("auto.many"))
        for record_id in event.record_ids:
            record = await phone.client.get(record_id)
            title = "" if record is None else clean(record.title)
            conflicts = 0 if record is None else len(record.conflicts)
            text = phone.say("auto.changed", id=short(record_id), title=title)
            note = phone.say("list.conflicts", n=conflicts) if conflicts else ""
            _log(f"{text} {note}".rstrip())


def _write_new(path: Path, data: bytes) -> None:
    """Writes a file that is not there yet, readable by this user only, durably."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Mistake("error.exists") from error
    with os.fdopen(file, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


async def _to(phone: Phone, args: argparse.Namespace) -> CarryTo:
    if args.to_grid is not None:
        return CarryTo.GRID(args.to_grid)
    if args.to is None:
        return CarryTo.SERVER()
    found = [c for c in await phone.client.colleagues() if args.to in (c.name, c.user_id)]
    if len(found) != 1:
        key = "error.which_colleague" if found else "error.no_colleague"
        raise Mistake(key, exit_code=NOT_FOUND)
    return CarryTo.COLLEAGUE(found[0].user_id)


async def carry(phone: Phone, args: argparse.Namespace) -> None:
    """Hands edits over without a server: as files, or as the texts of QR codes."""
    await {"export": _export, "import": _import, "receipts": _receipts, "list": _list}[args.what](
        phone, args
    )


async def _export(phone: Phone, args: argparse.Namespace) -> None:
    if args.out is None and not args.frames:
        raise Mistake("error.out")
    bundle = await phone.client.carry_export(await _to(phone, args))
    if args.out is not None:
        _write_new(args.out, bundle.data)
    if args.frames:
        # Only frames on standard output: another phone's `carry import -` reads them.
        print("\n".join(carry_frames(bundle.data, args.chars)))
    text = phone.say("carry.exported", n=bundle.entries, id=short(bundle.id))
    print(text, file=sys.stderr if args.frames else sys.stdout)
    if bundle.left:
        print(phone.say("carry.left", n=bundle.left), file=sys.stderr)


def _read(path: Path) -> bytes:
    """A bundle or receipt: its bytes, or frames of it one a line; `-` reads standard input."""
    if str(path) == "-":
        data = sys.stdin.buffer.read(MAX_FILE_BYTES)
    else:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES)
    reader = CarryReader()
    for line in data.decode("ascii", "replace").splitlines():
        scan = reader.scan(line.strip())
        if scan.data is not None:
            return scan.data
        if not scan.of:
            # The first line of frames is one; what is none is a file.
            return data
    raise Mistake("error.frames")


async def _import(phone: Phone, args: argparse.Namespace) -> None:
    for path in args.files:
        taken = await phone.client.carry_import(_read(path))
        say = phone.say
        if isinstance(taken, CarryImport.ENTRIES):
            name = clean(taken.author_name or "?")
            print(say("carry.entries", n=taken.entries, name=name))
        elif isinstance(taken, CarryImport.RELAY):
            print(say("carry.relay", id=short(taken.id)))
        elif isinstance(taken, CarryImport.RECEIPT):
            print(say("carry.receipt", n=taken.entries))
        else:
            print(say("carry.receipt_other"))


async def _receipts(phone: Phone, args: argparse.Namespace) -> None:
    receipts = await phone.client.carry_receipts()
    for receipt in receipts:
        if args.out is not None:
            args.out.mkdir(parents=True, exist_ok=True)
            path = args.out / f"{receipt.id}.receipt"
            if not path.exists():
                _write_new(path, receipt.data)
        if args.frames:
            print("\n".join(carry_frames(receipt.data, args.chars)))
    if not args.frames:
        rows = [[short(r.id), r.user_name or "?"] for r in receipts]
        print(table([phone.say("list.id"), phone.say("carry.for")], rows))


async def _list(phone: Phone, args: argparse.Namespace) -> None:
    rows = [
        [
            short(c.bundle_id),
            short(c.record_id or ""),
            c.user_name or "?",
            local_time(c.captured_at_ms),
            str(len(c.operations)),
        ]
        for c in await phone.client.carried()
    ]
    columns = ("bundle", "record", "author", "captured", "operations")
    print(table([phone.say(f"carry.{c}") for c in columns], rows))


COMMANDS = {"sync": sync, "auto": auto, "carry": carry}
