"""Writes the package's typed stub from the generated bindings: `stubs.py INSTALLED_PACKAGE`.

Type checkers do not see what the generated module does at import: variants that become subclasses
of their enum, names that are exported in a loop, fields of errors. The stub says all of it, with what
each is for: editors show that. What fields of records and errors are for is read from the boundary's
source, since the generator leaves it out. The stub is committed, so that a change of the boundary
shows in it; a test compares.
"""

import ast
import re
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).parent
STUB = HERE / "src" / "gridfold" / "__init__.pyi"
#: The source of the boundary.
BOUNDARY = HERE.parents[1] / "src" / "ffi"

HEAD = '''\
"""Offline-first records for community grid work."""

# Written by `stubs.py` from the generated bindings; `./test --update` writes it again.

import builtins
import enum
import os
import ssl
from contextlib import AbstractAsyncContextManager
'''

#: What `gridfold` has beside the generated names: where it is, and its types.
OWN = {
    "HttpxTransport": (
        "transport.py",
        "class HttpxTransport(Transport):",
        {
            "__init__": """def __init__(
        self,
        *,
        verify: bool | str | ssl.SSLContext = True,
        timeout_s: float = 60.0,
        trust_env: bool = True,
    ) -> None:""",
            "call": "async def call(self, request: HttpRequest) -> HttpReply:",
        },
    ),
    "open_client": (
        "__init__.py",
        """def open_client(
    path: str | os.PathLike[str],
    key: bytes,
    *,
    locale: Locale = ...,
    transport: Transport | None = None,
) -> AbstractAsyncContextManager[Client]:""",
        {},
    ),
}


def told(text):
    """A docstring as Python has it: links of the source's language are plain names."""
    text = re.sub(r"\[`(\w+)::(\w+)`\]", r"`\1.\2`", textwrap.dedent(text).strip())
    return text.replace("# Errors\n", "Errors:\n")


def doc_lines(text, indent):
    """The lines of a docstring; none where there is nothing to say."""
    if not text:
        return []
    lines = told(text).replace("\\", "\\\\").splitlines()
    body = [f"{indent}{line}".rstrip() for line in lines]
    if len(body) == 1:
        return [f'{indent}"""{lines[0]}"""']
    body[0] = f'{indent}"""{lines[0]}'
    return [*body, f'{indent}"""']


def docs_of_fields(folder):
    """What the fields of records and of variants are for, by type, variant and field."""
    docs = {}
    for path in sorted(folder.glob("*.rs")):
        of = variant = None
        said = []
        for line in path.read_text(encoding="utf-8").splitlines():
            text = line.strip()
            if match := re.match(r"pub (?:struct|enum) (\w+) \{", text):
                of, variant = match[1], None
            elif line == "}":
                of = variant = None
            elif match := re.match(r"    (\w+) \{$", line):
                variant = match[1]
            elif text.startswith("///"):
                said.append(text.removeprefix("///").strip())
                continue
            elif text.startswith("#["):
                continue
            elif of and (match := re.match(r"(?:pub )?(\w+): ", text)):
                docs[of, variant, match[1]] = "\n".join(said)
            said = []
    return docs


def annotation(node):
    """An annotation in today's spelling; `list` alone would be a method of the client."""
    text = ast.unparse(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    text = re.sub(r"typing\.Union\[object, (.*)\]$", r"\1", text)
    while True:
        shorter = re.sub(r"typing\.Optional\[((?:[^\[\]]|\[[^\[\]]*\])*)\]", r"\1 | None", text)
        shorter = re.sub(r"typing\.(List|Sequence)\[", "builtins.list[", shorter)
        shorter = re.sub(r"typing\.(Dict|Mapping)\[", "builtins.dict[", shorter)
        if shorter == text:
            return text
        text = shorter


def of_converter(name):
    """The type that a converter reads, for the fields of errors, which have no annotation."""
    name = name.removeprefix("_UniffiFfiConverter")
    if name.startswith("Optional"):
        return of_converter(name.removeprefix("Optional")) + " | None"
    if name.startswith("Sequence"):
        return f"builtins.list[{of_converter(name.removeprefix('Sequence'))}]"
    if name.startswith("Type"):
        return name.removeprefix("Type")
    known = {"String": "str", "Boolean": "bool", "Bytes": "bytes"}
    if re.fullmatch(r"U?Int\d+", name):
        return "int"
    if re.fullmatch(r"(Float|Double)\d*", name):
        return "float"
    return known[name]


def stated(node):
    """The text of a statement that is nothing but one."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return node.value.value
    return None


class Stub:
    """The stub of one generated module."""

    def __init__(self, source, field_docs):
        self.module = ast.parse(source)
        self.field_docs = field_docs
        self.exported = next(
            ast.literal_eval(n.value)
            for n in self.module.body
            if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"
        )
        self.classes = {}
        for node in self.module.body:
            if isinstance(node, ast.ClassDef):
                self.classes.setdefault(node.name, []).append(node)
        self.lines = []

    def text(self):
        names = [n for n in self.exported if not n.endswith(("Protocol", "Impl", "InternalError"))]
        names += ["HttpxTransport", "open_client"]
        self.lines = [HEAD, "__all__ = ["]
        self.lines += [f'    "{name}",' for name in sorted(names)]
        self.lines += ["]", ""]
        for name in names:
            if name in self.classes:
                self.class_of(name)
                self.lines.append("")
        for node in self.module.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in names:
                self.method(node, "")
                self.lines.append("")
        for name, (file, head, methods) in OWN.items():
            self.own(name, HERE / "src" / "gridfold" / file, head, methods)
        return "\n".join(self.lines).rstrip() + "\n"

    def own(self, name, path, head, methods):
        """A name of the package's own, with the docstrings of its source."""
        named = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        module = ast.parse(path.read_text(encoding="utf-8"))
        node = next(n for n in module.body if isinstance(n, named) and n.name == name)
        self.lines.append(head)
        self.ending(ast.get_docstring(node), "    ")
        for method in (n for n in node.body if getattr(n, "name", "") in methods):
            self.lines.append(f"    {methods[method.name]}")
            self.ending(ast.get_docstring(method), "        ")
        self.lines.append("")

    def class_of(self, name):
        definitions = self.classes[name]
        node = definitions[-1]
        bases = {ast.unparse(b) for b in definitions[0].bases}
        nested = [n for n in node.body if isinstance(n, ast.ClassDef)]
        doc = doc_lines(ast.get_docstring(node), "    ")
        if "enum.Enum" in bases:
            self.lines += [f"class {name}(enum.Enum):", *doc]
            for item, after in zip(node.body, [*node.body[1:], None], strict=True):
                if isinstance(item, ast.Assign):
                    self.lines.append(f"    {ast.unparse(item)}")
                    self.lines += doc_lines(stated(after), "    ")
        elif "Exception" in bases:
            self.lines += [f"class {name}(Exception):", *doc]
            for variant in nested:
                self.variant(name, variant, self.error_fields(name, variant.name))
        elif nested:
            self.lines += [f"class {name}:", *doc]
            for variant in nested:
                self.variant(name, variant, self.fields(variant))
        elif any(ast.unparse(d) == "dataclass" for d in node.decorator_list):
            self.lines += [f"class {name}:", *doc]
            self.record(name, self.fields(node))
        else:
            self.lines += [f"class {name}:", *doc]
            self.methods(node)

    def fields(self, node):
        """Name, type and default of what `__init__` takes."""
        init = next((n for n in node.body if getattr(n, "name", "") == "__init__"), None)
        if init is None:
            return []
        given = init.args
        positional = given.args[1:]
        defaults = [None] * (len(positional) - len(given.defaults)) + given.defaults
        pairs = [*zip(positional, defaults), *zip(given.kwonlyargs, given.kw_defaults)]
        return [(a.arg, annotation(a.annotation), d) for a, d in pairs]

    def error_fields(self, name, variant):
        """As the converter reads them."""
        converter = self.classes[f"_UniffiFfiConverterType{name}"][-1]
        made = f"{name}.{variant}"
        for call in ast.walk(converter):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == made:
                types = [of_converter(ast.unparse(a.func.value)) for a in call.args]
                node = next(
                    n
                    for n in self.classes[name][-1].body
                    if isinstance(n, ast.ClassDef) and n.name == variant
                )
                init = next(n for n in node.body if getattr(n, "name", "") == "__init__")
                names = [a.arg for a in init.args.args[1:]]
                return list(zip(names, types, [None] * len(names), strict=True))
        raise LookupError(made)

    def variant(self, name, node, fields):
        self.lines.append(f"    class {node.name}({name}):")
        self.lines += doc_lines(ast.get_docstring(node), "        ")
        self.attributes(name, node.name, fields, "        ")
        given = ", ".join(["self", *(self.argument(f) for f in fields)])
        self.lines.append(f"        def __init__({given}) -> None: ...")

    def record(self, name, fields):
        self.attributes(name, None, fields, "    ")
        given = ", ".join(["self", *(["*"] if fields else []), *(self.argument(f) for f in fields)])
        self.lines.append(f"    def __init__({given}) -> None: ...")

    def attributes(self, name, variant, fields, indent):
        for key, kind, _ in fields:
            self.lines.append(f"{indent}{key}: {kind}")
            self.lines += doc_lines(self.field_doc(name, variant, key), indent)

    def field_doc(self, name, variant, key):
        # A variant is named as Python names it: in capitals, unless it is an error's.
        same = lambda of: variant is None or of.upper() == variant.replace("_", "").upper()
        found = (
            doc
            for (of, its, field), doc in self.field_docs.items()
            if of == name and field == key and (its is None) == (variant is None) and same(its or "")
        )
        return next(found, "")

    def ending(self, doc, indent):
        """The body of a function: what it says, or nothing."""
        lines = doc_lines(doc, indent)
        if lines:
            self.lines += lines
        else:
            self.lines[-1] += " ..."

    @staticmethod
    def argument(field):
        key, kind, default = field
        if default is None:
            return f"{key}: {kind}"
        literal = isinstance(default, ast.Constant)
        return f"{key}: {kind} = {ast.unparse(default) if literal else '...'}"

    def methods(self, node):
        shown = [
            n
            for n in node.body
            if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
            and (not n.name.startswith("_") or (n.name == "__init__" and not n.args.vararg))
        ]
        if not shown:
            self.lines.append("    ...")
        for method in shown:
            self.method(method, "    ")

    def method(self, node, indent):
        for decorator in node.decorator_list:
            self.lines.append(f"{indent}@{ast.unparse(decorator)}")
        given = node.args
        first = [a.arg for a in given.args if a.annotation is None]
        rest = given.args[len(first) :]
        defaults = [None] * (len(rest) - len(given.defaults)) + given.defaults
        typed = [(a.arg, annotation(a.annotation), d) for a, d in zip(rest, defaults)]
        arguments = ", ".join([*first, *(self.argument(f) for f in typed)])
        returns = "None" if node.returns is None else annotation(node.returns)
        word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
        self.lines.append(f"{indent}{word} {node.name}({arguments}) -> {returns}:")
        self.ending(ast.get_docstring(node), indent + "    ")


def stub_of(package):
    """The stub for an installed package."""
    source = (Path(package) / "_native" / "gridfold_client.py").read_text(encoding="utf-8")
    return Stub(source, docs_of_fields(BOUNDARY)).text()


if __name__ == "__main__":
    STUB.write_text(stub_of(sys.argv[1]), encoding="utf-8")
