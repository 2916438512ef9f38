"""Where the store's key lies: a file beside the store, or the keyring of the desktop.

What the library keeps of the key is only the name it has here. A file of mode 600 keeps other
users of this machine out and nobody else: an app on a phone uses the platform's keystore.
"""

import importlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from gridfold import KeyStore, KeyStoreError

SERVICE = "gridfold phone sample"


class NoKeyring(Exception):
    """The package `keyring` is not installed."""


def _keyring() -> Any:
    try:
        return importlib.import_module("keyring")
    except ImportError as error:
        raise NoKeyring from error


class SampleKeys(KeyStore):
    """Keeps each key under a name of its own; `wrap` gives the name, `unwrap_key` the key.

    The file has the key of each name, or null for one that lies in the keyring.
    """

    def __init__(self, path: Path, *, in_keyring: bool) -> None:
        self._path = path
        self._in_keyring = in_keyring
        if in_keyring:
            _keyring()

    def wrap(self, key: bytes) -> bytes:
        name = secrets.token_hex(16)
        try:
            keys = self._read()
            if self._in_keyring:
                _keyring().set_password(SERVICE, name, key.hex())
            self._write(keys | {name: None if self._in_keyring else key.hex()})
        except Exception as error:
            raise KeyStoreError.Failed() from error
        return name.encode()

    def unwrap_key(self, wrapped: bytes) -> bytes:
        name = wrapped.decode("ascii", "replace")
        try:
            keys = self._read()
            if name not in keys:
                raise KeyStoreError.KeyLost()
            key = keys[name]
            if key is None:
                key = _keyring().get_password(SERVICE, name)
                if key is None:
                    raise KeyStoreError.KeyLost()
            return bytes.fromhex(key)
        except KeyStoreError:
            raise
        except Exception as error:
            raise KeyStoreError.Unavailable() from error

    def forget(self) -> None:
        """Removes the keys once the store they open was erased."""
        for name, key in self._read().items():
            if key is None:
                try:
                    _keyring().delete_password(SERVICE, name)
                except Exception:
                    # What it opened is gone: left behind, it opens nothing.
                    continue
        self._path.unlink(missing_ok=True)

    def _read(self) -> dict[str, str | None]:
        try:
            keys = json.loads(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return {}
        if not isinstance(keys, dict):
            raise ValueError("the key file is no key file")
        return keys

    def _write(self, keys: dict[str, str | None]) -> None:
        """Writes the file anew, readable by this user only from its first byte on."""
        beside = self._path.with_suffix(".new")
        beside.unlink(missing_ok=True)
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(file, json.dumps(keys).encode("ascii"))
            os.fsync(file)
        finally:
            os.close(file)
        beside.replace(self._path)
