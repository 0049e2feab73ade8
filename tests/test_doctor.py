"""`course doctor` tells what is there, and how to mend what is not, on machines that lack much."""

import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from course import doctor


@pytest.fixture
def lacks(monkeypatch):
    """lacks("numpy") makes a package look uninstalled; lacks("numpy", "1.0") gives it another version."""
    version = metadata.version

    def lacks(name, other=None):
        def pretended(asked):
            if asked != name:
                return version(asked)
            if other is None:
                raise metadata.PackageNotFoundError(name)
            return other

        monkeypatch.setattr(metadata, "version", pretended)

    return lacks


def row(subject):
    return next(found for found in doctor.report() if found.subject == subject)


def test_what_is_installed_is_well_and_shows_its_version():
    assert row("numpy") == doctor.Row("numpy", metadata.version("numpy"))
    assert row("networks-by-hand").well
    assert row("visible cases").well


def test_a_missing_package_comes_with_one_command(lacks):
    lacks("numpy")
    found = row("numpy")
    assert not found.well
    assert found.found.startswith("not installed, needs ")
    assert found.mend.startswith(f'{sys.executable} -m pip install "numpy')
    assert "numpy" not in {line.split()[1] for line in doctor.lines(doctor.report()) if line.startswith("ok")}


def test_a_version_outside_the_range_is_named_with_the_range(lacks):
    lacks("numpy", "1.26.4")
    assert row("numpy").found == "1.26.4, needs <3,>=2.0"


def test_nothing_installed_at_all_is_still_a_report(lacks):
    lacks("networks-by-hand")
    assert not row("networks-by-hand").well


def test_without_torch_the_rest_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    found = row("device")
    assert not found.well
    assert "torch is not installed" in found.found
    assert row("numpy").well


def test_a_damaged_torch_is_told_in_one_line(monkeypatch):
    def is_available():
        raise OSError("libtorch.so:\n undefined symbol")

    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=SimpleNamespace(is_available=is_available)))
    assert row("device").found == "none: torch can't be loaded (libtorch.so: undefined symbol)"


def test_a_cuda_device_is_named(monkeypatch):
    cuda = SimpleNamespace(is_available=lambda: True, get_device_name=lambda: "A fast one")
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    assert row("device").found == "cuda, A fast one"


def test_the_autograder_adds_its_packages_and_the_sandbox_tier():
    subjects = [found.subject for found in doctor.report()]
    assert subjects.index("sandbox") > subjects.index("nbgrader") > subjects.index("device")


def test_a_part_that_is_out_of_order_hides_nothing(monkeypatch):
    broken = SimpleNamespace(name="autograder", load=lambda: 1 / 0)
    monkeypatch.setattr(metadata, "entry_points", lambda group: [broken] if group == doctor.GROUP else [])
    found = row("autograder")
    assert (found.well, found.found) == (False, "ZeroDivisionError: division by zero")
    assert row("numpy").well


def test_the_text_ends_with_the_commands_each_once():
    rows = [doctor.Row("a", "1"), doctor.Row("bc", "gone", False, "get bc"), doctor.Row("d", "old", False, "get bc")]
    assert list(doctor.lines(rows)) == [
        "ok    a   1",
        "MEND  bc  gone",
        "MEND  d   old",
        "",
        "To mend it, one command a line:",
        "    get bc",
    ]


@pytest.mark.parametrize(("well", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_says_whether_all_is_well(monkeypatch, capsys, well, code):
    monkeypatch.setattr(doctor, "report", lambda: [doctor.Row("a", "1", well, "" if well else "mend a")])
    assert doctor.main([]) == code
    assert ("All is well." in capsys.readouterr().out) is well
