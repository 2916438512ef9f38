"""What a type checker sees of the package, and that it sees it as it is."""

import ast
import inspect
import subprocess
import sys
import textwrap
from pathlib import Path

import gridfold

HERE = Path(__file__).parent
PACKAGE = Path(gridfold.__file__).parent
sys.path.insert(0, str(HERE.parent))
from stubs import STUB, stub_of  # noqa: E402

RIGHT = """
import asyncio
from gridfold import *

async def main() -> None:
    async with open_client("store", bytes(32), locale=Locale.EN) as phone:
        for area in await phone.areas():
            code: str = area.code
        visit: str = await phone.create(code, "visit", [
            Operation.SET(field="purpose", value=FieldValue.CHOICE(key="care")),
            Operation.SET_LONG_TEXT(field="notes", text="ok"),
            Operation.DELETE(),
        ])
        record = await phone.get(visit)
        if record is not None and record.delivery is Delivery.AT_SERVER:
            content = record.fields["notes"]
            if isinstance(content, FieldContent.LONG_TEXT):
                print(content.text.upper())
        try:
            report: SyncReport = await phone.sync(SyncSettings(budget_bytes=1000))
        except ClientError.Rejected as error:
            print(error.code.upper(), error.field, error.reason)
        except ClientError.Offline as error:
            seconds: int | None = error.retry_after_s
        page = await phone.list(RecordQuery(form="visit", sort=Sort.TITLE))
        print([item.title for item in page.items], page.next)

class Pinned(Transport):
    async def call(self, request: HttpRequest) -> HttpReply:
        return HttpReply(status=200, headers=[], body=request.body)

client = Client.open(OpenConfig(path="x", locale=Locale.ZH), bytes(32), Pinned())
asyncio.run(main())
"""

WRONG = {
    "a text where a value belongs": 'Operation.SET(field="notes", value="text")',
    "an enum cannot be made by itself for a record": "Operation.SET(field=1, value=2)",
    "a field of another error": "ClientError.Offline(None).code",
    "a name that is not exported": "gridfold.NoSuchName",
    "a coroutine that is not awaited": "len(phone.areas())",
    "no argument": "phone.create()",
    "an unknown argument": 'RecordQuery(forms="visit")',
    "a type that is none of the two": 'HttpReply(status="200", headers=[], body=b"")',
}


def mypy(directory, *files, strict=True):
    return subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--no-error-summary", "--python-executable"),
            *(sys.executable, "--cache-dir", str(directory / "cache")),
            *(["--strict"] if strict else []),
            *map(str, files),
        ],
        capture_output=True,
        text=True,
        cwd=directory,
    )


def test_the_committed_stub_is_what_the_bindings_are():
    assert STUB.read_text(encoding="utf-8") == stub_of(PACKAGE), "run ./test --update"
    assert (PACKAGE / "__init__.pyi").read_text(encoding="utf-8") == STUB.read_text(
        encoding="utf-8"
    )


def test_every_exported_name_is_there_and_in_the_stub():
    stub = STUB.read_text(encoding="utf-8")
    listed = set(eval(stub.partition("__all__ = ")[2].partition("]")[0] + "]"))
    assert listed == set(gridfold.__all__)
    for name in listed:
        assert not inspect.ismodule(getattr(gridfold, name)), name


def undocumented(node, path, *, runs):
    """What of a class has no docstring; `runs` for what is imported, which has none for fields."""
    named = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for item, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(item, named) and not item.name.startswith("_"):
            if ast.get_docstring(item) is None:
                yield f"{path}{item.name}"
            if isinstance(item, ast.ClassDef):
                yield from undocumented(item, f"{path}{item.name}.", runs=runs)
        elif path and not runs and isinstance(item, ast.AnnAssign | ast.Assign):
            said = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            if not said:
                yield path + ast.unparse(item)


def test_every_class_method_and_field_says_what_it_is_for():
    stub = ast.parse(STUB.read_text(encoding="utf-8"))
    assert list(undocumented(stub, "", runs=False)) == []
    # The same at run time, for `help` in a shell; nobody can say it of fields there.
    for name in gridfold.__all__:
        of = getattr(gridfold, name)
        assert inspect.getdoc(of), name
        if inspect.isclass(of):
            source = textwrap.dedent(inspect.getsource(of))
            lacks = list(undocumented(ast.parse(source).body[0], f"{name}.", runs=True))
            lacks = [at for at in lacks if not at.split(".")[-1].startswith(("is_", "uniffi_"))]
            assert lacks == [], name


def test_a_program_and_the_sample_check_strictly(tmp_path):
    (tmp_path / "right.py").write_text(RIGHT, encoding="utf-8")
    told = mypy(tmp_path, "right.py")
    assert told.returncode == 0, told.stdout + told.stderr
    sample = HERE.parent / "samples" / "phone"
    told = mypy(tmp_path, *sorted(sample.glob("*.py")))
    assert told.returncode == 0, told.stdout + told.stderr


def test_wrong_programs_do_not_check(tmp_path):
    head = "import gridfold\nfrom gridfold import *\n\nasync def main(phone: Client) -> None:\n"
    body = "".join(f"    {line}\n" for line in WRONG.values())
    (tmp_path / "wrong.py").write_text(head + body, encoding="utf-8")
    told = mypy(tmp_path, "wrong.py")
    found = {int(line.split(":")[1]) for line in told.stdout.splitlines() if ": error:" in line}
    first = len(head.splitlines()) + 1
    missed = [name for i, name in enumerate(WRONG) if first + i not in found]
    assert not missed, told.stdout
