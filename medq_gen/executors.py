"""How tasks run: one after another, or in processes of one thread each. One small interface, so that a cluster is a third implementation."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Protocol, TypeVar

from medq_gen.errors import ConfigError
from medq_gen.registry import unknown

Task = TypeVar("Task")
Result = TypeVar("Result")
POOLS = 3  # that one task may see give up
DEVICES = ("cpu", "cuda", "auto")
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class WorkerDied(Exception):
    """The process of a task ended before the task did (killed, out of memory)."""


class Executor(AbstractContextManager["Executor"], Protocol):
    """Runs functions of one plain value. Left with an error, it drops what is still running."""

    workers: int

    def submit(self, function: Callable[[Task], Result], task: Task) -> Future[Result]:
        """Start a task; a task whose process died has WorkerDied as its exception."""
        ...


def one_thread() -> None:
    """Make every library of this process use one thread: more change the bytes of a picture. Exact before torch is imported, as good as it gets after."""
    for name in _THREADS:
        os.environ[name] = "1"
    import cv2
    import torch

    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def declare_one_thread() -> None:
    """The same for processes that are still to start, and for libraries still to be imported; imports nothing."""
    for name in _THREADS:
        os.environ[name] = "1"


def device_of(name: str) -> str:
    """Where the physics of a run computes: "cpu", or "cuda"; auto takes a GPU where torch finds one.

    Raises
        ConfigError: unknown name, or a GPU that torch does not find.
    """
    if name not in DEVICES:
        raise ConfigError(unknown("executor.device", name, list(DEVICES)))
    if name == "cpu":
        return name
    import torch

    found = torch.cuda.is_available()
    if name == "cuda" and not found:
        raise ConfigError(f"executor.device=cuda: torch {torch.__version__} finds no GPU here; leave the key out, or install a build of torch for your GPU")
    return "cuda" if found else "cpu"


class Serial:
    """Runs a task when it is submitted, in this process."""

    workers = 1

    def submit(self, function: Callable[[Task], Result], task: Task) -> Future[Result]:
        """Run it now."""
        future: Future[Result] = Future()
        try:
            future.set_result(function(task))
        except Exception as error:
            future.set_exception(error)
        return future

    def __enter__(self) -> Serial:
        one_thread()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the main process decides what happens
    one_thread()


class Processes:
    """A pool of processes, started fresh (spawn), of one thread each. A killed process costs the task it was working on, and none if it was idle.

    A pool whose last process dies between two tasks gives up, with all tasks that wait in it: another one takes its place and its tasks.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pools: list[Any] = []  # Any: pebble has no types; the last one is in use
        self._one_at_a_time = threading.Lock()  # callbacks come from the threads of the pools
        self._leaving = False

    def __enter__(self) -> Processes:
        declare_one_thread()
        self._pools, self._leaving = [self._new()], False
        return self

    def _new(self) -> Any:
        from pebble import ProcessPool

        return ProcessPool(max_workers=self.workers, context=multiprocessing.get_context("spawn"), initializer=_begin_worker)

    def submit(self, function: Callable[[Task], Result], task: Task) -> Future[Result]:
        """Queue it."""
        outer: Future[Result] = Future()
        self._schedule(function, task, outer, pools_left=POOLS)
        return outer

    def _schedule(self, function: Callable[[Task], Result], task: Task, outer: Future[Result], *, pools_left: int) -> None:
        from pebble import ProcessExpired

        pool = self._pools[-1]

        def settle(inner: Future[Result]) -> None:
            if inner.cancelled():
                outer.cancel()
                return
            error = inner.exception()
            if isinstance(error, BrokenProcessPool) and pools_left and self._replace(pool):
                self._schedule(function, task, outer, pools_left=pools_left - 1)
            elif isinstance(error, ProcessExpired | BrokenProcessPool):
                outer.set_exception(WorkerDied(f"the worker process ended with code {getattr(error, 'exitcode', 'unknown')}"))
            elif error is not None:
                outer.set_exception(error)
            else:
                outer.set_result(inner.result())

        try:
            scheduled = pool.schedule(function, args=(task,))
        except RuntimeError:  # the pool gave up since the last task
            if pool.active or not pools_left or not self._replace(pool):
                raise
            self._schedule(function, task, outer, pools_left=pools_left - 1)
            return
        scheduled.add_done_callback(settle)

    def _replace(self, pool: Any) -> bool:
        """Another pool in the place of one that gave up, unless all are being stopped."""
        with self._one_at_a_time:
            if not self._leaving and self._pools[-1] is pool:
                self._pools.append(self._new())
            return not self._leaving

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._one_at_a_time:
            self._leaving = True
            *broken, pool = self._pools
        if kind is None:
            pool.close()
        else:
            pool.stop()
        for each in broken:
            each.stop()
        for each in self._pools:
            each.join()


EXECUTORS: Mapping[str, Callable[[int], Executor]] = {"serial": lambda workers: Serial(), "process": Processes}


def make(name: str, workers: int | None) -> Executor:
    """The executor of a name; workers None: as many as there are usable cores.

    Raises
        ConfigError: unknown name, or workers below 1.
    """
    if name not in EXECUTORS:
        raise ConfigError(unknown("executor", name, sorted(EXECUTORS)))
    if workers is not None and workers < 1:
        raise ConfigError(f"executor.workers={workers}: at least 1; leave it out for one a core")
    return EXECUTORS[name](workers or usable_cores())


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
