"""Executors: one interface, one thread, and a dead worker costs its own task only."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import Future, wait

import pytest
import torch

from medq_gen import executors
from medq_gen.errors import ConfigError


def doubled(value: int) -> tuple[int, int, int, str]:
    """Twice the value, the process, its torch threads, and what it was told about threads."""
    return 2 * value, os.getpid(), torch.get_num_threads(), os.environ["OMP_NUM_THREADS"]


def deadly(value: int) -> int:
    """Ends its process for 13, and raises for negative values."""
    if value == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    if value < 0:
        raise FloatingPointError(f"{value} is negative")
    return value


def sleeping(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def test_serial_runs_at_once_in_this_process() -> None:
    """Results and errors are in the future as soon as it is submitted."""
    with executors.make("serial", None) as executor:
        future = executor.submit(doubled, 4)
        assert future.done()
        assert future.result() == (8, os.getpid(), 1, "1")
        assert isinstance(executor.submit(deadly, -1).exception(), FloatingPointError)


@pytest.mark.slow
def test_processes_have_one_thread_and_a_killed_one_costs_its_task() -> None:
    """Of six tasks the deadly one is WorkerDied, the raising one has its own error, all others their results, from other processes of one thread."""
    with executors.make("process", 2) as executor:
        tasks: dict[int, Future[int]] = {value: executor.submit(deadly, value) for value in (1, 13, -2, 3, 4, 5)}
        where = executor.submit(doubled, 21)
        wait([*tasks.values(), where], timeout=120)
        assert {value: tasks[value].result() for value in (1, 3, 4, 5)} == {1: 1, 3: 3, 4: 4, 5: 5}
        assert isinstance(tasks[13].exception(), executors.WorkerDied)
        assert "-9" in str(tasks[13].exception())
        assert str(tasks[-2].exception()) == "-2 is negative"
        result, pid, threads, told = where.result()
        assert (result, threads, told) == (42, 1, "1")
        assert pid != os.getpid()


@pytest.mark.slow
def test_leaving_with_an_error_stops_the_workers() -> None:
    """A task of a minute does not hold up an interrupted run."""
    started = time.monotonic()

    def interrupted() -> None:
        with executors.make("process", 1) as executor:
            executor.submit(sleeping, 60.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("name", "workers", "answer"), [("dusk", None, "unknown executor 'dusk'"), ("process", 0, "executor.workers=0: at least 1"), ("serial", -1, "at least 1")]
)
def test_mistakes_are_answered(name: str, workers: int | None, answer: str) -> None:
    """A wrong name and a wrong number are ConfigErrors."""
    with pytest.raises(ConfigError, match=answer):
        executors.make(name, workers)


def test_one_worker_a_usable_core() -> None:
    """workers null means as many as this process may use, not as many as the machine has."""
    assert executors.make("process", None).workers == len(os.sched_getaffinity(0))
    assert executors.make("serial", 7).workers == 1


def test_a_device_is_named_or_found() -> None:
    """cpu is there always, auto takes what there is; a GPU that is not there and a name that is unknown say what to do."""
    assert executors.device_of("cpu") == "cpu"
    assert executors.device_of("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    with pytest.raises(ConfigError, match="cpu, cuda, auto"):
        executors.device_of("gpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch finds a GPU here")
def test_a_gpu_that_is_not_there_stops_before_work_starts() -> None:
    """The message names the key and the remedy."""
    with pytest.raises(ConfigError, match=r"executor\.device=cuda: torch .* finds no GPU here"):
        executors.device_of("cuda")


@pytest.mark.parametrize("workers", [1, 2])
def test_idle_workers_that_are_killed_cost_no_task(workers: int) -> None:
    """All workers die while nothing runs: the pool gives up, and tasks that come then, or waited already, are done by another one."""
    with executors.make("process", workers) as executor:
        seen = {future.result(timeout=60)[1] for future in [executor.submit(doubled, value) for value in range(20)]}
        for pid in seen:
            os.kill(pid, signal.SIGKILL)
        time.sleep(1.0)
        again = [executor.submit(doubled, value) for value in range(4)]
        found = [future.result(timeout=60) for future in again]
    assert [value for value, *_ in found] == [0, 2, 4, 6]
    assert not {pid for _, pid, *_ in found} & seen


def test_a_worker_killed_between_tasks_costs_none() -> None:
    """At whatever moment the only worker dies, tasks that did not run are done; one that did may have died, once."""
    for moment in (0, 2, 5):
        with executors.make("process", 1) as executor:
            pid = executor.submit(doubled, 0).result(timeout=60)[1]
            waiting = [executor.submit(sleeping, 0.02) for _ in range(6)]
            time.sleep(0.013 * moment)
            os.kill(pid, signal.SIGKILL)
            wait(waiting, timeout=60)
            died = [future for future in waiting if future.exception() is not None]
            assert len(died) <= 1
            assert all(isinstance(future.exception(), executors.WorkerDied) for future in died)
