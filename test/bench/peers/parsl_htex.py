"""Parsl's high-throughput executor: one block of two workers on this machine."""

import time

import parsl
from conversation import SCRATCH, converse, output_paths
from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider


@parsl.python_app
def run_true(path=None, _previous=None):
    import subprocess

    if path is None:
        return subprocess.call(["/bin/true"])
    with open(path, "wb") as output:
        return subprocess.call(["/bin/true"], stdout=output, stderr=output)


@parsl.python_app
def nothing(number):
    return number


def call_all(count):
    started = time.perf_counter()
    futures = [nothing(number) for number in range(count)]
    assert sum(future.result() for future in futures) == count * (count - 1) // 2
    return time.perf_counter() - started


def run_all(inputs):
    started = time.perf_counter()
    futures = [run_true(path) for path in inputs]
    assert not any(future.result() for future in futures)
    return time.perf_counter() - started


def run_chain(count):
    started = time.perf_counter()
    future = None
    for _ in range(count):
        future = run_true(None, future)
    assert future.result() == 0
    return time.perf_counter() - started


def main():
    executor = HighThroughputExecutor(
        label="htex",
        address="127.0.0.1",
        max_workers_per_node=2,
        provider=LocalProvider(init_blocks=1, max_blocks=1),
    )
    config = Config(
        executors=[executor], run_dir=f"{SCRATCH}/runinfo", strategy="none", initialize_logging=False
    )
    with parsl.load(config):
        run_all([None] * 50)
        call_all(50)
        converse(
            {
                "true": lambda count: run_all([None] * count),
                "files": lambda count: run_all(output_paths(count)),
                "call": call_all,
                "hop": run_chain,
            }
        )


if __name__ == "__main__":
    main()
