"""The same attacks against stock nbgrader, for comparison: `python -m tests.submissions.stock [--only NAME ...] [--json FILE]`.

Stock nbgrader executes the submitted notebook with the rights of whoever grades. So only attacks marked harmless run here, all
of this in new mount, process and network namespaces that end with it, and in a throw-away folder:

    unshare -m -n -p -f --mount-proc --kill-child

The hidden tests are written as its documentation does: assertions on fixed cases between BEGIN and END HIDDEN TESTS. A notebook
holds the exercise under attack and one other, answered right; so a submission that is lost shows as one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import nbformat

from . import KINDS, Attack, attacks

NAME = "homework"
OTHER = "polynomial_features"
TIMEOUT = 10  # seconds for a cell
MEMORY = 4 * 2**30  # bytes of address space of each process
ALONE = ["unshare", "-m", "-n", "-p", "-f", "--mount-proc", "--kill-child"]


def hidden_tests(exercise_id: str) -> str:
    """Assertions on the ordinary cases of a seed, the expected values written out."""
    from autograder.exercise import lecture
    from course.probes import build_arguments

    exercise = lecture("linear_models")[exercise_id]
    lines = ["### BEGIN HIDDEN TESTS", "import numpy as np", "from numpy import array, float32, float64, int32, int64"]
    for case in [case for case in exercise.cases_for(7) if not case.edge][:3]:
        right = exercise.right_outcome(case).output
        wanted = right if isinstance(right, tuple) else (right,)
        arguments = ", ".join(map(written, build_arguments(case.arguments)))
        lines.append(f"result = {exercise_id}({arguments})")
        lines.append("results = result if isinstance(result, tuple) else (result,)")
        lines.append(f"assert len(results) == {len(wanted)}")
        lines += [f"assert np.allclose(results[{i}], {written(value)})" for i, value in enumerate(wanted)]
    return "\n".join([*lines, "### END HIDDEN TESTS"])


def written(value: object) -> str:
    """An expression for a number or an array."""
    import numpy as np

    if isinstance(value, np.ndarray):
        return f"array({value.tolist()!r}, dtype={value.dtype.name})"
    return repr(value.item() if hasattr(value, "item") else value)


def cell(kind: str, source: str, grade_id: str, **marks: object) -> nbformat.NotebookNode:
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    known = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": False,
        "solution": False,
        "locked": False,
        "task": False,
    }
    return make(source, id=grade_id.replace("_", "-"), metadata={"nbgrader": known | {"cell_type": kind} | marks})


def source_notebook(exercises: list[str]) -> nbformat.NotebookNode:
    """What an instructor writes: solutions, and after each its hidden tests."""
    from autograder.samples.linear_models import RIGHT

    cells = [nbformat.v4.new_code_cell("import numpy as np", id="setup", metadata={"setup": True})]
    for exercise in exercises:
        solution = f"### BEGIN SOLUTION\n{RIGHT[exercise][0].strip()}\n### END SOLUTION"
        answer = cell("code", solution, exercise, solution=True)
        answer.metadata["exercise"] = exercise
        cells += [
            answer,
            cell("code", hidden_tests(exercise), f"check_{exercise}", grade=True, locked=True, points=1.0),
        ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def submission(attack: Attack, released: nbformat.NotebookNode) -> str:
    from autograder.samples.linear_models import RIGHT

    notebook = nbformat.from_dict(json.loads(nbformat.writes(released)))
    for one in notebook.cells:
        exercise = one.metadata.get("exercise")
        if exercise:
            one.source = attack.source if exercise == attack.exercise else RIGHT[exercise][0].strip()
    changed = attack.change(notebook) if attack.change else None
    return changed if isinstance(changed, str) else json.dumps(notebook)


def run(names: list[str]) -> list[dict[str, object]]:
    """Grade each attack with stock nbgrader, in this process's namespaces. The folder is thrown away."""
    from nbgrader.api import Gradebook, MissingEntry
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for attack in attacks():
            if attack.name not in names:
                continue
            root = Path(folder, attack.name)
            config = Config()
            config.CourseDirectory.root = str(root)
            config.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}"
            config.ExecutePreprocessor.timeout = config.Execute.timeout = TIMEOUT
            other = OTHER if attack.exercise != OTHER else "squared_error_cost"
            source = root / "source" / NAME / f"{NAME}.ipynb"
            source.parent.mkdir(parents=True)
            nbformat.write(source_notebook([attack.exercise, other]), source)
            api = NbGraderAPI(config=config)
            made = api.generate_assignment(NAME)
            released = root / "release" / NAME / f"{NAME}.ipynb"
            assert made["success"], made
            handed_in = root / "submitted" / "eve" / NAME / f"{NAME}.ipynb"
            handed_in.parent.mkdir(parents=True)
            row = {"name": attack.name, "kind": attack.kind, "says": attack.says}
            began = time.monotonic()
            try:
                text = submission(attack, nbformat.read(released, as_version=4))
                handed_in.write_bytes(text.encode("utf-8", "surrogatepass"))
                done = api.autograde(NAME, "eve")
                with Gradebook(config.CourseDirectory.db_url) as gradebook:
                    grades = {
                        g.name: g.auto_score for g in gradebook.find_submission_notebook(NAME, NAME, "eve").grades
                    }
                row |= {"earned": grades.get(f"check_{attack.exercise}"), "other": grades.get(f"check_{other}")}
                row["lost"] = not done["success"]
            except StopIteration:
                row["unfit"] = True  # the attack needs a cell that this small notebook has not
            except MissingEntry:
                row["lost"] = True
            except Exception as error:
                row |= {"lost": True, "error": f"{type(error).__name__}: {error}"[:200]}
            row["seconds"] = round(time.monotonic() - began, 1)
            rows.append(row)
            print(json.dumps(row), flush=True)
    return rows


def alone() -> list[str]:
    """The command that runs another in namespaces which end with it; where this is no root's process, as root of its own."""
    return [*ALONE, *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]


def in_a_namespace(names: list[str], seconds: float) -> list[dict[str, object]]:
    """`run` in namespaces of its own, for at most so many seconds; what it has come to by then."""
    inner = 'ip link set lo up 2>/dev/null; exec "$@"'
    words = [*alone(), "sh", "-c", inner, "sh", sys.executable, "-m", "tests.submissions.stock", "--inside", *names]
    if not names:
        return []
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryFile("w+") as said:
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(words, cwd=root, env=environment, stdout=said, stderr=subprocess.DEVNULL, timeout=seconds)
        said.seek(0)
        return [json.loads(line) for line in said if line.startswith('{"name"')]


def outcome(row: dict[str, object]) -> str:
    """A row in words."""
    if row.get("unfit"):
        return "not tried"
    if row.get("lost"):
        return "the whole submission is lost"
    said = "**full points**" if row.get("earned") else "no points"
    return said if row.get("other") else f"{said}, and the right answer beside it loses its points"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inside", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--only", nargs="*", default=[], help="names of attacks")
    parser.add_argument("--seconds", type=float, default=300, help="for the attacks of a kind")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.inside is not None:
        run(given.inside)
        return
    names = [attack.name for attack in attacks() if attack.stock and (not given.only or attack.name in given.only)]
    rows = []
    for kind in KINDS:
        rows += in_a_namespace(
            [attack.name for attack in attacks() if attack.name in names and attack.kind == kind], given.seconds
        )
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1))
    for row in rows:
        print(f"{row['name']:32} {row['seconds']:6} s  {outcome(row)}")
    print(f"{len(rows)} of {len(names)} attacks were tried.")


if __name__ == "__main__":
    main()
