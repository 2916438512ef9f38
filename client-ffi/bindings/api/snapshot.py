"""What a generated binding offers an app, one declaration a line.

`python3 snapshot.py kotlin|swift|web FILE` prints it. Bodies, comments and everything that the
generator makes for itself are left out, so that only a change of the API changes the text. The API in
Python is the package's typed stub.
"""

import re
import sys

OWN = re.compile(
    r"uniffi|ffiConverter|FfiType|RustBuffer|ForeignBytes|NoHandle|Internal(Exception|Error)|Impl\b", re.I
)


def without_comments(source):
    source = re.sub(r"/\*.*?\*/", "", source, flags=re.S)
    return re.sub(r"//.*", "", source)


def declarations(source, starts):
    """Yields (depth, text) of declarations: from a line that starts one to its body or its end."""
    lines = without_comments(source).split("\n")
    depth, n = 0, 0
    while n < len(lines):
        line = lines[n]
        if starts.match(line):
            text, end = line.strip(), n
            while text.count("(") > text.count(")"):
                end += 1
                text += " " + lines[end].strip()
            yield depth, text
            while n < end:
                depth += lines[n].count("{") - lines[n].count("}")
                n += 1
            line = lines[n]
        depth += line.count("{") - line.count("}")
        n += 1


def tidy(text):
    text = text.replace("`", "").replace("kotlin.", "").replace("gridfold.", "")
    text = re.sub(r"\s*\{.*$|\s*=\s*$", "", text)
    text = re.sub(r"\s+", " ", text)
    text = text.replace("::", ".")
    text = re.sub(r"\s*([,(:)])\s*", lambda m: m[1] + ("" if m[1] in "()" else " "), text)
    return re.sub(r"\)(?=[a-zA-Z-])", ") ", text).strip()


def braced(source, starts, types, wanted, deepest):
    """The declarations of a language with braces: types that are wanted, and what is in them."""
    out, shown = [], False
    for depth, text in declarations(source, starts):
        is_type = re.match(types, text)
        if depth == 0:
            shown = not OWN.search(text) and bool(wanted.match(text))
            if shown:
                out.append(tidy(text))
        elif shown and depth <= deepest and not OWN.search(text):
            if depth == 1 or not is_type:
                out.append("    " + tidy(text))
    return out


def kotlin(source):
    starts = re.compile(
        r"\s*(@\S+ )?(public |open |abstract |override |internal |private )*(data class|sealed class|enum class|class|object|interface"
        r"|suspend fun|fun) |\s*[A-Z_]+[,;]$|\s*(public |override )*va[lr] "
    )
    wanted = re.compile(
        r"(@Throws\S+ )?(public |open )*(data class|sealed class|enum class|open class|suspend fun|fun) |public interface "
    )
    out = []
    for line in braced(source, starts, r"(data|sealed|enum)? ?class ", wanted, 2):
        # What a class overrides stands in its interface.
        if not re.search(r"\boverride\b", line):
            out.append(line)
    return out


def swift(source):
    starts = re.compile(
        r"\s*(public |open |static |convenience |private |fileprivate )*"
        r"(protocol|class|struct|enum|func|init|var|case)\b"
    )
    wanted = re.compile(r"(public|open) ")
    out = []
    for line in braced(source, starts, r"(public|open) .*(protocol|class|struct|enum) ", wanted, 1):
        # `init` repeats the fields of a struct, but has their defaults.
        made = re.search(r"func (read|write|lift|lower|hash)\(|errorDescription|case \.", line)
        private = re.match(r"    (func|var|init|static) ", line) and not in_protocol(out)
        if not (made or private):
            out.append(line)
    return out


def in_protocol(out):
    head = next((line for line in reversed(out) if not line.startswith(" ")), "")
    return "protocol" in head


def web(source):
    """Each type and each call in one line, without its comment."""
    source = re.sub(r"/\*\*.*?\*/", "", without_line_comments(source), flags=re.S)
    out = []
    for block in re.split(r"\n(?=export )", source):
        if block.startswith("export interface PhoneCalls"):
            head, *calls = [line.strip() for line in block.split("\n") if line.strip(" }")]
            out += [head.rstrip(" {")] + ["    " + call for call in calls]
        elif block.startswith("export "):
            head, *variants = re.split(r"\n\s*\| (?=\{)", block.strip())
            out.append(re.sub(r"\s+", " ", head))
            out += ["    | " + variant for variant in variants]
    return out


def without_line_comments(source):
    return re.sub(r"^//.*\n", "", source, flags=re.M)


if __name__ == "__main__":
    language, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        lines = {"kotlin": kotlin, "swift": swift, "web": web}[language](file.read())
    print("\n".join(lines))
