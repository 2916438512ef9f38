"""A real server on loopback, with one grid, two workers and a supervisor."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

BINARY = os.environ.get("SERVER_BINARY", "gridfold")
GRID = "120101001001001"
PASSWORD = "a long enough pass phrase 42"
AREAS = f"""code,parent,name,level
12,,天津市,province
120101,12,和平区,district
120101001,120101,劝业场街道,street
120101001001,120101001,花园社区,community
{GRID},120101001001,第一网格,grid
"""


class Server:
    """The `gridfold` binary and its data directory."""

    def __init__(self, directory: Path):
        self.data = directory / "server"
        self.directory = directory
        self.process = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        password = directory / "password"
        password.write_text(PASSWORD + "\n")
        self.run("init", "--admin-password-file", str(password))
        areas = directory / "areas.csv"
        areas.write_text(AREAS, encoding="utf-8")
        self.run("import", "areas", str(areas))
        self.grants = {}
        for name in ("王芳", "李伟"):
            self.run("user", "add", name)
            told = self.run("grant", "add", name, "worker", "--area", GRID)
            self.grants[name] = told.split()[1]

    def run(self, *words):
        done = subprocess.run(
            [BINARY, "--data", str(self.data), *words], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self):
        self.process = subprocess.Popen(
            [BINARY, "--data", str(self.data), "serve", "--listen", f"127.0.0.1:{self.port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(self.url + "/readyz", timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                assert self.process.poll() is None, "the server ended at its start"
                assert time.monotonic() < until, "the server is not ready"

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def api(self, method, path, body=None, token=None):
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json"}
            | ({} if token is None else {"authorization": f"Bearer {token}"}),
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)

    def invite(self, name):
        """The one-time code for somebody's phone, made with the server stopped."""
        told = self.run("device", "invite", name, "--no-qr")
        return next(line.split()[-1] for line in told.splitlines() if line.startswith("code"))


@pytest.fixture
def server(tmp_path):
    it = Server(tmp_path)
    yield it
    it.stop()
