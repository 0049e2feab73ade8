"""Formulas of feedback pages need no network: MathML that a browser draws, and whatever isn't LaTeX stays."""

import re
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.formulas import with_mathml

ROOT = Path(__file__).resolve().parent.parent
MATH = re.compile(r"<math.*?</math>", re.DOTALL)


def letters(markdown):
    """What a reader sees of the one formula in it."""
    (formula,) = MATH.findall(with_mathml(markdown))
    return "".join(ElementTree.fromstring(formula).itertext()).replace(" ", "")


def test_a_formula_in_a_line_and_one_on_its_own():
    assert letters("the cost $J = \\frac{a}{b}$ falls") == "J=ab"
    assert "<mfrac>" in with_mathml("$\\frac{a}{b}$")
    assert 'display="block"' in with_mathml("so\n\n$$\\sum_{n=1}^N x_n$$\n\nand")
    assert letters("\\(x_1\\)") == "x1"
    assert letters("$$\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}$$") == "a=bc=d"
    assert "‖" in letters("$\\Big\\lVert v \\Big\\rVert$")


@pytest.mark.parametrize(
    "text",
    [
        "`$HOME` and `$x$`", "```\nprice = $x$\n```", "it costs $5 and $6", "a \\$ b \\$ c", "$$", "$\\frac{$",
        "``a ` $x$ b``", "5$ to 7$", "$\\href{javascript:alert(1)}{x}$",
    ],
)  # fmt: skip
def test_what_is_no_formula_stays(text):
    assert with_mathml(text) == text


def test_markup_in_a_formula_is_text():
    turned = with_mathml("$<script>alert(1)</script>$")
    assert "<script" not in turned
    for markup in (
        "<img src=x onerror=alert(1)>",
        "<img src='x'/>",
        "<![CDATA[ > <img src=x onerror=alert(1)> ]]>",
        "&lt;img>",
    ):
        assert "<img" not in MATH.sub("", with_mathml(f"$a$ and $\\text{{{markup}}}$")).replace(
            f"$\\text{{{markup}}}$", ""
        )
        assert all("<img" not in formula for formula in MATH.findall(with_mathml(f"$\\text{{{markup}}}$")))


@given(st.text(alphabet="$\\`{}()[]ab_^&<> \n~", max_size=60))
def test_no_text_raises(text):
    with_mathml(text)


def test_a_long_text_of_signs_takes_no_time():
    began = time.process_time()
    for sign in ("$", "`", "$$ ", "\\(", "$a", "\n```"):
        with_mathml(sign * 5000)
    assert time.process_time() - began < 20  # linear: it takes a fraction of this, a quadratic search minutes


def test_every_formula_of_the_lectures_can_be_turned():
    for script in ROOT.glob("source/[0-9][0-9]_*/[0-9][0-9]_*.py"):
        lines = (
            line.removeprefix("#").removeprefix(" ")
            for line in script.read_text(encoding="utf-8").splitlines()
            if line.startswith("#")
        )
        left = MATH.sub("", with_mathml("\n".join(lines)))
        assert not re.search(r"\\(frac|sum|theta|partial|top|mathbb|lVert)\b", left), script.name
