"""From whatever was handed in to our release with the student's answers in it."""

import copy
import json
import os
import time
import tracemalloc
from pathlib import Path

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.layout import Course
from autograder.restore import MAX_CELLS, MAX_NOTEBOOK, Unreadable, read_cells, read_submission, restore
from course.program import program

ROOT = Path(__file__).parents[1]
(LECTURE,) = [item for item in Course(ROOT).lectures() if item.topic == "linear_models"]
RELEASED = nbformat.read(LECTURE.released, as_version=4)
COST = "def squared_error_cost(X, t, w, b):\n    return 42"
RIDGE = "def fit_ridge(X, t, lam):\n    return 43, 44"


@pytest.fixture
def cells():
    """The released notebook as a student saves it, with two answers and a written one; to be spoiled."""
    found = copy.deepcopy(json.loads(LECTURE.released.read_text(encoding="utf-8")))["cells"]
    cell(found, "squared_error_cost")["source"] = COST
    cell(found, "fit_ridge")["source"] = RIDGE
    cell(found, "repeated_feature")["source"] = "Infinitely many."
    return found


def cell(found, grade_id):
    return next(c for c in found if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def text(found):
    return json.dumps({"cells": found, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def restored(found):
    return restore(read_cells(text(found), "a.ipynb"), RELEASED)


def source(result, grade_id):
    return cell(result.notebook.cells, grade_id).source


def own(result):
    """The sources of the cells that the student added, in order."""
    return [c.source for c in result.notebook.cells if c.metadata.get("added")]


def names_after(result, only=None):
    names = {}
    for piece in program(result.notebook, only):
        if piece.exercise or "added" in piece.name or "import" not in piece.source:
            exec(piece.source, names)
    return names


def assert_same_shape(result):
    """All cells but the student's own are those of the release, with their metadata; nothing comes with outputs."""
    ours = [c for c in result.notebook.cells if not c.metadata.get("added")]
    assert [c.id for c in ours] == [c.id for c in RELEASED.cells]
    assert [c.metadata for c in ours] == [c.metadata for c in RELEASED.cells]
    assert [c.cell_type for c in ours] == [c.cell_type for c in RELEASED.cells]
    theirs = {c.id for c in RELEASED.cells if "exercise" in c.metadata or "written" in c.metadata}
    assert [c.source for c in ours if c.id not in theirs] == [c.source for c in RELEASED.cells if c.id not in theirs]
    assert not any(c.get("outputs") for c in result.notebook.cells)
    nbformat.validate(result.notebook)


def assert_answers(result):
    assert source(result, "squared_error_cost") == COST
    assert source(result, "fit_ridge") == RIDGE
    assert source(result, "repeated_feature") == "Infinitely many."
    assert_same_shape(result)


def test_an_honest_submission_comes_back_as_it_is(cells):
    result = restored(cells)
    assert_answers(result)
    assert result.notes == {}
    assert own(result) == []
    assert source(result, "standardize") == cell(RELEASED.cells, "standardize").source


def test_the_release_itself_is_never_changed(cells):
    before = nbformat.writes(RELEASED)
    restored(cells)
    assert nbformat.writes(RELEASED) == before


def test_deleted_cells_come_back_as_they_were_released(cells):
    del cells[cells.index(cell(cells, "check_squared_error_cost"))]
    del cells[cells.index(cell(cells, "setup"))]
    del cells[cells.index(cell(cells, "standardize"))]
    del cells[0]
    assert_answers(restored(cells))


def test_nothing_handed_in_is_the_release():
    result = restored([])
    assert nbformat.writes(result.notebook) == nbformat.writes(RELEASED)


def test_cells_in_another_order_are_put_back(cells):
    assert_answers(restored(cells[::-1]))


def test_a_duplicated_answer_is_told_of_and_the_last_one_counts(cells):
    later = copy.deepcopy(cell(cells, "squared_error_cost")) | {"source": COST.replace("42", "45")}
    cells.insert(60, later)
    result = restored(cells)
    assert source(result, "squared_error_cost") == COST.replace("42", "45")
    assert result.notes == {"squared_error_cost": ["squared_error_cost is defined in 2 cells; the last one counts."]}
    assert own(result) == [COST]  # nothing is lost


def test_a_duplicated_stub_does_not_count_and_neither_does_a_duplicated_check(cells):
    cells.append(json.loads(json.dumps(cell(RELEASED.cells, "squared_error_cost"))))
    cells.append(copy.deepcopy(cell(cells, "check_squared_error_cost")))
    result = restored(cells)
    assert_answers(result)
    assert result.notes == {}
    assert own(result) == []


def test_helpers_beside_an_earlier_version_of_an_answer_are_still_found(cells):
    cell(cells, "squared_error_cost")["source"] = (
        "def helper():\n    return 42\n\ndef squared_error_cost():\n    return 0"
    )
    cells.insert(60, {"cell_type": "code", "metadata": {}, "source": "def squared_error_cost():\n    return helper()"})
    result = restored(cells)
    assert names_after(result, "squared_error_cost")["squared_error_cost"]() == 42


def test_an_answer_moved_to_a_cell_of_its_own_is_found_by_its_name(cells):
    cell(cells, "squared_error_cost")["source"] = "# see below"
    cells.append({"cell_type": "code", "metadata": {}, "source": COST})
    result = restored(cells)
    assert source(result, "squared_error_cost") == COST
    assert result.notes["squared_error_cost"] == [
        "squared_error_cost was found by the function's name, in a cell that is not its answer cell."
    ]
    assert_same_shape(result)


def test_an_answer_in_two_cells_of_which_the_second_changes_the_first_keeps_the_first(cells):
    cells.append({"cell_type": "code", "metadata": {}, "source": "squared_error_cost.calls = 0"})
    cells.append({"cell_type": "code", "metadata": {}, "source": "fit_ridge = cache(fit_ridge)"})
    assert source(restored(cells), "squared_error_cost") == COST
    assert source(restored(cells), "fit_ridge") == RIDGE


def test_a_renamed_function_stays_in_its_cell(cells):
    cell(cells, "fit_ridge")["source"] = "def my_ridge(X, t, lam):\n    return 1"
    assert source(restored(cells), "fit_ridge") == "def my_ridge(X, t, lam):\n    return 1"


def test_an_answer_that_can_not_be_parsed_stays_in_its_cell(cells):
    cell(cells, "fit_ridge")["source"] = "def fit_ridge(X, t, lam:\n    return 1"
    assert source(restored(cells), "fit_ridge").startswith("def fit_ridge(X, t, lam:")


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_retyped_answer_is_read_as_code(cells, kind):
    cell(cells, "fit_ridge")["cell_type"] = kind
    result = restored(cells)
    assert_answers(result)
    assert result.notes == {
        "fit_ridge": [f"The answer cell of fit_ridge had become a {kind} cell; it was read as code."]
    }


@pytest.mark.parametrize("kept", [(), ("id",), ("metadata",)], ids=["neither", "ids only", "metadata only"])
def test_cells_whose_ids_or_metadata_were_lost_are_known_by_what_they_say(cells, kept):
    """As Colab, VS Code and converters leave them."""
    for one in cells:
        if "metadata" not in kept:
            one["metadata"] = {}
        if "id" not in kept:
            one.pop("id")
    assert_answers(restored(cells))


def test_without_metadata_two_written_answers_stay_apart(cells):
    cell(cells, "squared_error_on_logistic")["source"] = "It vanishes."
    for one in cells:
        one["metadata"] = {}
        del one["id"]
    result = restored(cells)
    assert source(result, "repeated_feature") == "Infinitely many."
    assert source(result, "squared_error_on_logistic") == "It vanishes."
    assert own(result) == []


def test_without_metadata_an_unwritten_answer_stays_unwritten(cells):
    for one in cells:
        one["metadata"] = {}
        del one["id"]
    result = restored(cells)
    assert source(result, "squared_error_on_logistic") == "*Your answer here.*"
    assert own(result) == []


def test_a_written_answer_that_goes_on_in_a_copy_of_its_cell_is_kept_whole(cells):
    where = cells.index(cell(cells, "repeated_feature"))
    cells.insert(where + 1, copy.deepcopy(cells[where]) | {"source": "And a second thought."})
    result = restored(cells)
    assert source(result, "repeated_feature") == "Infinitely many.\n\nAnd a second thought."


def test_metadata_that_lies_changes_nothing(cells):
    for one in cells:
        marks = one["metadata"].get("nbgrader")
        if marks:
            marks.update(
                points=1000, grade=not marks["grade"], locked=False, solution=True, schema_version=1, task=True
            )
        one["metadata"].update(
            setup=True, written="repeated_feature", exercise="fit_ridge", added=True, mark_scheme=True
        )
        one["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "100.0"}, "metadata": {}}]
    assert_answers(restored(cells))


def test_swapped_grade_ids_do_not_swap_answers(cells):
    one, other = cell(cells, "squared_error_cost"), cell(cells, "fit_ridge")
    one["metadata"], other["metadata"] = other["metadata"], one["metadata"]
    assert_answers(restored(cells))


def test_the_id_of_an_answer_on_a_foreign_cell_steals_nothing(cells):
    cell(cells, "check_fit_ridge")["metadata"] = copy.deepcopy(cell(cells, "fit_ridge")["metadata"])
    cells[3]["metadata"] = copy.deepcopy(cell(cells, "squared_error_cost")["metadata"])
    result = restored(cells)
    assert source(result, "fit_ridge") == RIDGE
    assert source(result, "squared_error_cost") == COST


def test_two_answers_written_into_one_cell_count_for_both(cells):
    cell(cells, "squared_error_cost")["source"] = COST + "\n\n" + RIDGE
    cell(cells, "fit_ridge")["source"] = cell(RELEASED.cells, "fit_ridge").source
    names = names_after(restored(cells))
    assert names["squared_error_cost"](0, 0, 0, 0) == 42
    assert names["fit_ridge"](0, 0, 0) == (43, 44)


def test_what_was_added_stays_where_it_was_without_its_metadata(cells):
    where = cells.index(cell(cells, "squared_error_cost"))
    note = {"cell_type": "markdown", "metadata": {"tags": ["x"]}, "source": "a note"}
    helper = {"cell_type": "code", "metadata": {"nbgrader": 7}, "source": "def helper(): pass", "outputs": ["?"]}
    cells[where:where] = [note, helper]
    result = restored(cells)
    assert_answers(result)
    assert own(result) == ["a note", "def helper(): pass"]
    position = result.notebook.cells.index(cell(result.notebook.cells, "squared_error_cost"))
    assert [c.source for c in result.notebook.cells[position - 2 : position]] == ["a note", "def helper(): pass"]


def test_an_import_added_to_the_first_cell_is_found(cells):
    """The cell is locked in JupyterLab, but not in every other editor."""
    cell(cells, "setup")["source"] += "\nimport math as m"
    cell(cells, "squared_error_cost")["source"] = "def squared_error_cost():\n    return m.pi"
    result = restored(cells)
    assert_same_shape(result)
    assert 3 < names_after_all(result)["squared_error_cost"]() < 4


def test_a_helper_in_a_copy_of_the_check_is_found(cells):
    where = cells.index(cell(cells, "check_squared_error_cost"))
    cells.insert(where, copy.deepcopy(cells[where]) | {"source": "def helper(): return 42"})
    cell(cells, "squared_error_cost")["source"] = "def squared_error_cost():\n    return helper()"
    assert names_after_all(restored(cells))["squared_error_cost"]() == 42


def names_after_all(result):
    names = {}
    for piece in program(result.notebook, "squared_error_cost"):
        exec(piece.source, names)
    return names


def test_a_check_that_was_tampered_with_is_ours_again(cells):
    cell(cells, "check_squared_error_cost")["source"] = "print('100 points')"
    result = restored(cells)
    assert source(result, "check_squared_error_cost") == "check(squared_error_cost)"
    assert_same_shape(result)
    assert "100 points" not in "".join(piece.source for piece in program(result.notebook))


def test_a_notebook_of_another_lecture_answers_nothing():
    foreign = [
        {"cell_type": "markdown", "metadata": {}, "source": "# Lecture 7"},
        {
            "cell_type": "code",
            "metadata": {"nbgrader": {"grade_id": "momentum_step"}},
            "source": "def momentum_step(): pass",
        },
    ]
    result = restored(foreign)
    assert_same_shape(result)
    assert own(result) == ["# Lecture 7", "def momentum_step(): pass"]
    assert all(
        source(result, name) == cell(RELEASED.cells, name).source for name in ("fit_ridge", "squared_error_cost")
    )


def test_a_notebook_in_the_third_format_is_read():
    old = {
        "nbformat": 3,
        "worksheets": [
            {
                "cells": [
                    {"cell_type": "heading", "level": 1, "source": "Old"},
                    {"cell_type": "code", "input": COST.splitlines(keepends=True), "outputs": [], "metadata": {}},
                ]
            }
        ],
    }
    result = restore(read_cells(json.dumps(old).encode(), "a.ipynb"), RELEASED)
    assert source(result, "squared_error_cost") == COST


@pytest.mark.parametrize(
    "data",
    [
        {"cells": [None, 3, "x", [], {}, {"cell_type": "code"}, {"cell_type": ["code"], "source": "x"}]},
        {"cells": [{"cell_type": "code", "source": None}, {"cell_type": "code", "source": {"a": 1}}]},
        {"cells": [{"cell_type": "code", "source": [1, "x = 1", None], "metadata": []}]},
        {"cells": [{"cell_type": "code", "source": "x", "metadata": {"nbgrader": {"grade_id": ["fit_ridge"]}}}]},
        {"cells": [{"cell_type": "code", "source": "x", "metadata": {"nbgrader": "fit_ridge"}, "id": {"a": 1}}]},
        {
            "cells": [
                {"cell_type": "code", "source": "x", "id": "\ud800", "metadata": {"nbgrader": {"grade_id": "\udfff"}}}
            ]
        },
        {"cells": [], "worksheets": 3},
        {"worksheets": [None, {"cells": 3}]},
        {"worksheets": [{"cells": {"a": 1}}]},
        {"worksheets": []},
    ],
)
def test_cells_of_wrong_types_are_left_out_and_the_rest_is_read(data):
    try:
        found = read_cells(json.dumps(data).encode(), "a.ipynb")
    except Unreadable:
        return
    assert_same_shape(restore(found, RELEASED))


def test_halves_of_characters_become_question_marks(cells):
    cell(cells, "fit_ridge")["source"] = RIDGE + "  # \ud83d half a smile"
    result = restored(cells)
    assert source(result, "fit_ridge") == RIDGE + "  # ? half a smile"
    nbformat.writes(result.notebook).encode("utf-8")


GARBAGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
CELLS = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]) | GARBAGE,
        "source": st.sampled_from([COST, RIDGE, "check(fit_ridge)", "x = (", "%%time\n" + COST, "*Your answer here.*"])
        | GARBAGE,
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "nbgrader": st.fixed_dictionaries(
                    {
                        "grade_id": st.sampled_from(["fit_ridge", "check_fit_ridge", "setup", "repeated_feature"])
                        | GARBAGE
                    }
                )
                | GARBAGE,
                "exercise": GARBAGE,
            },
        )
        | GARBAGE,
        "id": st.sampled_from([c.id for c in RELEASED.cells[:20]]) | GARBAGE,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(CELLS | GARBAGE, max_size=6))
def test_whatever_was_handed_in_the_result_has_our_shape(found):
    assert_same_shape(restored(found))


@settings(max_examples=100, deadline=None)
@given(GARBAGE)
def test_any_json_is_read_or_refused(data):
    try:
        assert isinstance(read_cells(json.dumps(data).encode(), "a.ipynb"), list)
    except Unreadable as error:
        assert "a.ipynb" in str(error)


# ------------------------------------------------------------------------------------------ files


def refused(path):
    started = time.monotonic()
    with pytest.raises(Unreadable) as error:
        read_submission(path)
    assert time.monotonic() - started < 5
    assert path.name in str(error.value)
    return str(error.value)


def test_a_notebook_on_disk_is_read(tmp_path, cells):
    path = tmp_path / "a.ipynb"
    path.write_bytes(text(cells))
    assert_answers(restore(read_submission(path), RELEASED))
    path.write_bytes(b"\xef\xbb\xbf" + text(cells))  # as Windows' editors save it
    assert_answers(restore(read_submission(path), RELEASED))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "a.ipynb is empty; ask for it again"),
        (b" \n\t ", "a.ipynb is empty"),
        (b'{"cells": [', "a.ipynb is damaged: it is not JSON; ask for it again"),
        (b"PK\x03\x04 a zip", "a.ipynb is damaged"),
        (b"\xff\xfe\x00\xd8", "a.ipynb is damaged"),
        (b"\xe9\xe8", "a.ipynb is damaged"),
        (b'{"cells": [' + b"9" * 5000 + b"]}", "a.ipynb is damaged"),
        (b"[" * 100_000, "a.ipynb is damaged"),
        (b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "a.ipynb is damaged"),
        (b"3", "a.ipynb is JSON but no notebook: it has no list of cells"),
        (b"[]", "no notebook"),
        (b'{"cells": {}}', "no notebook"),
        (b'{"cells": null}', "no notebook"),
        (b"<html>Sign in</html>", "a.ipynb is damaged"),
        (b'{"cells": [' + b"{}," * 3_000_000 + b"{}]}", "a.ipynb holds more than 5000000 values"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_a_file_that_is_no_notebook_says_what_it_is_instead(tmp_path, content, said):
    path = tmp_path / "a.ipynb"
    path.write_bytes(content)
    assert said in refused(path)


def test_a_missing_file_says_what_is_expected(tmp_path):
    assert refused(tmp_path / "a.ipynb") == "there is no a.ipynb; a notebook of that name is expected"


def test_no_link_is_followed(tmp_path, cells):
    target = tmp_path / "target.ipynb"
    target.write_bytes(text(cells))
    for where in (target, "/etc/passwd", tmp_path / "nothing", "a.ipynb"):
        path = tmp_path / "a.ipynb"
        path.symlink_to(where)
        assert "a.ipynb is a symbolic link; ask for the notebook itself" in refused(path)
        path.unlink()


def test_folders_pipes_and_devices_are_not_read(tmp_path):
    folder, pipe = tmp_path / "folder.ipynb", tmp_path / "pipe.ipynb"
    folder.mkdir()
    os.mkfifo(pipe)
    for path in (folder, pipe, Path("/dev/zero"), Path("/dev/tty")):
        assert "; ask for the notebook itself" in refused(path)


def test_a_file_of_a_gigabyte_is_refused_by_its_size(tmp_path):
    path = tmp_path / "a.ipynb"
    with path.open("wb") as file:
        file.truncate(2**30)
    tracemalloc.start()
    said = refused(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "a.ipynb has 1024 MB, at most 50 are read" in said
    assert peak < 2**20


def test_outputs_of_megabytes_are_no_obstacle(tmp_path, cells):
    cells[1]["outputs"] = [{"output_type": "stream", "text": "x" * (MAX_NOTEBOOK // 2)}]
    path = tmp_path / "a.ipynb"
    path.write_bytes(text(cells))
    assert_answers(restore(read_submission(path), RELEASED))


def test_cells_without_number_are_cut_off():
    many = [{"cell_type": "code", "source": f"x = {i}", "metadata": {}} for i in range(MAX_CELLS + 100)]
    assert len(read_cells(text(many), "a.ipynb")) == MAX_CELLS
    started = time.process_time()
    restored(many)
    assert time.process_time() - started < 20
