"""Commands about this phone: enrolment, who and where, status, signing out, erasing."""

import argparse
import sys

from gridfold import ClientError, SyncSettings

from exchange import say_report
from faults import Mistake
from phone import Phone
from screen import clean, local_time, table


async def enrol(phone: Phone, args: argparse.Namespace) -> None:
    """Enrols with a code or the text of a QR, and syncs for the first time."""
    # `-` keeps the code out of the shell's history.
    code = sys.stdin.readline() if args.code == "-" else args.code
    me = await phone.client.enrol(code, args.server)
    print(phone.say("enrol.done", name=clean(me.user_name), server=clean(me.server_url)))
    if args.keys == "file":
        print(phone.say("enrol.key_warning"), file=sys.stderr)
    try:
        say_report(phone, await phone.client.sync(SyncSettings()))
    except ClientError.Offline:
        print(phone.say("enrol.later"))


async def whoami(phone: Phone, args: argparse.Namespace) -> None:
    """Whose phone this is."""
    me = await phone.client.identity()
    if me is None:
        raise ClientError.SignInRequired()
    areas = [a for a in (await phone.areas()).values() if a.mine]
    for key, value in (
        ("who.name", clean(me.user_name)),
        ("who.user", me.user_id),
        ("who.device", me.device_id),
        ("who.server", clean(me.server_url)),
        ("who.grids", ", ".join(f"{clean(a.name)} ({a.code})" for a in areas) or "-"),
    ):
        print(f"{phone.say(key)}: {value}")


async def status(phone: Phone, args: argparse.Namespace) -> None:
    """Where the phone stands. How the last attempt went is known to the process that made it."""
    now = await phone.client.status()
    enrolled = await phone.client.identity() is not None
    for key, value in (
        ("status.enrolled", phone.say("yes" if enrolled else "no")),
        ("status.pending", str(now.pending)),
        ("status.refused", str(now.refused)),
        ("status.drafts", str(len(await phone.client.drafts()))),
        ("status.last_sync", local_time(now.last_sync_ms)),
        ("status.skew", f"{now.clock_skew_ms / 1000:.1f} s"),
        ("status.storage", f"{now.storage_bytes / 1024:.0f} KiB"),
    ):
        print(f"{phone.say(key)}: {value}")
    if now.damaged:
        print(phone.say("status.damaged"))


async def areas(phone: Phone, args: argparse.Namespace) -> None:
    """The areas this phone knows."""
    rows = [
        [a.code, a.name, a.level, phone.say("yes") if a.mine else ""]
        for a in (await phone.areas()).values()
    ]
    print(table([phone.say(f"areas.{c}") for c in ("code", "name", "level", "mine")], rows))


async def colleagues(phone: Phone, args: argparse.Namespace) -> None:
    """Those who work in the same areas."""
    rows = [[c.name, c.user_id] for c in await phone.client.colleagues()]
    print(table([phone.say("who.name"), phone.say("who.user")], rows))


async def sign_out(phone: Phone, args: argparse.Namespace) -> None:
    """Ends the session and erases everything here."""
    told = await phone.client.sign_out(args.discard)
    phone.keys.forget()
    print(phone.say("sign_out.done" if told else "sign_out.not_told"))


async def wipe(phone: Phone, args: argparse.Namespace) -> None:
    """Erases everything here, key first."""
    if not args.yes:
        raise Mistake("wipe.confirm")
    await phone.client.wipe()
    phone.keys.forget()
    print(phone.say("wipe.done"))


COMMANDS = {
    "enrol": enrol,
    "whoami": whoami,
    "status": status,
    "areas": areas,
    "colleagues": colleagues,
    "sign-out": sign_out,
    "wipe": wipe,
}
