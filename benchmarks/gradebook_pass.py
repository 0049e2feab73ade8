"""`python -m benchmarks.gradebook_pass COURSE`: CPU seconds that entering one submission's verdicts takes, a number a batch.

The imports come first: they are paid once a run.
"""

import sys
import time
from pathlib import Path

import nbformat

from autograder import entry, gradebook  # noqa: F401  entry: imported here, so that it is not part of the first batch
from autograder.layout import Course
from benchmarks.sample_class import LECTURE


def main(folder):
    course = Course(Path(folder))
    lecture = course.lecture(LECTURE)
    graded = sorted(course.root.glob(f"autograded/*/{LECTURE}/{LECTURE}.ipynb"))
    notebooks = [(path.parent.parent.name, nbformat.read(path, as_version=4), None) for path in graded]
    for start in range(0, len(notebooks), 8):
        batch = notebooks[start : start + 8]
        began = time.process_time()
        refused = gradebook.store(course, lecture, batch)
        if refused:
            sys.exit("; ".join(refused.values()))
        print((time.process_time() - began) / len(batch))


if __name__ == "__main__":
    main(sys.argv[1])
