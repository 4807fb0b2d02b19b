"""CPython's own tests of concurrent.futures, as far as they are about any executor, where the
standard library of this Python comes with its tests."""
import importlib
import unittest

import balsam


def found(name):
    """A class of those tests; they lie in one module or, from 3.12 on, in a package."""
    for module in ("", ".util", ".executor", ".test_wait", ".test_as_completed"):
        try:
            holder = importlib.import_module(f"test.test_concurrent_futures{module}")
        except ImportError:
            continue
        if hasattr(holder, name):
            return getattr(holder, name)
    return None


ExecutorMixin = found("ExecutorMixin")

if ExecutorMixin is None:
    raise unittest.SkipTest("this Python has no test.test_concurrent_futures")


class OnBalsam(ExecutorMixin):
    executor_type = balsam.Executor
    worker_count = 2


def about_balsam(name, *left_out):
    """The cases of a class, run on our executor."""
    members = {each: None for each in left_out}
    return type(f"Balsam{name}", (OnBalsam, found(name), found("BaseTestCase")), members)


#: Left out: they look into the threads and processes of the standard library's own executors.
BalsamExecutorTest = about_balsam("ExecutorTest", "test_free_reference")
BalsamWaitTests = about_balsam("WaitTests")
BalsamAsCompletedTests = about_balsam("AsCompletedTests", "test_free_reference_yielded_future")

if __name__ == "__main__":
    unittest.main()
