"""Balsam's own executor: two warm workers of a launcher of this machine."""

import time

from balsam import Executor
from conversation import converse


def nothing(number):
    return number


def call_all(executor, count):
    started = time.perf_counter()
    futures = [executor.submit(nothing, number) for number in range(count)]
    assert sum(future.result() for future in futures) == count * (count - 1) // 2
    return time.perf_counter() - started


def main():
    with Executor(max_workers=2) as executor:
        call_all(executor, 50)
        converse({"call": lambda count: call_all(executor, count)})


if __name__ == "__main__":
    main()
