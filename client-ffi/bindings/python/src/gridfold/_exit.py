"""What the library does when the interpreter ends.

Python ends any thread that comes in while it finishes, and a thread of the library that wakes a call
then would take the process with it. So at exit the way in is shut, and who is inside is waited for.
"""

import atexit
import ctypes

from ._native import gridfold_client as _generated

#: Longest wait for a listener or a keystore that is being called at exit, in milliseconds.
WAIT_MS = 10_000

_library = _generated._UniffiLib
_wake = _generated._uniffi_continuation_callback
_library.gridfold_gate_wakes.argtypes = (type(_wake),)
_library.gridfold_gate_wakes.restype = None
_library.gridfold_gate_shut.argtypes = (ctypes.c_uint32,)
_library.gridfold_gate_shut.restype = ctypes.c_bool
_library.gridfold_gate_wakes(_wake)
_generated._uniffi_continuation_callback = ctypes.cast(_library.gridfold_gate_wake, type(_wake))


async def _too_late(*_call):
    """Nothing would wake a call that begins now."""
    raise RuntimeError("the interpreter is ending: the phone library takes no more calls")


@atexit.register
def _shut():
    _library.gridfold_gate_shut(WAIT_MS)
    _generated._uniffi_rust_call_async = _too_late
