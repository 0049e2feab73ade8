"""Judging on many machines: a Dask cluster as a `concurrent.futures.Executor`.

Each worker process of the cluster has its own warm process and boxes; what travels is a submission's cells one way and verdicts the other.
Dask runs a job again elsewhere when its worker dies.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from autograder.layout import CourseError
from autograder.marking import versions

WITHIN = 8.0  # seconds in which a scheduler must answer


@contextmanager
def connect(address: str) -> Iterator[tuple[Executor, int]]:
    """An executor that judges on the cluster, and how many jobs it does at a time.

    Raises CourseError where dask is missing, nobody answers at the address, or no worker is there.
    """
    _knock(address)  # before Dask is imported, which takes seconds
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise CourseError(
            "--scheduler needs Dask; install it with `pip install networks-by-hand-autograder[cluster]`."
        ) from error
    try:
        client = Client(address, timeout=WITHIN, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise _nobody_there(address, error) from error
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise CourseError(
                f"The scheduler at {address} has no workers. Start some with `dask worker {address} --nthreads 1`."
            )
        _refuse_strangers(client)
        with client.get_executor(pure=False) as executor:
            yield executor, threads


def _knock(address: str) -> None:
    """Raise CourseError where nobody listens at a tcp address; of other kinds Dask knows more."""
    found = re.fullmatch(r"(?:(?:tcp|tls)://)?\[?([^/\]]+?)\]?:(\d+)", address)
    if found is None:
        return
    try:
        socket.create_connection((found[1], int(found[2])), WITHIN).close()
    except (OSError, OverflowError) as error:
        raise _nobody_there(address, error) from error


def _nobody_there(address: str, error: Exception) -> CourseError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return CourseError(
        f"No Dask scheduler answers at {address} ({reason}). Start one with `dask scheduler` and workers with "
        "`dask worker ADDRESS --nthreads 1`, or give its address as tcp://HOST:8786."
    )


def _refuse_strangers(client: Any) -> None:
    """Raise CourseError where a worker has another version of the course than this machine, or none."""
    here = versions()["course"]
    problems = []
    for worker, found in sorted(client.run(versions, on_error="return").items()):
        if isinstance(found, Exception):
            problems.append(f"{worker} can't grade ({type(found).__name__}: {found})")
        elif found["course"] != here:
            problems.append(f"{worker} has version {found['course']} of the course, this machine {here}")
    if problems:
        raise CourseError(
            f"{'; '.join(problems)}. Install the same networks-by-hand-autograder on all; nothing was judged."
        )
