"""What went wrong as a person reads it: what happened, what is safe, what to do; and exit codes.

Nothing here prints what was typed or what an exception says of itself.
"""

import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gridfold import ClientError

from keys import NoKeyring
from texts import Texts

if TYPE_CHECKING:
    from phone import Phone

Run = Callable[[], Coroutine[Any, Any, int]]

INTERNAL = 1
USAGE = 2
OFFLINE = 3
NOT_ENROLLED = 4
REJECTED = 5
NOT_FOUND = 6
STORE = 7
REVOKED = 8
UPDATE = 9
FULL = 10
INTERRUPTED = 130


class Mistake(Exception):
    """The command cannot be done as it was given; `key` names the text, `values` are not typed."""

    def __init__(self, key: str, *, exit_code: int = USAGE, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.exit_code = exit_code
        self.values = values


KNOWN = (ClientError, Mistake)

_EXIT_CODES: dict[type[ClientError], tuple[int, str]] = {
    ClientError.Offline: (OFFLINE, "error.offline"),
    ClientError.Cancelled: (INTERRUPTED, "stopped"),
    ClientError.SignInRequired: (NOT_ENROLLED, "error.sign_in"),
    ClientError.NoStore: (NOT_ENROLLED, "error.no_store"),
    ClientError.NotFound: (NOT_FOUND, "error.not_found"),
    ClientError.WrongKey: (STORE, "error.wrong_key"),
    ClientError.KeyUnavailable: (STORE, "error.key_unavailable"),
    ClientError.InUse: (STORE, "error.in_use"),
    ClientError.Revoked: (REVOKED, "error.revoked"),
    ClientError.UpdateRequired: (UPDATE, "error.update"),
    ClientError.StorageFull: (FULL, "error.full"),
}


def _write(text: str) -> None:
    print(text, file=sys.stderr)


def tell(say: Texts, error: Exception) -> int:
    """Prints an error; gives its exit code."""
    if isinstance(error, Mistake):
        _write(say(error.key, **error.values))
        return error.exit_code
    if isinstance(error, NoKeyring):
        _write(say("error.no_keyring"))
        return STORE
    if isinstance(error, ClientError.Rejected):
        where = say("error.rejected_field", field=error.field) if error.field else ""
        _write(say("error.rejected", reason=error.reason, code=error.code, field=where))
        return REJECTED
    if isinstance(error, ClientError.DamagedStore):
        _write(say("error.damaged", part=error.part))
        return STORE
    if isinstance(error, ClientError.Internal):
        _write(say("error.internal", reference=error.reference))
        return INTERNAL
    for kind, (exit_code, key) in _EXIT_CODES.items():
        if isinstance(error, kind):
            _write(say(key))
            return exit_code
    if isinstance(error, OSError):
        _write(say("error.file", reason=error.strerror or type(error).__name__))
        return INTERNAL
    _write(say("error.internal", reference=_place(error)))
    return INTERNAL


def _place(error: Exception) -> str:
    """Where an unexpected exception came from, without what it says."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    if at is None:
        return type(error).__name__
    return f"{type(error).__name__}/{Path(at.tb_frame.f_code.co_filename).stem}:{at.tb_lineno}"


async def tell_of_phone(phone: "Phone", error: Exception) -> int:
    """As `tell`; a phone that was told to erase itself has done so and says it."""
    if isinstance(error, ClientError.Revoked) and await phone.was_erased():
        _write(phone.say("error.wiped"))
        return REVOKED
    return tell(phone.say, error)
