"""Carry frames as other makers' readers and writers of Uniform Resources have them.

`@ngraveio/bc-ur` is installed by its name into a folder of the test's own; of Python's packages
`urtypes` reads what a resource holds (none on PyPI puts parts together).
"""

import json
import random
import subprocess
from pathlib import Path

import pytest
from urtypes.bytes import Bytes

from gridfold import CarryReader, carry_frames

HERE = Path(__file__).parent
PEER = "@ngraveio/bc-ur@1.1.13"
SIZES = [1, 23, 24, 255, 256, 700, 5_000, 30_000]

#: 50 bytes and how the reference implementation writes them, of BCR-2020-005's test vectors.
KNOWN = (
    "916ec65cf77cadf55cd7f9cda1a1030026ddd42e905b77adc36e4f2d3ccba44f7f04f2de44f42d84c374a0e149136f25b018",
    "ur:bytes/hdeymejtswhhylkepmykhhtsytsnoyoyaxaedsuttydmmhhpktpmsrjtgwdpfnsboxgwlbaawzuefywkdplrsrjynb"
    "vygabwjldapfcsdwkbrkch",
)


@pytest.fixture(scope="module")
def peer(tmp_path_factory):
    """Asks the other maker's package: to read lists of frames, to write bytes."""
    folder = tmp_path_factory.mktemp("peer")
    (folder / "package.json").write_text("{}", encoding="utf-8")
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", PEER]
    subprocess.run(npm, cwd=folder, check=True, timeout=300)

    def ask(read=(), write=()):
        done = subprocess.run(
            ["node", HERE / "frames_peer.mjs", folder],
            input=json.dumps({"read": list(read), "write": list(write)}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask


def read_here(frames):
    reader = CarryReader()
    for frame in frames:
        scanned = reader.scan(frame)
        if scanned.data is not None:
            return scanned.data
    return None


def payload(size):
    return random.Random(size).randbytes(size)


def shown(data, chars):
    """A loop as somebody meets it: from anywhere, every fifth frame missed, and once more."""
    frames = carry_frames(data, chars)
    start = len(frames) // 3
    loop = frames[start:] + frames[:start]
    return [f for i, f in enumerate(loop) if i % 5 or len(frames) == 1] + loop


def test_the_other_reader_has_our_bytes(peer):
    asked = [(n, chars) for n in SIZES for chars in (300, 2_000)]
    told = peer(read=[shown(payload(n), chars) for n, chars in asked])["read"]
    for (n, chars), resource in zip(asked, told, strict=True):
        assert resource is not None, (n, chars)
        assert (resource["type"], resource["bytes"]) == ("bytes", payload(n).hex())
        assert Bytes.from_cbor(bytes.fromhex(resource["cbor"])).data == payload(n)


def test_our_reader_has_the_bytes_of_the_other_writer(peer):
    wishes = [
        {"bytes": payload(n).hex(), "most": most}
        for n in SIZES
        for most in ([None] if n < 1_000 else []) + [20 if n < 1_000 else 200, 1_000]
    ]
    for wish, frames in zip(wishes, peer(write=wishes)["written"], strict=True):
        for order in (frames, frames[::-1], [f.upper() for f in frames]):
            assert read_here(order) == bytes.fromhex(wish["bytes"]), (wish["most"], len(frames))


def test_a_receipt_that_fits_is_one_code_and_read_from_it(peer):
    """A short receipt was never read from the other maker's single code before."""
    receipt = payload(120)
    assert len(carry_frames(receipt, 600)) == 1
    [frames] = peer(write=[{"bytes": receipt.hex(), "most": None}])["written"]
    reader = CarryReader()
    scanned = reader.scan(frames[0])
    assert (scanned.have, scanned.of, scanned.data) == (1, 1, receipt)


def test_frames_are_written_as_the_reference_has_them():
    data, text = bytes.fromhex(KNOWN[0]), KNOWN[1]
    assert carry_frames(data, 600) == [text.upper()]
    assert read_here([text]) == data
