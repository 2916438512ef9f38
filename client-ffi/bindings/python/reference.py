"""Writes the package's reference as web pages: `reference.py DIRECTORY`.

It is what the typed stub says, which has every type and docstring; a stub is no module, so it is
made one: the bases of variants, which their own class is, are left out.
"""

import ast
import sys
import tempfile
from pathlib import Path

import pdoc

HERE = Path(__file__).parent
STUB = HERE / "src" / "gridfold" / "__init__.pyi"


def module_of(stub):
    """The stub as a module that can be imported."""
    module = ast.parse(stub)
    for outer in ast.walk(module):
        if isinstance(outer, ast.ClassDef):
            for inner in outer.body:
                if isinstance(inner, ast.ClassDef):
                    inner.bases = []
    first = ast.parse("from __future__ import annotations").body
    module.body[1:1] = first
    return ast.unparse(ast.fix_missing_locations(module))


def main(out):
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder, "gridfold.py")
        package.write_text(module_of(STUB.read_text(encoding="utf-8")), encoding="utf-8")
        pdoc.render.configure(docformat="markdown", show_source=False, search=True)
        pdoc.pdoc(package, output_directory=out)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
