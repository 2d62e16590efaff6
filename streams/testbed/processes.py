"""Work shared among spawned processes: each takes the next task, and none that ends can hang the others.

`concurrent.futures` would do but for its end: on Ctrl-C it waits for the tasks that run, minutes here.
"""

import multiprocessing
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, NamedTuple, Self, TypeVar

from streams.errors import FxwatchError
from streams.testbed.partition_pass import quiet_collector
from streams.testbed.prepared import Stages

Task = TypeVar("Task")
Answer = TypeVar("Answer")


class ProcessDiedError(FxwatchError):
    """A process of a replay ended before its work was done: killed, or out of memory."""

    code = "testbed.process_died"


class _Failed(NamedTuple):
    fault: BaseException


class _Advanced(NamedTuple):
    records: int


class _Done(NamedTuple):
    number: int
    answer: Any


class _Worker(NamedTuple):
    process: Any
    pipe: Connection


class _Reporter:
    """Tells the parent how far the child is."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def begin(self, name: str, total: int | None) -> None:
        """The parent knows."""

    def advance(self, records: int) -> None:
        """So many more records are done."""
        self._pipe.send(_Advanced(records))


def _work(pipe: Connection, work: Callable[[Any, Stages], Any]) -> None:
    """The child: tasks come through the pipe, one at a time, until it closes."""
    with quiet_collector():
        while True:
            try:
                number, task = pipe.recv()
            except (EOFError, OSError):
                return
            try:
                answer = _Done(number, work(task, _Reporter(pipe)))
            except BrokenPipeError:
                return  # the parent is gone
            except Exception as fault:  # noqa: BLE001 - it is raised in the parent, which tells the user
                if not isinstance(fault, FxwatchError):
                    fault.add_note(traceback.format_exc())  # a traceback does not survive the journey
                pipe.send(_Failed(fault))
                return
            pipe.send(answer)


def run_in_processes(
    work: Callable[[Task, Stages], Answer], tasks: Sequence[Task], processes: int, stages: Stages
) -> list[Answer]:
    """The answers of all tasks, in their order. With one process the work is done in this one.

    Raises what `work` raises, and `ProcessDiedError` where a process ended on its own; all others are ended first, as
    they are on Ctrl-C.
    """
    if processes == 1 or len(tasks) <= 1:
        with quiet_collector():
            return [work(task, stages) for task in tasks]
    workers: list[_Worker] = []
    try:
        while len(workers) < min(processes, len(tasks)):
            workers.append(_started(work))
        return _shared(workers, tasks, stages)
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join()
            worker.pipe.close()


@contextmanager
def _ignored_by_children() -> Iterator[None]:
    """Processes started meanwhile ignore Ctrl-C, which goes to the whole group: this process ends them.

    They inherit it. Failure prevented: one that is still importing would answer with a traceback.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's business
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _started(work: Callable[[Any, Stages], Any]) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, work), daemon=True)
    with _ignored_by_children():
        process.start()
    theirs.close()  # else its end would not be seen when the process dies
    return _Worker(process, ours)


def _shared(workers: Sequence[_Worker], tasks: Sequence[Any], stages: Stages) -> list[Any]:
    waiting = list(enumerate(tasks))[::-1]
    answers: dict[int, Any] = {}
    by_pipe = {worker.pipe: worker for worker in workers}
    for worker in workers:
        worker.pipe.send(waiting.pop())
    while len(answers) < len(tasks):
        for pipe in wait(list(by_pipe)):
            assert isinstance(pipe, Connection)
            try:
                told = pipe.recv()
                if isinstance(told, _Done) and waiting:
                    pipe.send(waiting.pop())
            except (EOFError, OSError) as fault:
                raise _died(by_pipe[pipe].process) from fault
            if isinstance(told, _Failed):
                raise told.fault
            if isinstance(told, _Advanced):
                stages.advance(told.records)
            else:
                answers[told.number] = told.answer
    return [answers[number] for number in range(len(tasks))]


class Crew(Generic[Task, Answer]):
    """Processes that keep what they learned from task to task: each has a part of the whole. A context manager.

    `work` is copied to each process and called with each of its tasks, in order. `aside` is a task of its own, worked
    off by `beside` in one more process meanwhile. With one process all is done in this one, the task aside at the end.
    """

    def __init__(
        self,
        work: Callable[[Task, Stages], Answer],
        processes: int,
        stages: Stages,
        aside: Any = None,
        beside: Callable[[Any, Stages], Any] | None = None,
    ) -> None:
        self.size, self._work, self._stages = max(1, processes), work, stages
        self._aside, self._beside = aside, beside
        self._workers: list[_Worker] = []
        self._apart: _Worker | None = None
        self._told_aside: _Done | None = None

    def __enter__(self) -> Self:
        if self.size > 1:
            try:
                for _ in range(self.size):
                    self._workers.append(_started(self._work))
                if self._beside is not None:
                    self._apart = _started(self._beside)
                    self._apart.pipe.send((0, self._aside))
            except BaseException:
                self.__exit__()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        workers = [*self._workers, *([] if self._apart is None else [self._apart])]
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join()
            worker.pipe.close()

    def ask(self, tasks: Sequence[Task]) -> list[Answer]:
        """The answers of one task for each process, in their order. Raises as `run_in_processes`."""
        if len(tasks) != self.size:
            raise ValueError(f"a task for each process; got: {len(tasks)}; expected: {self.size}")
        if not self._workers:
            return [self._work(task, self._stages) for task in tasks]
        for number, (worker, task) in enumerate(zip(self._workers, tasks, strict=True)):
            worker.pipe.send((number, task))
        answers: dict[int, Any] = {}
        while len(answers) < self.size:
            for told in self._hear(self._workers):
                answers[told.number] = told.answer
        return [answers[number] for number in range(self.size)]

    def answer_aside(self) -> Any:
        """What came of the task aside; waits for it."""
        if self._beside is None:
            return None
        if self._apart is None:
            return self._beside(self._aside, self._stages)
        while self._told_aside is None:
            self._hear([])
        return self._told_aside.answer

    def _hear(self, workers: Sequence[_Worker]) -> list[_Done]:
        """What processes have done since, those of `workers`; the task aside is heard too, so that it never waits."""
        listening = [*workers, *([] if self._apart is None or self._told_aside is not None else [self._apart])]
        by_pipe = {worker.pipe: worker for worker in listening}
        done = []
        for pipe in wait(list(by_pipe)):
            assert isinstance(pipe, Connection)
            try:
                told = pipe.recv()
            except (EOFError, OSError) as fault:
                raise _died(by_pipe[pipe].process) from fault
            if isinstance(told, _Failed):
                raise told.fault
            if isinstance(told, _Advanced):
                self._stages.advance(told.records)
            elif by_pipe[pipe] is self._apart:
                self._told_aside = told
            else:
                done.append(told)
        return done


def _died(process: Any) -> ProcessDiedError:
    process.join(5)
    code = process.exitcode
    how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    return ProcessDiedError(
        "a process of the replay ended before its work was done",
        got=how,
        expected="all partitions replayed",
        todo="see the kernel's log for a lack of memory; `--processes 1` needs least",
    )
