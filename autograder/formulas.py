"""Formulas in feedback pages and the form grader, readable without a network.

nbgrader's pages ask a content network for MathJax. Here LaTeX becomes MathML, which browsers draw by themselves; what can't be
turned stays as it is written, for MathJax where there is a network.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from latex2mathml.converter import convert
from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from traitlets import Bool

# code, which holds no formulas, first; then $$...$$ and \[...\]; then $...$ and \(...\) with no blank inside at either end
_PARTS = re.compile(
    r"(?P<code>^ {0,3}(?P<fence>```+|~~~+).*?^ {0,3}(?P=fence)[`~]*\s*?$|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))"
    r"|\$\$(?P<shown>.+?)\$\$|\\\[(?P<bracketed>.+?)\\\]"
    r"|(?<![\\$])\$(?P<inline>[^\s$](?:[^$]*?[^\s$\\])?)\$(?![\d$])|\\\((?P<parens>.+?)\\\)",
    re.DOTALL | re.MULTILINE,
)
LONGEST = 5000  # characters of a formula
_MATHML = "{http://www.w3.org/1998/Math/MathML}"
# what draws; a text in a formula may hold anything
_TAGS = set(
    "math mrow mi mo mn mtext ms mspace mfrac msqrt mroot mstyle merror mpadded mphantom msub msup msubsup munder mover munderover "
    "mmultiscripts mprescripts none mtable mtr mtd menclose".split()
)
_ATTRIBUTES = set(
    "display displaystyle scriptlevel stretchy fence separator form lspace rspace minsize maxsize symmetric largeop movablelimits "
    "accent accentunder linethickness mathvariant mathsize mathcolor mathbackground width height depth voffset rowspacing columnspacing "
    "columnalign rowlines columnlines frame framespacing linebreak notation side rowalign bevelled".split()
)


def with_mathml(markdown: str) -> str:
    """Markdown with its LaTeX formulas as MathML; code stays, and so does what is no LaTeX."""
    return _PARTS.sub(_turned, markdown)


def _turned(found: re.Match[str]) -> str:
    shown = found["shown"] or found["bracketed"]
    formula = shown or found["inline"] or found["parens"]
    if not formula or len(formula) > LONGEST or "\n\n" in formula:
        return found[0]
    for name in ("\\lVert", "\\rVert", "\\|"):
        formula = formula.replace(name, "‖")
    for name in ("aligned", "split"):
        formula = formula.replace(f"{{{name}}}", "{align*}")
    try:
        tree = ElementTree.fromstring(convert(" ".join(formula.split()), display="block" if shown else "inline"))
    except Exception:  # it has a class for each way in which LaTeX can be wrong, and takes markup in a text as it is
        return found[0]
    for element in tree.iter():
        if (
            not isinstance(element.tag, str)
            or not element.tag.startswith(_MATHML)
            or not element.attrib.keys() <= _ATTRIBUTES
        ):
            return found[0]
        element.tag = element.tag.removeprefix(_MATHML)
    if any(element.tag not in _TAGS for element in tree.iter()):
        return found[0]
    return ElementTree.tostring(tree, encoding="unicode").replace("\n", " ")


class FormulasAsMathML(Preprocessor):
    """For every page that nbconvert makes: feedback and the form grader's."""

    enabled = Bool(True).tag(config=True)

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
        return cell, resources
