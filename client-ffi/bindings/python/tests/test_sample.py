"""The sample phone plays a worker's day against the real server."""

import json
import re
import signal
import stat
import string
import subprocess
import sys
import threading
from pathlib import Path

from conftest import GRID, PASSWORD

SAMPLE = Path(__file__).parents[1] / "samples" / "phone"
UNEXPECTED_LINE_S = 120


class Phone:
    """The sample with a directory of its own."""

    def __init__(self, directory, lang="en"):
        self.directory = directory
        self.words = [sys.executable, str(SAMPLE), "--dir", str(directory), "--lang", lang]

    def run(self, *words, code=0, typed=""):
        done = subprocess.run(
            [*self.words, *words], input=typed, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == code, done.stdout + done.stderr
        self.errors = done.stderr
        return done.stdout

    def create(self, *words, typed=""):
        return self.run(*words, typed=typed).split()[-1]


def test_a_worker_gets_through_a_day(server, tmp_path):
    codes = [server.invite("王芳"), server.invite("李伟")]
    wang, li = Phone(tmp_path / "wang"), Phone(tmp_path / "li")
    wang.run("status", code=4)
    assert not (tmp_path / "wang").exists()
    wang.run("enrol", codes[0], "--server", server.url, code=3)
    server.start()
    assert "王芳" in wang.run("enrol", codes[0], "--server", server.url)
    assert "keystore of its platform" in wang.errors
    assert "李伟" in li.run("enrol", "-", typed=f"gridfold:1:{server.url}:{codes[1]}\n")
    wang.run("enrol", "AAAAA-AAAAA", "--server", server.url, code=5)
    key = tmp_path / "wang" / "store-key.json"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert GRID in wang.run("whoami") and "李伟" in wang.run("colleagues")
    assert "路灯" not in wang.run("list")

    matter = wang.create("matter", "--set", "kind=路灯", "--set", "summary=三号楼前路灯不亮")
    assert "on this phone" in wang.run("list")
    assert "sent 1, accepted 1" in wang.run("sync")
    assert "at the server" in wang.run("show", matter[-6:])
    li.run("sync")

    # Offline: what is typed is kept, and wrong input changes nothing and is not repeated.
    server.stop()
    visit = wang.create(
        "visit",
        *("--set", "purpose=care", "--set", "needs=medicine,meals", "--set", "minutes=25"),
        *("--set", "notes=老人独居,电灯坏", "--set", "location=39.12,117.2"),
        *("--set", "safety_checked=yes", "--set", "temperature=21.5"),
    )
    shown = wang.run("show", visit)
    assert "Minutes spent: 25" in shown
    for there in ("Care", "Meals, Medicine", "39.1200000, 117.2000000", "21.5", "电灯坏"):
        assert there in shown, shown
    wang.run("edit", visit, "--set", "needs=meals,repair", "--unset", "minutes")
    shown = wang.run("show", visit)
    assert "Meals, Repair" in shown and "Minutes spent" not in shown
    assert wang.run("edit", visit, "--set", "minutes=secret words", code=2) == ""
    assert "minutes" in wang.errors and "secret" not in wang.errors
    wang.run("edit", visit, "--set", "minutes=9999", code=5)
    # What the rules did not take is a draft, which says why; mended it says what fits.
    assert "kept as a draft" in wang.errors
    draft = wang.run("drafts").splitlines()[1].split()[0]
    assert "9999" in wang.run("drafts", "mend", draft)
    wang.run("drafts", "discard", draft)
    wang.run("edit", "ffffffff", "--set", "minutes=1", code=6)
    wang.run("--secret", code=2)
    assert "secret" not in wang.errors
    assert "1 shown of 1" in wang.run("list", "--text", "电灯")
    first_page = wang.run("list", "--limit", "1", "--sort", "title")
    cursor = re.search(r"--after (\S+)", first_page).group(1)
    second_page = wang.run("list", "--limit", "1", "--sort", "title", "--after", cursor)
    assert first_page.splitlines()[1] != second_page.splitlines()[1]
    assert "--after" not in second_page
    slip = wang.create("visit", "--set", "purpose=routine")
    assert slip[-8:] in wang.run("undo")
    wang.run("show", slip, code=6)

    # By questions: an ended input is a draft, and goes on where it ended.
    wang.run("household", typed="三号楼101\n王大爷\n", code=130)
    draft = re.search(r"drafts resume (\S+)", wang.errors).group(1)
    assert draft in wang.run("drafts")
    answers = "wrong phone?\n1\nname=小王;relation=孙子\n" + "\n" * 7 + "13900000000\n"
    resumed = wang.run("drafts", "resume", draft, typed=answers)
    assert "outside what the form allows" in wang.errors
    household = resumed.split()[-1]
    shown = wang.run("show", household)
    assert "三号楼101" in shown and "小王" in shown and "孙子" in shown
    wang.run("visit", "--set", f"household={household}", "--set", "purpose=care")
    assert "2 shown of 2" in wang.run("list", "--household", household)
    assert wang.run("drafts").count("\n") == 1

    # Both change the same field; the server is back, and both sides are there until one is chosen.
    wang.run("edit", matter, "--set", "place=三号楼东侧")
    li.run("edit", matter, "--set", "place=三号楼西侧")
    wang.run("sync", code=3)
    assert "Everything is kept" in wang.errors

    # Wang has no way to the server: Li carries it, as frames of QR codes.
    bundle = tmp_path / "bundle"
    wang.run("carry", "export", "--to", "李伟", "--out", str(bundle))
    wang.run("carry", "export", "--to", "李伟", "--out", str(bundle), code=2)
    frames = wang.run("carry", "export", "--to", "李伟", "--frames", "--chars", "400")
    assert len(frames.splitlines()) > 1
    assert "of 王芳" in li.run("carry", "import", "-", typed=frames)
    assert "of 王芳" in li.run("carry", "import", str(bundle))
    assert "王芳" in li.run("carry", "list")
    li.run("carry", "import", str(key), code=5)
    server.start()
    li.run("sync")
    li.run("carry", "receipts", "--out", str(tmp_path / "receipts"))
    receipts = [str(p) for p in (tmp_path / "receipts").iterdir()]
    assert "Delivery: on this phone" in wang.run("show", visit)
    assert "Receipt: 5 entries are at the server" in wang.run("carry", "import", *receipts)
    assert "Delivery: at the server" in wang.run("show", visit)
    wang.run("sync")
    li.run("sync")
    for phone in (wang, li):
        shown = phone.run("show", matter)
        assert "1  三号楼" in shown and "2  三号楼" in shown
        assert "conflicts: 1" in phone.run("list", "--form", "matter")
    shown = li.run("show", matter)
    side = re.search(r"(\d)  三号楼东侧", shown).group(1)
    li.run("choose", matter, "summary", "1", code=6)
    li.run("choose", matter, "place", "3", code=2)
    li.run("choose", matter, "place", side)
    li.run("comment", matter, "居民很着急")
    assert "escalate" in li.run("do", matter)
    li.run("do", matter, "escalate", code=2)
    li.run("do", matter, "close", code=5)
    li.run("do", matter, "escalate", "--note", "等配件")
    li.run("sync")
    wang.run("sync")
    shown = wang.run("show", matter)
    assert "Conflict" not in shown and "三号楼东侧" in shown
    assert "Escalated" in shown and "居民很着急" in shown
    history = wang.run("history", matter)
    assert "李伟" in history and "等配件" in history

    # Another language, the same phone.
    assert "三号楼" in Phone(tmp_path / "wang", "zh").run("list") and "表单" in Phone(
        tmp_path / "wang", "zh"
    ).run("list")

    _syncs_by_itself(wang)

    wang.run("wipe", code=2)
    wang.run("wipe", "--yes")
    assert not key.exists()
    wang.run("status", code=4)
    li.run("matter", "--set", "kind=路灯", "--set", "summary=又坏了")
    li.run("sign-out", code=5)
    li.run("sync")
    assert "Signed out" in li.run("sign-out")
    li.run("list", code=4)


def _syncs_by_itself(phone):
    """`auto` sends what waits, keeps the store to itself, and ends by Ctrl-C."""
    phone.run("matter", "--set", "kind=路灯", "--set", "summary=路灯又坏了")
    # A shell that runs the tests in the background lets what it starts ignore Ctrl-C.
    running = subprocess.Popen(
        [*phone.words, "auto", "--interval", "3600"],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    stuck = threading.Timer(UNEXPECTED_LINE_S, running.kill)
    stuck.start()
    try:
        assert any("sent 1, accepted 1" in line for line in running.stdout)
        phone.run("list", code=7)
        running.send_signal(signal.SIGINT)
        running.stdout.read()
        assert running.wait() == 130
    finally:
        stuck.cancel()
        running.kill()
        running.wait()
    assert "Waiting to be sent: 0" in phone.run("status")


def test_a_revoked_phone_erases_itself_and_says_so(server, tmp_path):
    code = server.invite("王芳")
    server.start()
    phone = Phone(tmp_path / "wang")
    phone.run("enrol", code, "--server", server.url)
    device = re.search(r"Device: (\S+)", phone.run("whoami")).group(1)
    token = server.api("POST", "/v1/sign-in", {"login": "admin", "password": PASSWORD})
    path = f"/v1/devices/{device}/revoke"
    server.api("POST", path, {"wipe": True}, token=token["access_token"])
    phone.run("sync", code=8)
    assert "was erased" in phone.errors
    assert not (tmp_path / "wang" / "store-key.json").exists()
    phone.run("list", code=4)


def test_a_lost_key_is_said_and_nothing_is_made_in_its_place(server, tmp_path):
    code = server.invite("王芳")
    server.start()
    phone = Phone(tmp_path / "wang")
    phone.run("enrol", code, "--server", server.url)
    key = tmp_path / "wang" / "store-key.json"
    kept = key.read_bytes()
    key.unlink()
    phone.run("list", code=7)
    key.write_bytes(kept)
    assert "王芳" in phone.run("whoami")


def test_every_text_is_there_in_both_languages():
    texts = json.loads((SAMPLE / "messages.json").read_text(encoding="utf-8"))

    def places(text):
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for key, both in texts.items():
        assert set(both) == {"zh", "en"} and all(both.values()), key
        assert places(both["zh"]) == places(both["en"]), key
    source = "".join(p.read_text(encoding="utf-8") for p in SAMPLE.glob("*.py"))
    used = set(re.findall(r"\"([a-z_]+\.[a-z_-]+)\"", source)) - {"messages.json"}
    assert used <= set(texts), used - set(texts)
