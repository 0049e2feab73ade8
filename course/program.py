"""What of a notebook is run to get its answers: the imports, the answers, and of other cells only what the answers need.

Demos, plots, long training and checks are never executed. A helper that a student wrote in a cell of their own is found by
following names: an answer uses `row_max`, so the statement that defines `row_max` runs, and what that needs in turn.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from nbformat import NotebookNode

MAX_SOURCE = 100_000  # characters of a cell
MAX_MAGIC_WORK = (
    200_000  # characters of a cell times its lines with magics: IPython reads the whole cell again for each
)
SHORT = 5_000  # characters; the trees of longer cells take too much memory to be kept
WRAPPERS = ("time", "capture", "prun")  # magics of a whole cell that run its body where the cell stands
_MAGIC_LINE = re.compile(r"^[ \t]*[%!?,;/]|=[ \t]*[%!]|\?[ \t]*$", re.MULTILINE)
_PLAIN = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
    ast.Try,
)
# In cells of the student's own also what builds a table in steps. The lecture's own loops train, and are not run.
_OWN = (*_PLAIN, ast.AugAssign, ast.If, ast.With, ast.For, ast.While)


@dataclass(frozen=True)
class Piece:
    """A source that is run as one cell. exercise: whose answer it is, or None for imports and helpers."""

    source: str
    name: str
    exercise: str | None = None


@dataclass(frozen=True)
class _Statement:
    position: int
    source: str
    binds: frozenset[str]
    uses: frozenset[str]
    star: bool = False
    own: bool = False  # it stands in a cell that the student added


def program(notebook: NotebookNode, only: str | None = None) -> list[Piece]:
    """The pieces to run of a notebook whose cells are marked (`setup`, `exercise`) in their metadata, in its order.

    only: an exercise id, for it and what it needs alone
    """
    answers, others, pieces = {}, [], []
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        if cell.metadata.get("setup"):
            pieces.append((position, Piece(cell.source, f"cell {position + 1}")))
        elif "exercise" in cell.metadata:
            answers[cell.metadata["exercise"]] = (position, cell.source)
        elif "nbgrader" not in cell.metadata:
            others += _statements(cell.source, position, own=bool(cell.metadata.get("added")))
    return _assemble(pieces, answers, others, only)


def program_by_names(sources: list[str], exercises: Iterable[str]) -> list[Piece]:
    """The same from sources of code cells alone: a cell that defines an exercise's name holds its answer; the last counts."""
    answers, others = {}, []
    for position, source in enumerate(sources):
        defined = [exercise for exercise in exercises if defines(source, exercise)]
        answers |= dict.fromkeys(defined, (position, source))
        others += [] if defined else _statements(source, position)
    return _assemble([], answers, others, None)


def _assemble(
    pieces: list[tuple[int, Piece]],
    answers: dict[str, tuple[int, str]],
    others: list[_Statement],
    only: str | None,
) -> list[Piece]:
    wanted = {only} & answers.keys() if only else set(answers)
    while True:  # answers may call earlier answers, and helpers may too
        needed = {name for exercise in wanted for name in _lacks(answers[exercise][1])}
        helpers = _closure(needed, others, set(answers))
        needed |= {name for helper in helpers for name in helper.uses}
        more = needed & answers.keys() - wanted
        if not more:
            break
        wanted |= more
    pieces += [(answers[e][0], Piece(answers[e][1], f"cell {answers[e][0] + 1}", e)) for e in wanted]
    by_cell: dict[int, list[str]] = {}
    for helper in helpers:
        by_cell.setdefault(helper.position, []).append(helper.source)
    pieces += [(position, Piece("\n".join(sources), f"cell {position + 1}")) for position, sources in by_cell.items()]
    return [piece for _, piece in sorted(pieces, key=lambda pair: pair[0])]


def _closure(needed: set[str], statements: list[_Statement], answers: set[str]) -> list[_Statement]:
    """The statements that bind a needed name, or one that these need; in order.

    What a student defined in a cell of their own is not replaced by a demo's variable of the same name.
    """
    chosen = [statement.star for statement in statements]
    theirs = {name for statement in statements if statement.own for name in statement.binds - statement.uses}
    offered: dict[str, list[int]] = {}
    for index, statement in enumerate(statements):
        for name in statement.binds - answers - (set() if statement.own else theirs):
            offered.setdefault(name, []).append(index)
    waiting = set(needed)
    while waiting:
        for index in offered.pop(waiting.pop(), ()):  # each name is followed once, however long the chain
            if not chosen[index]:
                chosen[index] = True
                waiting.update(name for name in statements[index].uses if name in offered)
    return [statement for statement, is_chosen in zip(statements, chosen, strict=True) if is_chosen]


def _statements(source: str, position: int, own: bool = False) -> list[_Statement]:
    """What defines something at the top level of a cell. A cell that can't be parsed has none."""
    return [_Statement(position, text, binds, used, star, own) for text, binds, used, star in _taken_apart(source, own)]


@lru_cache(maxsize=512)  # most cells are the lecture's own, the same in every submission
def _taken_apart(source: str, own: bool) -> tuple[tuple[str, frozenset[str], frozenset[str], bool], ...]:
    """(source, names bound, names used, whether it is a star import) of each such statement."""
    tree = _parse(source)
    if tree is None:
        return ()
    found = []
    for statement in tree.body:
        if not isinstance(statement, _OWN if own else _PLAIN):
            continue
        text = _text(statement)
        star = isinstance(statement, ast.ImportFrom) and any(name.name == "*" for name in statement.names)
        binds, used = _names(text)
        found.append((text, binds | _filled(statement) if own else binds, used, star))
    return tuple(found)


def _filled(statement: ast.stmt) -> set[str]:
    """The names whose tables a statement writes into: of `table[3] = 1`, `table`."""
    places = (node for node in ast.walk(statement) if isinstance(node, (ast.Subscript, ast.Attribute)))
    stored = (node.value for node in places if isinstance(node.ctx, ast.Store))
    return {node.id for node in stored if isinstance(node, ast.Name)}


def uses(source: str) -> frozenset[str]:
    """The global names that a piece of code reads, at its top level or inside its functions; builtins left out."""
    tree = _parse(source)
    return _names(_text(tree))[1] if tree else frozenset()


@lru_cache(maxsize=512)
def _lacks(source: str) -> frozenset[str]:
    """What an answer's cell uses and does not define itself."""
    return uses(source) - (_defined(source) or frozenset())


def _text(tree: ast.AST) -> str:
    """The tree as source again; nothing where it is nested too deeply or holds a number too long to be written."""
    try:
        return ast.unparse(tree)
    except (RecursionError, ValueError):
        return ""


def _names(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """(names bound at the top level, global names read anywhere)."""
    if len(source) > MAX_SOURCE:
        return frozenset(), frozenset()
    try:
        with _parsing, _no_warnings():
            top = symtable.symtable(source, "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset(), frozenset()
    binds = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    read = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    tables = list(top.get_children())
    while tables:
        table = tables.pop()
        read |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
        tables += table.get_children()
    return frozenset(binds), frozenset(name for name in read if not hasattr(builtins, name))


def defines(source: str, name: str) -> bool:
    """Does the cell bind this name at its top level? A cell that can't be parsed counts when it says `def name` there."""
    if name not in source:
        return False
    defined = _defined(source)
    if defined is None:
        starts = (f"def {name}(", f"def {name} (", f"class {name}")
        return any(line.startswith(starts) for line in source.splitlines())
    return name in defined


@lru_cache(maxsize=512)
def _defined(source: str) -> frozenset[str] | None:
    """The names that a cell binds at its top level; None where it can't be parsed."""
    tree = _parse(source)
    return None if tree is None else frozenset(_bound(tree.body))


def _parse(source: str) -> ast.Module | None:
    """The syntax tree of a cell, or None where it has none or is too long to be anybody's code."""
    if len(source) > MAX_SOURCE:
        return None
    return _parse_short(source) if len(source) <= SHORT else _parse_now(source)


def _parse_now(source: str) -> ast.Module | None:
    for text in (source, None):  # most cells are plain Python: IPython's transformations are slow and seldom needed
        try:
            with _parsing, _no_warnings():
                return _without_wrapper(ast.parse(python_of(source) if text is None else text))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


_parse_short = lru_cache(maxsize=512)(_parse_now)


# Python 3.11 counts the depth of trees for all threads in one place, and warnings are caught for all threads too
_parsing = threading.Lock()


@contextmanager
def _no_warnings() -> Iterator[None]:
    """A backslash too much in a student's text is not the grader's concern."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _without_wrapper(tree: ast.Module) -> ast.Module:
    """Of a cell under `%%time` or the like, the tree of its body."""
    match tree.body:
        case [ast.Expr(ast.Call(ast.Attribute(attr="run_cell_magic"), [magic, _, ast.Constant(str(body))]))] if (
            isinstance(magic, ast.Constant) and magic.value in WRAPPERS
        ):
            return ast.parse(python_of(body))
    return tree


def _bound(statements: Iterable[ast.stmt]) -> set[str]:
    """Names that statements define: `f = cache(f)` and `f.calls = 0` change an `f` that is there and define none."""
    names: set[str] = set()
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(statement.name)
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            nodes = [node for tree in (*targets, statement.value) for node in ast.walk(tree)]
            mentioned = [node for node in nodes if isinstance(node, ast.Name)]
            read = {node.id for node in mentioned if not isinstance(node.ctx, ast.Store)}
            names |= {node.id for node in mentioned if isinstance(node.ctx, ast.Store)} - read
        elif isinstance(statement, (ast.If, ast.Try, ast.With)):
            bodies = [statement.body, *(getattr(statement, part, []) for part in ("orelse", "finalbody"))]
            bodies += [handler.body for handler in getattr(statement, "handlers", [])]
            for body in bodies:
                names |= _bound(body)
    return names


def python_of(source: str) -> str:
    """A cell as plain Python: magics and shell lines become calls, as IPython runs them."""
    from IPython.core.inputtransformer2 import TransformerManager

    if len(source) * len(_MAGIC_LINE.findall(source)) > MAX_MAGIC_WORK:
        return source
    try:
        return TransformerManager().transform_cell(source)
    except Exception:  # a cell that IPython can't take apart is left as it is; running it will say why
        return source
