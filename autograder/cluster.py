"""Judging on many machines: a Dask cluster as a `concurrent.futures.Executor`.

Each worker process of the cluster has its own warm process and boxes; what travels is a submission's cells one way and verdicts the other.
Dask runs a job again elsewhere when its worker dies.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from autograder.layout import CourseError

WITHIN = 8.0  # seconds in which a scheduler must answer


@contextmanager
def connect(address: str) -> Iterator[tuple[Executor, int]]:
    """An executor that judges on the cluster, and how many jobs it does at a time.

    Raises CourseError where dask is missing, nobody answers at the address, or no worker is there.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise CourseError(
            "--scheduler needs Dask; install it with `pip install networks-by-hand-autograder[cluster]`."
        ) from error
    try:
        client = Client(address, timeout=WITHIN, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error).splitlines()[0]
        raise CourseError(
            f"No Dask scheduler answers at {address} ({reason}). Start one with `dask scheduler` and workers with "
            "`dask worker ADDRESS --nthreads 1`, or give its address as tcp://HOST:8786."
        ) from error
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise CourseError(
                f"The scheduler at {address} has no workers. Start some with `dask worker {address} --nthreads 1`."
            )
        with client.get_executor(pure=False, retries=3) as executor:
            yield executor, threads
