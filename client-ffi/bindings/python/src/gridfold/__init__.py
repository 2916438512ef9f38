"""Offline-first records for community grid work.

Every call that may take time is a coroutine; the work runs on threads of the library, HTTP runs on
the caller's event loop. Errors are subclasses of :class:`ClientError`, by what to do next.
Type checkers read `__init__.pyi`.
"""

from contextlib import asynccontextmanager

from . import _exit  # noqa: F401
from ._native import gridfold_client as _generated
from ._native.gridfold_client import *  # noqa: F401,F403
from ._native.gridfold_client import Client, Locale, OpenConfig
from .transport import HttpxTransport

#: The generated names, without those that only the generated module itself has a use for.
__all__ = [
    name for name in _generated.__all__ if not name.endswith(("Protocol", "Impl", "InternalError"))
] + ["HttpxTransport", "open_client"]


@asynccontextmanager
async def open_client(path, key, *, locale=Locale.ZH, transport=None):
    """Opens the store at ``path``, or makes one, and shuts it down at the end of the block.

    ``key`` is 32 bytes that the app keeps in the platform's keystore. Raises ``ClientError.WrongKey``,
    ``ClientError.DamagedStore`` or ``ClientError.InUse``; never makes a new store in place of one
    that does not open.
    """
    client = await Client.open(
        OpenConfig(path=str(path), locale=locale), key, transport or HttpxTransport()
    )
    try:
        yield client
    finally:
        client.shut_down()
