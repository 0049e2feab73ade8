"""Set-up: one lock for all systems, the same versions for conda, and commands that are what the README says."""

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from autograder import lock

ROOT = Path(__file__).resolve().parent.parent
PROJECT = lock.project()
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PINS = {pin.name: pin for pin in lock.pins(LOCK.splitlines())}
RANGES = [
    Requirement(line)
    for lines in (PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"].values())
    for line in lines
]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = {
    "Linux": {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux", "platform_machine": "x86_64"},
    "macOS": {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin", "platform_machine": "arm64"},
    "Windows": {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows", "platform_machine": "AMD64"},
}


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


# ---------------------------------------------------------------------------------------------------------- versions


def test_the_lock_holds_pins_and_nothing_else():
    lines = [line for line in LOCK.splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(PINS)
    assert all(Version(pin.version).local is None for pin in PINS.values())


@pytest.mark.parametrize("requirement", RANGES, ids=str)
def test_each_pin_lies_in_the_range_that_pyproject_gives(requirement):
    assert requirement.specifier.contains(PINS[lock.normal(requirement.name)].version)


def test_torch_is_pinned_as_it_is_held():
    assert [f"{pin.name}=={pin.version}" for pin in PINS.values() if pin.name == "torch"] == [
        pin for pin in PROJECT["tool"]["networks-by-hand"]["hold"] if pin.startswith("torch")
    ]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_lock_is_whole_on_every_system(system, python):
    """Whatever a pinned package asks for, on that system and Python, is pinned there in a version that it takes."""
    environment = SYSTEMS[system] | {"python_version": python, "python_full_version": f"{python}.1", "extra": ""}
    asked = [(pin.name, line) for pin in PINS.values() for line in requirements_of(pin.name)]
    assert len(asked) > len(PINS)
    missing = []
    for name, line in asked:
        requirement = Requirement(line)
        here = Requirement(str(PINS[name])).marker
        if here and not here.evaluate(environment):
            continue
        if requirement.marker and not requirement.marker.evaluate(environment):
            continue
        pin = PINS.get(lock.normal(requirement.name))
        marker = pin and Requirement(str(pin)).marker
        if pin is None or (marker and not marker.evaluate(environment)):
            missing.append(f"{name} needs {line}")
        elif not requirement.specifier.contains(pin.version, prereleases=True):
            missing.append(f"{name} needs {line}, pinned is {pin.version}")
    # pip is there before the lock is read, and torch's builds for CUDA bring their own exact pins
    assert [
        line for line in missing if not re.match(r"pip-tools needs pip\b|torch needs (nvidia|cuda|triton)", line)
    ] == []


def requirements_of(name):
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        assert PINS[name].marker, f"{name} is pinned for this system and not installed: run make setup"
        return []


def test_conda_users_get_the_versions_of_the_lock():
    environment = yaml.safe_load(read("environment.yml"))
    *conda, pip = environment["dependencies"]
    assert pip["pip"] == [str(pin) for pin in PINS.values()] + ["-e .", "-e ./autograder"]
    python = next(line for line in conda if line.startswith("python="))
    assert Version(python.removeprefix("python=")) >= Version("3.11")


def test_both_distributions_have_one_version():
    teachers = lock.tomllib.loads(read("autograder/pyproject.toml"))["project"]
    version = PROJECT["project"]["version"]
    assert teachers["version"] == version
    assert teachers["dependencies"] == [f"networks-by-hand[teachers]=={version}"]
    assert metadata.version("networks-by-hand") == metadata.version("networks-by-hand-autograder") == version


def test_the_lock_of_some_packages_holds_what_they_need_and_no_more():
    locked = lock.pins(
        ["a==1  # via project", "b==2  # via a, c", "c==3  # via project", "d==4 ; sys_platform == 'x'  # via b"]
    )
    assert [str(pin) for pin in lock.needed_by(locked, ["A>=1"])] == ["a==1", "b==2", "d==4 ; sys_platform == 'x'"]


def test_settling_a_lock_drops_what_belongs_to_one_machine():
    compiled = lock.pins(
        ["torch==2.13.0+cpu  # via project", "triton==3.7.1  # via torch", "nvidia-nccl==2  # via torch"]
    )
    settled = lock.settle(compiled, lock.pins(["appnope==0.1.4 ; sys_platform == 'darwin'  # via ipykernel"]))
    assert [str(pin) for pin in settled] == ["appnope==0.1.4 ; sys_platform == 'darwin'", "torch==2.13.0"]
    assert lock.pins(lock.lock_text(settled).splitlines()) == settled


# ---------------------------------------------------------------------------------------------------------- commands


def targets():
    return set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))


def test_every_make_command_of_the_documents_exists():
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    for document in documents:
        named = set(re.findall(r"(?:^ {4}|`)make ([a-z]+)", document.read_text(encoding="utf-8"), re.MULTILINE))
        assert named <= targets(), document.name
    assert {"lab", "test"} <= targets()


def test_every_file_that_the_readme_names_exists():
    links = re.findall(r"\]\(([^)#:]+)\)", read("README.md"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_released_lecture_stands_in_the_readme():
    released = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("release/*/*.ipynb"))
    assert [path for path in released if path not in read("README.md")] == []


def test_ci_runs_lint_and_the_test_command_of_the_readme():
    command = re.search(r"^ {4}(make \w+) +# runs all tests$", read("README.md"), re.MULTILINE)[1]
    lines = read(".ci/run").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert lines[-2:] == ["make lint", command]


needs_make = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("make") is None,
    reason="needs make and a shell, which Windows users do without (README)",
)


def make(*arguments):
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@needs_make
def test_an_old_python_is_named_with_what_to_do(tmp_path):
    old = tmp_path / "python-old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.1" && exit 0\nexit 1\n')
    old.chmod(0o755)
    done = make("lab", f"PYTHON={old}", f"READY={tmp_path}/ready")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stdout
    assert "is Python 3.9.1" in done.stdout
    assert "make lab PYTHON=" in done.stdout
    assert not (tmp_path / "ready").exists()


@needs_make
def test_set_up_again_starts_nothing_until_a_version_changes(tmp_path):
    stamp = tmp_path / "ready"
    assert "pip install" in make("-n", "setup", f"READY={stamp}").stdout
    stamp.touch()
    assert "pip" not in make("-n", "setup", f"READY={stamp}").stdout
    assert "pip" not in make("-n", "test", f"READY={stamp}").stdout
    assert "pip install" in make("-n", "setup", f"READY={stamp}", "-W", "requirements.lock").stdout


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the git checkout: looks at the files that it tracks")
def test_no_tracked_file_names_this_machine_or_a_registry():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    hosts = "|".join(
        ("pypi" + r"\.org", "python" + "hosted", "npm" + "js", "anaconda" + r"\.org", "download" + r"\.pytorch")
    )
    forbidden = re.compile(rf"{re.escape(str(ROOT))}\b|{hosts}")
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and (match := forbidden.search(path.read_bytes().decode("utf-8", errors="ignore"))):
            found.append(f"{name}: {match[0]}")
    assert found == []
