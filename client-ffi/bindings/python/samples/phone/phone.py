"""An open phone: the client, its texts, and what several commands need of both."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from gridfold import (
    Area,
    Client,
    ClientError,
    FormInfo,
    HttpxTransport,
    OpenConfig,
    RecordQuery,
)

from faults import NOT_FOUND, Mistake
from keys import SampleKeys
from texts import Texts

#: Characters of an id that lists show: its end, since ids begin with the time.
SHORT = 8
#: Shortest end of an id that is looked for.
SHORTEST = 4


def short(text: str) -> str:
    """The end of an id, enough to name it on this phone."""
    return text[-SHORT:]


def only_one(ids: list[str], given: str) -> str:
    """The one id that is `given` or ends with it."""
    given = given.strip().lower()
    if given in ids:
        return given
    found = [i for i in ids if len(given) >= SHORTEST and i.endswith(given)]
    if len(found) > 1:
        raise Mistake("error.ambiguous")
    if not found:
        raise Mistake("error.not_found", exit_code=NOT_FOUND)
    return found[0]


class Phone:
    """One store, open for one command."""

    def __init__(self, client: Client, say: Texts, keys: SampleKeys) -> None:
        self.client = client
        self.say = say
        self.keys = keys
        self._forms: dict[str, FormInfo] | None = None
        self._areas: dict[str, Area] | None = None

    async def forms(self) -> dict[str, FormInfo]:
        """The newest version of each form, by code."""
        if self._forms is None:
            self._forms = {f.code: f for f in await self.client.forms()}
        return self._forms

    async def form(self, code: str) -> FormInfo:
        """A form; without any this phone was never enrolled."""
        forms = await self.forms()
        if not forms:
            raise ClientError.SignInRequired()
        if code not in forms:
            raise Mistake("error.no_form", exit_code=NOT_FOUND, forms=", ".join(sorted(forms)))
        return forms[code]

    async def form_of(self, code: str, version: int | None) -> FormInfo:
        """The version of a form that something was typed with; the newest where it is not known."""
        form = None if version is None else await self.client.form(code, version)
        return form if form is not None else await self.form(code)

    async def areas(self) -> dict[str, Area]:
        """The areas this phone knows, by code."""
        if self._areas is None:
            self._areas = {a.code: a for a in await self.client.areas()}
        return self._areas

    async def grid(self, given: str | None) -> str:
        """The grid to write in: the one named, or the only one."""
        mine = sorted(a.code for a in (await self.areas()).values() if a.mine)
        if given is not None:
            return given
        if len(mine) == 1:
            return mine[0]
        if not mine:
            raise ClientError.SignInRequired()
        raise Mistake("error.which_grid", grids=", ".join(mine))

    async def record_id(self, given: str) -> str:
        """The record whose id is or ends with what was given."""
        ids: list[str] = []
        after: str | None = None
        while True:
            page = await self.client.list(
                RecordQuery(limit=1000, after=after, include_deleted=True)
            )
            ids += [r.id for r in page.items]
            after = page.next
            if after is None:
                return only_one(ids, given)

    async def was_erased(self) -> bool:
        """Whether nothing is left here, as after the server told this phone to erase itself."""
        try:
            if await self.client.identity() is not None:
                return False
        except (ClientError.Closed, ClientError.NoStore):
            pass
        self.keys.forget()
        return True


@asynccontextmanager
async def open_phone(args: argparse.Namespace, say: Texts) -> AsyncIterator[Phone]:
    """Opens the store for the time of a command; only `enrol` makes one."""
    directory: Path = args.dir
    store = directory / "store"
    if args.command == "enrol":
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not store.is_dir() or not any(store.iterdir()):
        raise ClientError.NoStore()
    keys = SampleKeys(directory / "store-key.json", in_keyring=args.keys == "keyring")
    client = await Client.open_with_key_store(
        OpenConfig(path=str(store), locale=say.locale), keys, HttpxTransport()
    )
    try:
        yield Phone(client, say, keys)
    finally:
        client.shut_down()
