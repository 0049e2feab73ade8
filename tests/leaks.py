"""Search files for the code of a solution, also where it was renamed, shortened, or hidden in a notebook or in JSON.

A *fingerprint* is a piece of Python with its own names replaced by their order of appearance: an expression, a
statement or a run of statements, if it is large enough to say something. Two pieces have the same fingerprint exactly
when one is the other with its variables renamed. Comments, layout, docstrings and the function's name don't count.
"""

import ast
import builtins
import io
import json
import re
import textwrap
import zipfile
from pathlib import Path

SMALLEST = (
    12  # nodes of the syntax tree: `X @ w + b` or a mean over rows has fewer, and stands in any text on the subject
)
LONGEST = 8  # statements in a run; a longer solution is found by its parts
MARKS = re.compile(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)")
KEPT_NAMES = {*dir(builtins), "np", "torch", "nn", "F", "math"}


def size(node):
    """Nodes that carry meaning."""
    return sum(not isinstance(child, ast.expr_context | ast.operator | ast.unaryop) for child in ast.walk(node))


def fingerprint(nodes):
    """The text that is the same for all renamings of a run of statements, or of one expression."""
    names = {}

    def write(node):
        if isinstance(node, ast.Name | ast.arg):
            name = node.id if isinstance(node, ast.Name) else node.arg
            return name if name in KEPT_NAMES else names.setdefault(name, f"v{len(names)}")
        if isinstance(node, list):
            return f"[{','.join(map(write, node))}]"
        if isinstance(node, ast.AST):
            fields = (write(value) for field, value in ast.iter_fields(node) if field not in ("ctx", "type_comment"))
            return f"{type(node).__name__}({','.join(fields)})"
        return repr(node)

    return ";".join(map(write, nodes))


def without_docstring(body):
    first = body[0] if body else None
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return body[1:] if is_text else body


def bodies(tree):
    """All runs of statements that belong together."""
    for node in ast.walk(tree):
        for part in ("body", "orelse", "finalbody"):
            statements = getattr(node, part, None)
            if isinstance(statements, list) and statements:
                yield without_docstring(statements)


def fingerprints(tree, smallest=SMALLEST):
    """Of every piece that is large enough: single expressions and statements, and runs of statements."""
    found = set()
    for node in ast.walk(tree):
        is_piece = isinstance(node, ast.expr | ast.stmt) and not isinstance(node, ast.FunctionDef | ast.ClassDef)
        if is_piece and size(node) >= smallest:
            found.add(fingerprint([node]))
    for body in bodies(tree):
        sizes = list(map(size, body))
        for start in range(len(body)):
            for end in range(start + 2, min(start + LONGEST, len(body)) + 1):
                if sum(sizes[start:end]) >= smallest:
                    found.add(fingerprint(body[start:end]))
    return found


def of_function(source, smallest=SMALLEST):
    """The fingerprints of the body of a function or class, given its source text, its docstring left out."""
    definition = ast.parse(textwrap.dedent(source)).body[0]
    return fingerprints(ast.Module(without_docstring(definition.body), []), smallest)


def python_in(text):
    """The Python that a text holds: the text itself, or the parts of it that can be read as such."""
    text = textwrap.dedent(text)
    plain = re.sub(r"^\s*[%!].*$", "", text, flags=re.MULTILINE)  # magics of a notebook's cell
    try:
        yield ast.parse(plain)
        return
    except (SyntaxError, ValueError):
        pass
    for paragraph in re.split(r"\n(?:\s*\n|```.*\n|[^\n]*<[^\n]*>[^\n]*\n)", plain):
        try:
            yield ast.parse(textwrap.dedent(paragraph.strip("\n`")))
        except (SyntaxError, ValueError):
            continue


def texts(path, content):
    """The texts in a file, however wrapped: (where, text) for modules, cells, strings in JSON, members of a zip."""
    if path.endswith((".zip", ".whl")):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from texts(f"{path}/{name}", archive.read(name))
        return
    text = content.decode("utf-8", errors="replace")
    if path.endswith((".ipynb", ".json")):
        for where, string in strings(json.loads(text)):
            yield f"{path}: {where}", string
    else:
        yield path, text


def strings(data, where=""):
    """Every string of JSON data; a list of lines, as notebooks keep them, is one."""
    if isinstance(data, str):
        yield where, data
    elif isinstance(data, list) and data and all(isinstance(item, str) for item in data):
        yield where, "".join(data)
    elif isinstance(data, list):
        for position, item in enumerate(data):
            yield from strings(item, f"{where}[{position}]")
    elif isinstance(data, dict):
        for key, item in data.items():
            yield from strings(item, f"{where}.{key}")


def files_under(folder):
    """path -> bytes of all files in a folder, caches left out."""
    found = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
    left_out = {"__pycache__", ".ipynb_checkpoints"}
    return {str(path.relative_to(folder)): path.read_bytes() for path in found if not left_out & set(path.parts)}


def search(files, secrets):
    """Where files hold what they must not: a list of sentences, empty when all is well.

    files: path -> bytes; secrets: name -> fingerprints of the code that must not be there
    """
    found = []
    for path, content in files.items():
        for where, text in texts(path, content):
            if MARKS.search(text):
                found.append(f"{where} holds the mark {MARKS.search(text)[0]!r}")
            if len(text) < SMALLEST:
                continue
            there = set().union(*map(fingerprints, python_in(text)))
            found += [f"{where} holds code of {name}" for name, code in secrets.items() if code & there]
    return found
