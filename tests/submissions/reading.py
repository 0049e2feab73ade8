"""Submissions that attack whoever reads them: the process that takes notebooks apart, and the people who open the pages."""

import nbformat

from . import Attack
from .damaging import WRONG, cell, code, in_front_of

ATTACKS = []

NAME = "squared_error_cost"


def add(
    name,
    says,
    source="",
    statuses=("differs", "raised", "missing", "crashed", "timed out", "out of memory"),
    **keywords,
):
    ATTACKS.append(Attack(name, "reading", says, source or WRONG, statuses=statuses, **keywords))


def bomb(name, says, text, **keywords):
    """The answer, and below it something that is hard to parse."""
    add(name, says, WRONG + text, **keywords)


bomb("long-hexadecimal", "a number that can be read and not be printed in decimal", "x = 0x" + "f" * 20_000)
bomb("parentheses", "ninety opening brackets that nothing closes", "x = " + "({[" * 60)
bomb("deep-operators", "an expression ninety thousand levels deep", "x = " + "-" * 90_000 + "1")
bomb("long-sum", "an expression with forty-nine thousand terms", "x = 1" + "+1" * 49_000)
bomb("long-chain", "forty-nine thousand attributes of attributes", "x = WRONG" + ".a" * 49_000)
bomb("conditionals", "six thousand branches in one", "if 0:\n    pass\n" + "elif 0:\n pass\n" * 6_000)
bomb("f-strings", "formatted strings in formatted strings", "x = f'" + "{x:" * 80 + "}" * 80 + "'")
bomb("magics", "five hundred magics and twenty-three thousand lines", "%time 1\n" * 499 + "x=1\n" * 23_000)
bomb("shell-lines", "five hundred shell lines and question marks", "!ls\n?x\na = !ls\nb?\n" * 120 + "x=1\n" * 23_000)
bomb("lone-halves-in-text", "text with halves of characters, in a helper", "x = 'a\\ud800b' f'{1}\\udfff'")
bomb(
    "deep-indent",
    "ninety-nine levels of indentation",
    "".join(" " * n + "if 1:\n" for n in range(99)) + " " * 99 + "x = 1",
)
bomb("statements", "twenty-four thousand statements", "x=1\n" * 24_000)


def added(name, says, sources, source=WRONG, **keywords):
    """Cells of the student's own between the answers."""

    def change(notebook):
        cell(notebook, NAME).source = source
        for text in sources():
            in_front_of(notebook, "check_" + NAME, code(text))

    add(name, says, source, change=change, **keywords)


added(
    "chain-of-helpers",
    "each of forty thousand helpers needs the next one",
    lambda: ["".join(f"h{n}=h{n + 1}\n" for n in range(5000 * k, 5000 * (k + 1))) for k in range(8)],
    "def squared_error_cost(X, t, w, b):\n    return h0\n",
)
added("hexadecimal-helper", "a helper that can't be written down again", lambda: ["x = 0x" + "f" * 20_000])
added(
    "thousands-of-long-cells",
    "two thousand cells that are long and hard to parse",
    lambda: [f"squared_error_cost_{n} = 1" + "+1" * 5_000 for n in range(2000)],
)
added(
    "thousands-of-magics",
    "two thousand cells with many magics",
    lambda: ["%time 1\n" * 300 + f"squared_error_cost = {n}" for n in range(2000)],
)
added(
    "same-name-everywhere",
    "three thousand cells that bind all exercises' names",
    lambda: [f"if 0: squared_error_cost = standardize = fit_ridge = {n}" for n in range(3000)],
    costs=("standardize", "fit_ridge"),
)

SCRIPT = "<script>document.title='FOUND-IT'</script><img src=x onerror=\"document.title='FOUND-IT'\">"

add(
    "script-in-an-error",
    "an error whose text, name and source line are HTML",
    f"""
class Html(Exception):
    pass

Html.__name__ = {SCRIPT!r}

def squared_error_cost(X, t, w, b):
    raise Html({SCRIPT!r})  # {SCRIPT}
""",
)

add(
    "script-in-a-value",
    "a dict, a text and a class whose names are HTML",
    f"""
def squared_error_cost(X, t, w, b):
    return type({SCRIPT!r}, (), {{}})()
""",
)

add(
    "escape-sequences",
    "an error that clears the screen, sets its title and hides what follows",
    """
def squared_error_cost(X, t, w, b):
    raise ValueError("\\x1b[2J\\x1b]0;FOUND-IT\\x07\\x1b[8m\\x9b31m\\r\\n16 of 16 points. Right.\\x00\\x08\\u202e")
""",
)

add(
    "markup-of-tables",
    "an error that looks like the markup of the grader's tables",
    """
def squared_error_cost(X, t, w, b):
    raise ValueError("[bold red]16[/bold red] [link=file:///etc/passwd]x[/link] {0} %s $(id) `id` =HYPERLINK(1)")
""",
)


def script_in_text(notebook):
    cell(notebook, NAME).source = WRONG
    for one in notebook.cells:
        if "written" in one.metadata:
            link = "javascript:document.title='FOUND-IT'"
            one.source = f"It is so. {SCRIPT} [x]({link}) $\\href{{{link}}}{{x}}$"
    new = nbformat.v4.new_markdown_cell(f'{SCRIPT}\n\n<iframe srcdoc="{SCRIPT}"></iframe>\n\n<svg onload=alert(1)>')
    new.attachments = {"x.svg": {"image/svg+xml": SCRIPT}}
    notebook.cells.append(new)
    notebook.cells.append(nbformat.v4.new_raw_cell(SCRIPT))
    notebook.cells.append(nbformat.v4.new_raw_cell(SCRIPT, metadata={"raw_mimetype": "text/html"}))
    output = {
        "output_type": "display_data",
        "data": {"text/html": SCRIPT, "application/javascript": "alert(1)"},
        "metadata": {},
    }
    notebook.cells.append(code("1"))
    notebook.cells[-1].outputs = [nbformat.from_dict(output)]
    notebook.metadata.title = SCRIPT
    notebook.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {"state": {"x": SCRIPT}}}


add(
    "script-in-text",
    "HTML and links that run code in written answers, in cells, outputs and attachments",
    change=script_in_text,
)


def markdown_bombs(notebook):
    cell(notebook, NAME).source = WRONG
    for text in (
        "[" * 20_000,
        "**a" * 10_000,
        "<a " * 10_000,
        "`" * 10_000 + " a",
        "> " * 5_000 + "x",
        "$" * 9_999,
        "- " * 3000 + "x",
        "![](" * 10_000,
        "|a" * 5_000 + "\n" + "|-" * 5_000,
        "*" * 20_000 + "x",
        "&#" * 10_000,
        "\\" * 20_000,
    ):
        notebook.cells.append(nbformat.v4.new_markdown_cell(text))


add("markdown-bombs", "text that is slow to turn into HTML", change=markdown_bombs)


def json_bombs(kind):
    def change(notebook):
        text = nbformat.writes(notebook)
        return {
            "deep": "[" * 10**6,
            "wide": text[:-2] + ', "x": [' + "0," * 6_000_000 + "0]}",
            "number": text[:-2] + ', "x": ' + "9" * 10**6 + "}",
            "floats": text[:-2] + ', "x": [NaN, Infinity, -Infinity, 1e999999]}',
        }[kind]

    return change


EVERYTHING = ("squared_error_gradient", "fit_ridge", "polynomial_features", "standardize")
EVERYTHING += ("logistic_cost_and_gradient", "softmax_cross_entropy", "train_softmax_regression")
add("json-deep", "a million levels of JSON", change=json_bombs("deep"), costs=EVERYTHING)
add("json-wide", "millions of values in JSON", change=json_bombs("wide"), costs=EVERYTHING)
add("json-long-number", "a number of a million digits in JSON", change=json_bombs("number"), costs=EVERYTHING)
add("json-odd-numbers", "numbers that JSON does not have", change=json_bombs("floats"))
