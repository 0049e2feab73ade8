"""`python -m autograder.bundle`: the one archive that a teacher hands out, dist/networks-by-hand-VERSION.zip.

It holds the released lectures with their start page, the student's wheel, the versions to install, and a README; no
solution, no hidden case, nothing else. Its bytes depend on its content alone.
"""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from autograder import build, lock
from autograder.layout import Course, CourseError

README = """\
# Networks by Hand

Neural networks, written by hand: lectures as Jupyter notebooks, with exercises that check themselves.
Here {lectures}, in the folder `lectures`. You need Python 3.11 or newer.

## Set up, once

Unpack the archive, open a terminal in its folder, and type two commands.

Linux and macOS:

    python3 -m venv .venv
    .venv/bin/python -m pip install -r requirements.lock {wheel}

Windows:

    py -m venv .venv
    .venv\\Scripts\\python -m pip install -r requirements.lock {wheel}

With conda, one command instead: `conda env create -f environment.yml`, then `conda activate networks-by-hand`; there
Python is just `python`.

## Every time

    .venv/bin/python -m course.lab lectures              (Windows: .venv\\Scripts\\python -m course.lab lectures)

JupyterLab opens on a page that lists the lectures. Where it doesn't, copy the address that it printed into a browser.
In VS Code, open a notebook and choose the Python in `.venv` as its kernel.

If something is missing, `.venv/bin/course doctor` says what, and how to mend it. `.venv/bin/course check NOTEBOOK` runs
all visible checks of a notebook. Hand in the notebook itself, under the name that it has.

Licences: code BSD-3-Clause, text and figures CC BY 4.0.
"""


def student_wheel(root: Path, folder: Path) -> Path:
    """Build the wheel of the course into a folder, offline, with the build backend that is installed here."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CourseError(f"The student's wheel could not be built:\n{done.stdout}{done.stderr}")
    return next(folder.glob("networks_by_hand-*.whl"))


def contents(course: Course, wheel: Path) -> dict[str, bytes]:
    """What goes into the archive: path in its folder -> bytes. Raises CourseError where release/ is out of date."""
    lectures = course.lectures()
    made = dict(build.all_files(course, lectures))
    stale = [path for path, text in made.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    if stale:
        names = ", ".join(str(path.relative_to(course.root)) for path in stale)
        raise CourseError(f"Not what the sources give: {names}. Run `make release`, then bundle again.")
    release = course.root / "release"
    locked = lock.needed_by(
        lock.pins(lock.LOCK.read_text(encoding="utf-8").splitlines()), lock.project()["project"]["dependencies"]
    )
    count = "is one lecture" if len(lectures) == 1 else f"are {len(lectures)} lectures"
    texts = {
        "README.md": README.format(wheel=wheel.name, lectures=count),
        "requirements.lock": lock.lock_text(locked),
        "environment.yml": lock.environment_text(locked, (f"./{wheel.name}",)),
        **{f"lectures/{p.relative_to(release).as_posix()}": made[p] for p in made if p.is_relative_to(release)},
    }
    return {wheel.name: wheel.read_bytes(), **{path: text.encode() for path, text in texts.items()}}


def archive(path: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a zip, in a folder named like it; same content, same bytes: no clock, no order, no owner."""
    with zipfile.ZipFile(path, "w") as bundle:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{path.stem}/{name}", date_time=(2020, 2, 2, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # as Unix writes it, on Windows too
            entry.compress_type = zipfile.ZIP_DEFLATED
            bundle.writestr(entry, files[name])


def main() -> int:
    """Write the archive and say where it is."""
    try:
        course = Course.find()
        version = lock.project()["project"]["version"]
        target = course.root / "dist" / f"networks-by-hand-{version}.zip"
        target.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            archive(target, contents(course, student_wheel(course.root, Path(folder))))
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{target.relative_to(course.root)}, {target.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
