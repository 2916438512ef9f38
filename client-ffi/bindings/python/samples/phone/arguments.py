"""The command line."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from faults import USAGE
from texts import Texts, language

Command = Callable[[str], argparse.ArgumentParser]

#: Forms that are commands of their own: `visit` is `new visit`.
FORMS = ("visit", "matter", "task", "household", "meeting")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong without repeating what was typed."""

    say: Texts

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        print(self.say("error.usage"), file=sys.stderr)
        sys.exit(USAGE)


def read_arguments(words: list[str]) -> tuple[argparse.Namespace, Texts]:
    """Reads the command line; leaves with code 2 when it makes no sense."""
    first = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    first.add_argument("--lang")
    try:
        lang = first.parse_known_args(words)[0].lang
    except argparse.ArgumentError:
        lang = None
    say = Texts(language(lang))
    _Parser.say = say
    args = _parser(say).parse_args(words)
    if args.command in FORMS:
        args.form, args.command = args.command, "new"
    return args, say


def _parser(say: Texts) -> argparse.ArgumentParser:
    parser = _Parser(prog="phone", description=say("help.phone"), epilog=say("help.codes"))
    parser.add_argument(
        "--dir", type=Path, default=Path.home() / ".gridfold-phone", help=say("help.dir")
    )
    parser.add_argument("--lang", help=say("help.lang"))
    parser.add_argument(
        "--keys", choices=("file", "keyring"), default="file", help=say("help.keys")
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=say(f"help.{name}"), description=say(f"help.{name}"))

    _account(say, command)
    _records(say, command)
    _work(say, command)
    _exchange(say, command)
    return parser


def _account(say: Texts, command: Command) -> None:
    enrol = command("enrol")
    enrol.add_argument("code", metavar="CODE", help=say("help.code"))
    enrol.add_argument("--server", metavar="URL", help=say("help.server"))
    for name in ("whoami", "status", "areas", "colleagues"):
        command(name)
    command("sign-out").add_argument("--discard", action="store_true", help=say("help.discard"))
    command("wipe").add_argument("--yes", action="store_true", help=say("help.yes"))


def _records(say: Texts, command: Command) -> None:
    command("forms").add_argument("form", nargs="?", metavar="FORM", help=say("help.form"))
    for name in ("new", *FORMS):
        capture = command(name)
        if name == "new":
            capture.add_argument("form", metavar="FORM", help=say("help.form"))
        capture.add_argument("--grid", metavar="CODE", help=say("help.grid"))
        capture.add_argument("--ask", action="store_true", help=say("help.ask"))
        _set(say, capture)
    edit = command("edit")
    _record(say, edit)
    _set(say, edit)
    edit.add_argument(
        "--unset", action="append", default=[], metavar="FIELD", help=say("help.unset")
    )
    listing = command("list")
    for name, what in (
        ("form", "FORM"),
        ("grid", "CODE"),
        ("household", "ID"),
        ("status", "STATUS"),
        ("text", "TEXT"),
        ("since", "TIME"),
        ("until", "TIME"),
        ("after", "CURSOR"),
    ):
        listing.add_argument(f"--{name}", metavar=what, help=say(f"help.list_{name}"))
    listing.add_argument(
        "--sort", choices=("updated", "captured", "title", "due"), default="updated", help=say("help.sort")
    )
    listing.add_argument("--limit", type=int, default=20, metavar="N", help=say("help.limit"))
    for name in ("mine", "open", "overdue", "due-soon"):
        text = say(f"help.list_{name.replace('-', '_')}")
        listing.add_argument(f"--{name}", action="store_true", help=text)
    listing.add_argument("--deleted", action="store_true", help=say("help.deleted"))
    for name in ("show", "history", "delete", "restore"):
        _record(say, command(name))


def _work(say: Texts, command: Command) -> None:
    choose = command("choose")
    _record(say, choose)
    choose.add_argument("path", metavar="FIELD", help=say("help.path"))
    choose.add_argument("side", nargs="?", type=int, metavar="N", help=say("help.side"))
    choose.add_argument("--value", metavar="VALUE", help=say("help.value"))
    do = command("do")
    _record(say, do)
    do.add_argument("action", nargs="?", metavar="ACTION", help=say("help.action"))
    do.add_argument("--note", default="", metavar="TEXT", help=say("help.note"))
    comment = command("comment")
    _record(say, comment)
    comment.add_argument("text", metavar="TEXT", help=say("help.text"))
    command("undo")
    command("kinds")
    drafts = command("drafts")
    drafts.add_argument(
        "what", nargs="?", choices=("list", "resume", "commit", "mend", "discard"), default="list"
    )
    drafts.add_argument("draft", nargs="?", metavar="ID", help=say("help.id"))
    refused = command("refused")
    refused.add_argument(
        "what", nargs="?", choices=("list", "retry", "draft", "discard"), default="list"
    )
    refused.add_argument("refused", nargs="?", metavar="ID", help=say("help.id"))


def _exchange(say: Texts, command: Command) -> None:
    command("sync").add_argument(
        "--budget", type=int, default=0, metavar="BYTES", help=say("help.budget")
    )
    command("auto").add_argument(
        "--interval", type=int, default=60, metavar="SECONDS", help=say("help.interval")
    )
    what = command("carry").add_subparsers(dest="what", required=True, metavar="WHAT")

    def part(name: str) -> argparse.ArgumentParser:
        return what.add_parser(name, help=say(f"help.carry_{name}"))

    export, receipts = part("export"), part("receipts")
    export.add_argument("--to", metavar="NAME", help=say("help.to"))
    export.add_argument("--to-grid", metavar="CODE", help=say("help.to_grid"))
    export.add_argument("--out", type=Path, metavar="FILE", help=say("help.out"))
    receipts.add_argument("--out", type=Path, metavar="DIR", help=say("help.out_dir"))
    for with_frames in (export, receipts):
        with_frames.add_argument("--frames", action="store_true", help=say("help.frames"))
        with_frames.add_argument(
            "--chars", type=int, default=600, metavar="N", help=say("help.chars")
        )
    part("import").add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help=say("help.files")
    )
    part("list")


def _record(say: Texts, parser: argparse.ArgumentParser) -> None:
    parser.add_argument("record", metavar="ID", help=say("help.record"))


def _set(say: Texts, parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help=say("help.set")
    )
