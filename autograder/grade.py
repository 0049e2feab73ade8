"""`autograder grade LECTURE`: judge what was handed in, write each verdict as it comes, then fill the gradebook.

What was judged before, the same notebook under the same terms, is not judged again: a run that was stopped is taken up where
it was. Judging goes through a `concurrent.futures.Executor`; the gradebook has one writer, the process that was started.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial

from nbformat import NotebookNode
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from autograder import gpu, gradebook, records, submissions
from autograder.build import instructor_notebook
from autograder.cells import add_mark_schemes, write_verdicts
from autograder.gradebook import GradebookAway
from autograder.layout import Course, CourseError, Lecture
from autograder.marking import Job, Marked, Terms, mark, marker, released_text, students_device, versions
from autograder.records import Record
from autograder.restore import NO_CELL, Unreadable, read_submission, restore
from autograder.submissions import Submission

GRADEBOOK_BATCH = 20  # submissions that are judged before their verdicts go to the gradebook


@dataclass(frozen=True)
class Options:
    """How to grade.

    seed: of the cases; None draws one that nobody can know before. The same seed gives the same scores.
    force: judge again what was judged before; only_failed: only what could not be judged then
    workers: submissions judged at a time, None for one a core; no_sandbox: with the rights of whoever grades
    student_gpu: students' code sees the GPU; then one submission is judged at a time, each in a process started cold
    """

    seed: int | None = None
    force: bool = False
    only_failed: bool = False
    workers: int | None = None
    no_sandbox: bool = False
    student_gpu: bool = False


@dataclass
class Run:
    """What grading a lecture came to.

    records: of all submissions asked for, by student; problems: a line each, naming the submission and what to do
    skipped: students whose submissions were judged before, under the same terms
    """

    records: list[Record] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def grade(
    course: Course,
    lecture: Lecture,
    students: list[str] | None = None,
    options: Options | None = None,
    executor: Executor | None = None,
    console: Console | None = None,
) -> Run:
    """Judge the submissions of a lecture (of all students, or those named) and enter the scores in the gradebook.

    executor: who judges; None for threads here. Raises CourseError where nothing can be graded at all; a problem with one
    submission is a line in the result.
    """
    options = options or Options()
    if options.student_gpu:
        options = _with_gpu(options, executor)
    console = console or Console(stderr=True)
    found = submissions.find(course, lecture, students)
    with only_run(course):
        grading = _Grading(course, lecture, options, console)
        grading.run(found, executor)
    grading.result.problems += [] if students else submissions.passed_over(course, lecture)
    return grading.result


def _with_gpu(options: Options, executor: Executor | None) -> Options:
    """The options with one worker. Raises CourseError where students' code can't have a GPU."""
    if executor is not None or (options.workers or 1) > 1:
        raise CourseError(
            "--student-gpu judges on this machine, one submission after the other: what one takes of the GPU, no other can "
            "have. Leave --scheduler and --workers out."
        )
    if not gpu.name():
        raise CourseError(
            "--student-gpu: torch finds no CUDA device here (`course doctor` says what it finds). Grade on a machine that "
            "has one, or leave --student-gpu out: answers are then run on the CPU."
        )
    return replace(options, workers=1)


class _Grading:
    """One run: who is to be judged, what came, what the gradebook has taken."""

    def __init__(self, course: Course, lecture: Lecture, options: Options, console: Console) -> None:
        self.course, self.lecture, self.options = course, lecture, options
        seed = secrets.randbits(31) if options.seed is None else options.seed
        self.terms = Terms(
            lecture.name, released_text(lecture), seed, versions(), options.no_sandbox, options.student_gpu
        )
        self.result = Run()
        self.done: dict[str, Record] = {}
        self.waiting: list[Marked] = []
        self.bar = _bar(console)
        self.notebook = NotebookNode()  # of the instructor
        self.ready = False  # whether the gradebook knows the lecture
        self.away: tuple[int, str] | None = None  # how many submissions it did not take, and why

    def run(self, found: list[Submission], executor: Executor | None) -> None:
        # Python 3.11 parses wrongly when two threads do it at a time, and jupytext parses: so before there are threads
        self.notebook = instructor_notebook(self.lecture)
        todo = [submission for submission in found if not self._is_judged(submission)]
        workers = self.options.workers or os.cpu_count() or 1
        try:
            if executor is None:
                if todo:
                    marker(self.terms)  # its process warms up while the gradebook is opened
                with ThreadPoolExecutor(workers) as threads:
                    self._judge(todo, threads, workers)
            else:
                self._judge(todo, executor, workers)
        finally:
            self._store()
            if self.away:
                count, error = self.away
                self.result.problems.append(
                    f"{error} {count} submissions are judged and not entered yet; "
                    f"`autograder grade {self.lecture.name}` enters them later, without judging them again."
                )
            self.result.records = [self.done[key] for key in sorted(self.done)]

    def _job(self, submission: Submission) -> Job:
        """What is to be judged. Read only when its turn comes, so that memory does not grow with the class."""
        try:
            cells, problem = read_submission(submission.notebook), ""
            digest = hashlib.sha256(repr(cells).encode("utf-8", "replace")).hexdigest()
        except Unreadable as error:
            cells, problem, digest = None, str(error), f"unreadable: {error}"
        return Job(submission.student, cells, problem, digest, submission.timestamp)

    def _is_judged(self, submission: Submission) -> bool:
        """Whether its verdicts are there already; those that wait for the gradebook go there."""
        known = self._known(submission.student)
        if known is None or self.options.force:
            return False
        job = self._job(submission)
        if not self._holds(known, job):
            return False
        if known.timestamp != job.timestamp:  # the same notebook, handed in again
            known = replace(known, timestamp=job.timestamp, stored=False)
        self.done[known.student] = known
        self.result.skipped.append(known.student)
        if known.problem:
            self.result.problems.append(known.problem)
        if not known.stored:
            self._enter(Marked(known, restore(job.cells or [], marker(self.terms).released).notebook))
        return True

    def _known(self, student: str) -> Record | None:
        path = records.folder(self.course, self.lecture) / f"{student}.json"
        try:
            return records.read(path) if path.is_file() else None
        except CourseError:
            return None  # a damaged record is as good as none

    def _holds(self, known: Record, job: Job) -> bool:
        """Whether an earlier record stands for what would be judged now."""
        if self.options.only_failed:
            return not known.lost
        same_seed = self.options.seed is None or known.seed == self.options.seed
        same_device = known.devices.get("students") == students_device(self.terms.student_gpu)
        same_terms = same_seed and same_device and known.versions == self.terms.versions
        return same_terms and known.digest == job.digest

    def _judge(self, todo: list[Submission], executor: Executor, workers: int) -> None:
        """Few jobs are in flight at a time, so that memory does not grow with the class."""
        local = isinstance(executor, ThreadPoolExecutor)
        pending: dict[Future[Marked], Job] = {}
        queue = iter(todo)
        with self.bar:
            task = self.bar.add_task("", total=len(todo))
            tell = partial(self.bar.update, task)
            with suppress(GradebookAway):  # judging needs no gradebook; storing will say it
                self._open_gradebook()
            try:
                while True:
                    for submission in queue:
                        job = self._job(submission)
                        pending[self._submit(executor, job, tell if local else None)] = job
                        if len(pending) >= 2 * workers:
                            break
                    if not pending:
                        break
                    for future in wait(pending, return_when=FIRST_COMPLETED).done:
                        self._take(pending.pop(future), future)
                        self.bar.advance(task)
            except BaseException:
                for future in pending:
                    future.cancel()
                raise

    def _submit(self, executor: Executor, job: Job, tell: Callable[..., None] | None) -> Future[Marked]:
        if tell is None:
            return executor.submit(mark, self.terms, job)
        return executor.submit(mark, self.terms, job, lambda exercise: tell(description=f"{job.student}: {exercise}"))

    def _take(self, job: Job, future: Future[Marked]) -> None:
        """Keep what came. A job that could not be done leaves the earlier record as it is, and is named."""
        try:
            marked = future.result()
        except CourseError:
            raise
        except Exception as error:
            problem = f"could not be judged ({type(error).__name__}: {error}); grade again with --only-failed"
            known = self._known(job.student)
            if known is not None:  # the earlier verdicts stand
                self.result.problems.append(f"{job.student}: {problem}.")
                self.done[job.student] = known
                return
            marked = marker(self.terms).mark(replace(job, cells=None, problem=problem))
        records.write(self.course, self.lecture, marked.record)
        self.done[job.student] = marked.record
        if marked.record.problem:
            self.result.problems.append(marked.record.problem)
        elif absent := [verdict.exercise for verdict in marked.record.verdicts if NO_CELL in verdict.notes]:
            self.result.problems.append(
                f"{job.student}: the notebook has no cell for {', '.join(absent)}; it may be of an older release. The rest is graded."
            )
        self._enter(marked)

    def _enter(self, marked: Marked) -> None:
        self.waiting.append(marked)
        if len(self.waiting) >= GRADEBOOK_BATCH:
            self._store()

    def _store(self) -> None:
        """Hand what waits to the gradebook, and note what it has taken."""
        waiting, self.waiting = self.waiting, []
        if not waiting:
            return
        for marked in waiting:
            write_verdicts(marked.notebook, marked.record.verdicts)
            add_mark_schemes(marked.notebook, self.notebook)
        try:
            self._open_gradebook()
            refused = gradebook.store(
                self.course, self.lecture, [(m.record.student, m.notebook, m.record.timestamp) for m in waiting]
            )
        except GradebookAway as error:
            self.away = (len(waiting) + (self.away[0] if self.away else 0), str(error))
            return
        self.result.problems += refused.values()
        for marked in waiting:
            if marked.record.student not in refused:
                record = replace(marked.record, stored=True)
                records.write(self.course, self.lecture, record)
                self.done[record.student] = record

    def _open_gradebook(self) -> None:
        if not self.ready:
            gradebook.ensure_assignment(self.course, self.lecture, self.notebook)
            self.ready = True


class _Rate(ProgressColumn):
    """Submissions a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "")


def _bar(console: Console) -> Progress:
    columns = (BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console, transient=True)


@contextmanager
def only_run(course: Course) -> Iterator[None]:
    """Hold the course's lock. Raises CourseError at once where another grading run holds it."""
    path = course.root / ".autograder" / "lock"
    path.parent.mkdir(exist_ok=True)
    with open(path, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CourseError(
                "Another grading run is going in this course; wait for it to end, or stop it, and try again."
            ) from None
        yield
