"""A program may end while the library works: it ends as it meant to."""

import os
import subprocess
import sys

import pytest

#: What every program begins with. `sys` is taken apart last of all, so that the interpreter stays in
#: its end, where no thread may come in any more, for as long as the library's threads need to try.
HEAD = """
import asyncio, sys, threading, time
from gridfold import *

class Lingers:
    def __del__(self, wait=time.sleep):
        wait(1.6)
sys.lingers = Lingers()
store, code, url = sys.argv[1:]
KEY = bytes(range(32))
"""

#: A loop whose waking is slow: who was woken ends the program while the library's thread is in it.
SLOW = """
class Slow(asyncio.SelectorEventLoop):
    woken = False
    def call_soon_threadsafe(self, *args, **kinds):
        there = super().call_soon_threadsafe(*args, **kinds)
        if threading.current_thread() is not threading.main_thread():
            self.woken = True
            time.sleep(0.2)
        return there

async def call_until_woken():
    loop = asyncio.get_running_loop()
    while not loop.woken:
        try:
            await Client.open_existing(OpenConfig(path=store, locale=Locale.EN), KEY, HttpxTransport())
        except ClientError.NoStore:
            pass
"""

#: A thread of the library calls again and again, also when nobody runs the loop any more.
AUTO = """
async def syncing():
    config = OpenConfig(path=store, locale=Locale.EN)
    client = await Client.open(config, KEY, HttpxTransport())
    await client.enrol(code, url)
    states = client.watch(WatchTarget.SYNC())
    task = asyncio.ensure_future(client.run_auto_sync(AutoSyncSettings(interval_s=1, debounce_s=0)))
    while not isinstance((await states.next_event()).state, SyncState.DONE):
        pass
    return client, states, task
"""

THREAD = """
ready = threading.Event()
def thread():
    global kept
    loop = asyncio.new_event_loop()
    kept = loop.run_until_complete(syncing())
    loop.call_soon(ready.set)
    loop.run_forever()
threading.Thread(target=thread, daemon=True).start()
ready.wait()
sys.exit(7)
"""

LISTENER = """
told = threading.Event()
class Hears(EventListener):
    def on_event(self, event):
        told.set()
        time.sleep(0.2)
async def main():
    global kept, subscription
    kept = await syncing()
    subscription = kept[0].listen(WatchTarget.SYNC(), Hears())
asyncio.new_event_loop().run_until_complete(main())
told.wait()
sys.exit(7)
"""

KEYSTORE = """
asked = threading.Event()
class Keys(KeyStore):
    def wrap(self, key):
        asked.set()
        time.sleep(0.2)
        return key
    def unwrap_key(self, wrapped):
        return wrapped
async def main():
    global opening
    config = OpenConfig(path=store, locale=Locale.EN)
    opening = asyncio.ensure_future(Client.open_with_key_store(config, Keys(), HttpxTransport()))
    while not asked.is_set():
        await asyncio.sleep(0)
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
sys.exit(7)
"""

WOKEN = SLOW + "Slow().run_until_complete(call_until_woken())\n"
LEFT = AUTO + "kept = asyncio.new_event_loop().run_until_complete(syncing())\n"
CANCELLED = AUTO + """
async def main():
    kept = await syncing()
    raise ValueError
asyncio.run(main())
"""

#: By how a program ends: what it does, and its exit status.
ENDS = {
    "an exit right after a call": (WOKEN + "sys.exit(7)", 7),
    "the end of the program right after a call": (WOKEN, 0),
    "an exception right after a call": (WOKEN + "raise ValueError", 1),
    "an exit that leaves a sync running": (LEFT + "sys.exit(7)", 7),
    "an exception out of a loop, which cancels a sync": (CANCELLED, 1),
    "an exit while another thread has a loop": (AUTO + THREAD, 7),
    "an exit while a listener is told": (AUTO + LISTENER, 7),
    "an exit while the keystore is asked": (KEYSTORE, 7),
}


def run(program, *words):
    done = subprocess.run(
        [sys.executable, "-c", HEAD + program, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"RUST_BACKTRACE": "0"},
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("end", ENDS)
def test_a_program_ends_as_it_meant_to_whatever_the_library_does(end, request, tmp_path):
    program, status = ENDS[end]
    code = url = ""
    if program.startswith(AUTO):
        server = request.getfixturevalue("server")
        code, url = server.invite("王芳"), server.url
        server.start()
    ended, said = run(program, tmp_path / "store", code, url)
    assert ended == status, said[-2000:]
    assert "panicked" not in said


def test_a_call_that_comes_after_the_end_is_refused(tmp_path):
    program = f"""
import atexit
async def late():
    try:
        await Client.open(OpenConfig(path=store, locale=Locale.EN), KEY, HttpxTransport())
    except RuntimeError as error:
        print(error, file=sys.stderr)
# Handlers run from the last to the first: this one after the package's own.
atexit.unregister(gridfold._exit._shut)
atexit.register(lambda: asyncio.run(late()))
atexit.register(gridfold._exit._shut)
"""
    ended, said = run("import gridfold" + program, tmp_path / "store", "", "")
    assert ended == 0 and "the interpreter is ending" in said, said
