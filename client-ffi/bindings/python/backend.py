"""How pip builds the package: by maturin, with the workspace's generator of bindings on its path."""

import os
from pathlib import Path

from maturin import *  # noqa: F403

os.environ["PATH"] = f"{Path(__file__).resolve().parent}{os.pathsep}{os.environ['PATH']}"
