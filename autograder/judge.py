"""Fresh cases, answers from the sandbox, verdicts.

The judge makes an exercise's cases from a seed, sends their inputs to the student's function in its boxed kernel, reads
plain data back, and compares it here, in the trusted process, with what the reference does. What the student's process says
of itself counts for nothing; where no verdict can be reached it is 0 points and says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

from autograder import gpu
from autograder.exercise import Exercise
from autograder.kernels import KernelLost
from course import probes, wire
from course.case import Case, Difference, Outcome, Tolerance, changed_arguments, describe, differences
from course.diagnosis import Judged, Mistake, explain
from course.program import Piece
from course.show_values import describe_arguments
from course.views import AnswerFailed, view_output

LOST = ("timed out", "out of memory", "crashed", "bad data")
PATIENCE = {"timed out": 1}  # how often an exercise may lose its kernel in this way before its other cases are given up
LOSSES_ALLOWED = 2  # in any other way
DEFINITION_LIMIT = 20.0  # seconds, at work or asleep, for one cell; for an answer's cell in all forks together
HELPERS_LIMIT = 60.0  # and for all cells of imports and helpers in all forks together
ROOM = 100_000  # numbers, characters and items of what comes back, beyond ten times as many as in the right output


class Kernel(Protocol):
    """What the judge needs of a boxed kernel (`autograder.kernels`); seconds of the last request, peak_memory in bytes."""

    cpu_seconds: float
    waited: float
    peak_memory: int

    def ask(self, request: dict[str, Any], cpu_limit: float) -> dict[str, Any]: ...

    def kill(self) -> None: ...


@dataclass(frozen=True)
class CaseVerdict:
    """What came of one case. message gives away no expected value; inputs describes what went in."""

    name: str
    passed: bool
    weight: float
    edge: bool
    message: str = ""
    inputs: str = ""


@dataclass(frozen=True)
class Verdict:
    """What an exercise earned, as plain data.

    status: "right", "differs", "raised", "timed out", "out of memory", "crashed", "bad data" or "missing"
    points: at most; score: earned; hint: the id of the catalogued mistake that explains it, or None; advice: its text
    seconds: CPU seconds in the student's kernel; memory: its peak in MB
    """

    exercise: str
    points: float
    score: float
    status: str
    message: str = ""
    hint: str | None = None
    advice: str = ""
    notes: tuple[str, ...] = ()
    cases: tuple[CaseVerdict, ...] = ()
    seconds: float = 0.0
    memory: float = 0.0


@dataclass
class Sheet:
    """An exercise with everything that is the same for all students of a run, computed once."""

    exercise: Exercise
    seed: int

    @cached_property
    def cases(self) -> list[Case]:
        return self.exercise.cases_for(self.seed)

    @cached_property
    def packed(self) -> list[list[Any]]:
        return [[wire.pack(argument) for argument in case.arguments] for case in self.cases]

    @cached_property
    def inputs(self) -> list[str]:
        """What goes into each case, in words."""
        return [describe_arguments(self.exercise.parameters, case.arguments) for case in self.cases]

    @cached_property
    def right(self) -> list[Outcome]:
        """What the reference does, on a GPU where there is one and torch is what it computes with."""
        return [
            self.exercise.right_outcome(case, device) for case, device in zip(self.cases, self.devices, strict=True)
        ]

    @cached_property
    def devices(self) -> list[str]:
        """Where the reference is asked about each case."""
        there = gpu.reference_device()
        return [there if there != "cpu" and self.exercise.has_tensors(case) else "cpu" for case in self.cases]

    @cached_property
    def sizes(self) -> list[int]:
        return [_size(outcome.output) for outcome in self.right]

    @cached_property
    def mistakes(self) -> list[Mistake]:
        return self.exercise.mistaken(self.cases)

    @property
    def id(self) -> str:
        return self.exercise.id

    @cached_property
    def tolerances(self) -> list[Tolerance]:
        return [self.exercise.tolerance.for_arguments(case.arguments) for case in self.cases]

    def differences(self, outcomes: Sequence[Outcome]) -> list[Difference | None]:
        """What is wrong, case by case."""
        return differences(self.right, outcomes, self.tolerances, self.exercise.outputs, self.exercise.parameters)

    def prepare(self) -> None:
        """Work out what every verdict needs; the mistakes wait until an answer is wrong."""
        _ = self.packed, self.right


def judge(
    pieces: Callable[[str | None], list[Piece]],
    sheets: Iterable[Sheet],
    fork: Callable[[], Kernel],
    notes: dict[str, Sequence[str]] | None = None,
    progress: Callable[[str], None] = lambda exercise: None,
) -> list[Verdict]:
    """The verdicts of one submission, one for each sheet.

    pieces(only): the sources to run, all or those that one exercise needs (see `course.program`); fork: makes a fresh
    boxed kernel; notes: what was out of place in the notebook, by exercise
    """
    session = _Session(pieces(None), fork)
    verdicts = []
    try:
        for sheet in sheets:
            progress(sheet.id)
            verdicts.append(_judge_exercise(sheet, session, pieces, fork, tuple((notes or {}).get(sheet.id, ()))))
    finally:
        session.close()
    return verdicts


def _judge_exercise(
    sheet: Sheet,
    session: _Session,
    pieces: Callable[[str | None], list[Piece]],
    fork: Callable[[], Kernel],
    notes: tuple[str, ...],
) -> Verdict:
    started = session.seconds
    outcomes = _outcomes(sheet, session)
    first_wrong = next((i for i, problem in enumerate(sheet.differences(outcomes)) if problem), None)
    seconds = session.seconds - started
    if first_wrong is not None and session.shared and not _is_stub(outcomes[first_wrong], sheet.id, session):
        # It may be another answer's doing (a patched library, a name deleted): ask once more where this answer is alone.
        alone = _Session(pieces(sheet.id), fork)
        try:
            again = _ask(sheet, first_wrong, alone)
            tried = [again if i == first_wrong else outcome for i, outcome in enumerate(outcomes)]
            if sheet.differences(tried)[first_wrong] is None or again.status != outcomes[first_wrong].status:
                outcomes = _outcomes(sheet, alone)
            seconds += alone.seconds
        finally:
            alone.close()
    return verdict(sheet, outcomes, notes, seconds, session.peak_memory)


def _is_stub(outcome: Outcome, exercise: str, session: _Session) -> bool:
    """Whether the answer's own cell says that it is not written; another cell can make any function say so."""
    # the line that a released stub consists of
    own = any("NotImplementedError" in piece.source for piece in session.pieces if piece.exercise == exercise)
    return outcome.status == "unwritten" and own


def verdict(
    sheet: Sheet, outcomes: list[Outcome], notes: tuple[str, ...] = (), seconds: float = 0.0, memory: float = 0.0
) -> Verdict:
    """The verdict on what an answer did on all cases of a sheet.

    The score is the share of the case weights that passed; cases made for a special point earn nothing on their own, so
    at least one ordinary case must pass.
    """
    exercise = sheet.exercise
    found = sheet.differences(outcomes)
    cases = tuple(
        CaseVerdict(
            case.name,
            problem is None,
            case.weight,
            case.edge,
            "" if problem is None else _sentence(problem, outcome),
            inputs,
        )
        for case, inputs, problem, outcome in zip(sheet.cases, sheet.inputs, found, outcomes, strict=True)
    )
    share = sum(case.weight for case in cases if case.passed) / sum(case.weight for case in cases)
    if not any(case.passed and not case.edge for case in cases):
        share = 0.0
    wrong = next((i for i, problem in enumerate(found) if problem), None)
    if wrong is None:
        return Verdict(
            exercise.id, exercise.points, exercise.points, "right", "", None, "", notes, cases, seconds, memory
        )
    mistake = explain(
        [
            Judged(right, outcome, tolerance, case.edge)
            for right, outcome, tolerance, case in zip(
                sheet.right, outcomes, sheet.tolerances, sheet.cases, strict=True
            )
        ],
        sheet.mistakes,
    )
    same = all(outcome is outcomes[0] for outcome in outcomes)  # then it is not about this case
    return Verdict(
        exercise.id,
        exercise.points,
        round(exercise.points * share, 4),
        _status(outcomes[wrong]),
        cases[wrong].message if same else f"{cases[wrong].name}: {cases[wrong].message}",
        mistake.id if mistake else None,
        mistake.hint if mistake else "",
        notes,
        cases,
        seconds,
        memory,
    )


def _status(outcome: Outcome) -> str:
    return {"returned": "differs", "unwritten": "missing"}.get(outcome.status, outcome.status)


def _sentence(problem: Difference, outcome: Outcome) -> str:
    said = f"{problem.where}: {problem.summary}" if problem.where else problem.summary
    if outcome.status == "raised" and outcome.trace:
        number, source = outcome.trace[-1]
        said += f" (in line {number}: {source[:100]})"
    return "".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in said)  # no terminal's commands


def _outcomes(sheet: Sheet, session: _Session) -> list[Outcome]:
    """The outcomes on all cases. Once the kernel was lost too often the rest counts as lost in the same way, and once half of
    the time that all cases may take is used up, as timed out."""
    outcomes: list[Outcome] = []
    lost, before = 0, session.asked
    limit = sheet.exercise.cpu_limit * max(3, len(sheet.cases) / 2)
    for index in range(len(sheet.cases)):
        if session.asked - before > limit:
            late = Outcome("timed out", message=f"Its cases took more than {limit:g} s together.")
            return outcomes + [late] * (len(sheet.cases) - len(outcomes))
        outcomes.append(_ask(sheet, index, session))
        if outcomes[-1].status in ("unwritten", "missing"):
            return outcomes + outcomes[-1:] * (len(sheet.cases) - len(outcomes))
        lost += outcomes[-1].status in LOST
        if lost >= PATIENCE.get(outcomes[-1].status, LOSSES_ALLOWED):
            return outcomes + outcomes[-1:] * (len(sheet.cases) - len(outcomes))
    return outcomes


def _ask(sheet: Sheet, index: int, session: _Session) -> Outcome:
    """What the answer does on one case."""
    exercise = sheet.exercise
    broken = session.broken(exercise.id)
    if broken is not None and broken.status in LOST:
        return broken
    request = {"do": "probe", "answer": exercise.id, "probe": exercise.probe.__name__, "arguments": sheet.packed[index]}
    started = session.seconds
    try:
        reply = session.ask(request, exercise.cpu_limit)
        outcome = _read(reply, sheet.cases[index])
        if outcome.status == "returned" and _size(outcome.output) > ROOM + 10 * sheet.sizes[index]:
            outcome = Outcome("bad data", message=f"Far more came back than is asked for: {describe(outcome.output)}.")
        if outcome.status == "returned":
            outcome = _view(outcome, sheet, index, session, started)
        broken = session.broken(exercise.id)  # known only once its definitions have run
        if broken is not None and (outcome.status == "missing" or broken.status in LOST):
            return broken  # a cell may fail below the function, in a try-out of its own: then the function counts
        return outcome
    except KernelLost as lost:
        return Outcome(lost.status, message=f"{lost.message[0].upper()}{lost.message[1:]}.")
    except wire.WireError as error:
        session.restart()
        return Outcome("bad data", message=f"What came back could not be read: {error}.")


def _size(value: Any) -> int:
    """How many numbers, characters and items a value holds."""
    if isinstance(value, dict):
        return sum(_size(key) + _size(item) for key, item in value.items()) + 1
    if isinstance(value, (list, tuple)):
        return sum(map(_size, value)) + 1
    return len(value) if isinstance(value, str) else math.prod(getattr(value, "shape", ()))


def _view(outcome: Outcome, sheet: Sheet, index: int, session: _Session, started: float) -> Outcome:
    """The outcome as the exercise's view shows it, here in the trusted process."""
    exercise, case = sheet.exercise, sheet.cases[index]
    output = _Talk(session, exercise.cpu_limit, started) if probes.talks(exercise.probe) else outcome.output
    try:
        return replace(outcome, output=view_output(exercise.view, output, case.arguments, case.truth))
    except AnswerFailed as failed:
        return failed.args[0]


@dataclass
class _Talk:
    """The judge's end of a conversation with an answer."""

    session: _Session
    cpu_limit: float  # for the whole of it
    started: float

    def send(self, message: Any) -> Any:
        """Tell the answer's side the message, and give what it says. Raises AnswerFailed, KernelLost, WireError."""
        left = self.cpu_limit - (self.session.seconds - self.started)
        if left <= 0:
            self.session.restart()
            raise KernelLost("timed out", f"it used more than {self.cpu_limit:g} s of processor time")
        reply = self.session.ask({"do": "tell", "message": wire.pack(message)}, left)
        if isinstance(reply.get("error"), dict):
            raise AnswerFailed(error_outcome(reply["error"]))
        if "output" not in reply:
            raise wire.WireError("the reply holds neither an output nor an error")
        return wire.unpack(reply["output"])


def _read(reply: dict[str, Any], case: Case) -> Outcome:
    """A reply as an outcome. Raises WireError where it isn't one."""
    if reply.get("missing") is True:
        return Outcome("missing", message="There is no function of that name.")
    error = reply.get("error")
    if isinstance(error, dict):
        return error_outcome(error)
    if "output" not in reply or not isinstance(reply.get("after"), list):
        raise wire.WireError("the reply holds neither an output nor an error")
    output = wire.unpack(reply["output"])
    after = [wire.unpack(argument) for argument in reply["after"]]
    changed = changed_arguments(probes.build_arguments(case.arguments), after)
    return Outcome("returned", output, changed=changed)


def error_outcome(error: dict[str, Any]) -> Outcome:
    """What a kernel says of an error. A stub that is still there is no error; running out of memory is one of its own."""
    kind, kinds, message, trace = (error.get(key) for key in ("kind", "kinds", "message", "trace"))
    kind, message = (text[:500] if isinstance(text, str) else "" for text in (kind, message))
    lines = [entry for entry in trace if isinstance(entry, list) and len(entry) == 2] if isinstance(trace, list) else []
    lines = tuple((n, s[:200]) for n, s in lines[-6:] if type(n) is int and 0 <= n < 10**6 and isinstance(s, str))
    if kind == "NotImplementedError":  # what a released stub raises
        return Outcome("unwritten", message="The answer is not written yet.", trace=lines)
    # numpy raises one of its own, and torch another where a GPU is full
    if kind in ("MemoryError", "OutOfMemoryError") or (isinstance(kinds, list) and "MemoryError" in kinds):
        return Outcome("out of memory", message="It asked for more memory than an answer may use.", trace=lines)
    above = tuple(name for name in kinds[1:20] if isinstance(name, str)) if isinstance(kinds, list) else ()
    return Outcome("raised", error=kind or "an error", kinds=above, message=message, trace=lines)


@dataclass
class _Session:
    """A kernel in which the definitions have run; forked again, without the bad cell, when it is lost."""

    pieces: list[Piece]
    fork: Callable[[], Kernel]
    kernel: Kernel | None = None
    seconds: float = 0.0
    asked: float = 0.0  # seconds, at work or asleep, that answers took to be asked
    peak_memory: float = 0.0
    failed: dict[int, Outcome] = field(default_factory=dict)
    taken: dict[str | None, float] = field(default_factory=dict)  # the same, to be defined: by exercise

    @property
    def shared(self) -> bool:
        """Whether more than one answer is defined in it."""
        return len({piece.exercise for piece in self.pieces if piece.exercise}) > 1

    def broken(self, exercise: str) -> Outcome | None:
        """What went wrong when this exercise's own cell was run, or None."""
        for index, outcome in self.failed.items():
            if self.pieces[index].exercise == exercise:
                return outcome
        return None

    def ask(self, request: dict[str, Any], cpu_limit: float) -> dict[str, Any]:
        if self.kernel is None:
            self._start()
        kernel = self.kernel
        try:
            return self._ask(request, cpu_limit)
        finally:
            self.asked += kernel.cpu_seconds + kernel.waited

    def _ask(self, request: dict[str, Any], cpu_limit: float) -> dict[str, Any]:
        kernel = self.kernel
        try:
            return kernel.ask(request, cpu_limit)
        except KernelLost:
            self.restart()
            raise
        finally:
            self.seconds += kernel.cpu_seconds
            self.peak_memory = max(self.peak_memory, kernel.peak_memory / 2**20)

    def _start(self) -> None:
        """Fork and run the pieces that have not failed before; a piece that loses the kernel or has used up its time is left out
        from then on."""
        while self.kernel is None:
            self.kernel = self.fork()
            for index, piece in enumerate(self.pieces):
                known = self.failed.get(index)
                if known is not None and known.status in LOST:
                    continue
                if self.taken.get(piece.exercise, 0.0) > (DEFINITION_LIMIT if piece.exercise else HELPERS_LIMIT):
                    self.failed[index] = Outcome(
                        "timed out", message=f"{piece.name.capitalize()} took too long to run."
                    )
                    continue
                kernel = self.kernel
                try:
                    reply = self._ask({"do": "run", "source": piece.source, "name": piece.name}, DEFINITION_LIMIT)
                except KernelLost as lost:
                    self.failed[index] = Outcome(lost.status, message=f"In {piece.name}, {lost.message}.")
                    break
                finally:
                    used = kernel.cpu_seconds + kernel.waited
                    self.taken[piece.exercise] = self.taken.get(piece.exercise, 0.0) + used
                self.failed.pop(index, None)
                if isinstance(reply.get("error"), dict):
                    self.failed[index] = error_outcome(reply["error"])

    def restart(self) -> None:
        self.close()
        self.kernel = None

    def close(self) -> None:
        if self.kernel is not None:
            self.kernel.kill()
