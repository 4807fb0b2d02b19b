"""What concurrent.futures promises of any executor: for where CPython's own tests are missing."""
import concurrent.futures
import time
import unittest
import weakref

import functions

import balsam


class Thing:
    """Something that calls are made of."""

    def method(self):
        return "done"


class Promises(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ex = balsam.Executor(max_workers=2)

    @classmethod
    def tearDownClass(cls):
        cls.ex.shutdown()

    def test_it_is_an_executor_and_gives_futures(self):
        self.assertIsInstance(self.ex, concurrent.futures.Executor)
        self.assertIsInstance(self.ex.submit(functions.square, 2), concurrent.futures.Future)

    def test_keywords_named_like_parameters(self):
        self.assertEqual(self.ex.submit(dict, fn=1, self=2).result(60), {"fn": 1, "self": 2})

    def test_max_workers_must_be_positive(self):
        for number in (0, -1):
            with self.assertRaises(ValueError):
                balsam.Executor(max_workers=number)

    def test_map_raises_where_the_call_failed(self):
        results = self.ex.map(divmod, [1, 1, 1, 1], [2, 3, 0, 5])
        self.assertEqual([next(results), next(results)], [(0, 1), (0, 1)])
        with self.assertRaises(ZeroDivisionError):
            next(results)

    def test_map_times_out(self):
        results = self.ex.map(functions.sleep, [0, 30], timeout=3)
        self.assertEqual(next(results), 0)
        with self.assertRaises(concurrent.futures.TimeoutError):
            next(results)
        for future in self.ex._ends.futures():
            future.kill()

    def test_callbacks_run_once_with_the_future(self):
        seen = []
        future = self.ex.submit(functions.square, 3)
        future.add_done_callback(seen.append)
        future.result(60)
        concurrent.futures.wait([future])
        end = time.monotonic() + 10
        while not seen and time.monotonic() < end:
            time.sleep(0.01)
        self.assertEqual(seen, [future])

    def test_no_stale_references(self):
        thing = Thing()
        gone = weakref.ref(thing)
        self.ex.submit(thing.method).result(60)
        del thing
        end = time.monotonic() + 10
        while gone() is not None and time.monotonic() < end:
            time.sleep(0.01)
        self.assertIsNone(gone())

    def test_wait_by_each_condition(self):
        fast, slow = self.ex.submit(functions.square, 1), self.ex.submit(functions.sleep, 1.0)
        done, _ = concurrent.futures.wait([fast, slow], 60, concurrent.futures.FIRST_COMPLETED)
        self.assertEqual(done, {fast})
        failed = self.ex.submit(functions.fail, "no")
        done, _ = concurrent.futures.wait([failed, self.ex.submit(functions.sleep, 1.0)], 60,
                                          concurrent.futures.FIRST_EXCEPTION)
        self.assertIn(failed, done)
        done, left = concurrent.futures.wait([fast, slow, failed], 60)
        self.assertEqual((len(done), len(left)), (3, 0))

    def test_as_completed_gives_duplicates_once(self):
        future = self.ex.submit(functions.sleep, 0.1)
        self.assertEqual(list(concurrent.futures.as_completed([future, future], 60)), [future])


class Shutdowns(unittest.TestCase):
    def test_with_waits_for_all(self):
        with balsam.Executor(max_workers=2) as ex:
            futures = [ex.submit(functions.sleep, 0.2) for _ in range(4)]
        self.assertTrue(all(future.done() for future in futures))
        with self.assertRaises(RuntimeError):
            ex.submit(functions.square, 2)

    def test_shutdown_without_waiting_finishes_all_the_same(self):
        ex = balsam.Executor(max_workers=2)
        futures = [ex.submit(functions.sleep, 0.2) for _ in range(4)]
        ex.shutdown(wait=False)
        self.assertEqual([future.result(60) for future in futures], [0.2] * 4)

    def test_cancel_futures(self):
        ex = balsam.Executor(max_workers=1)
        first = ex.submit(functions.sleep, 1.0)
        while not first.running():
            time.sleep(0.01)
        rest = [ex.submit(functions.sleep, 60) for _ in range(5)]
        ex.shutdown(cancel_futures=True)
        self.assertEqual(first.result(), 1.0)
        self.assertTrue(all(future.cancelled() for future in rest))

    def test_an_executor_that_did_nothing_ends(self):
        balsam.Executor(max_workers=1).shutdown()


if __name__ == "__main__":
    unittest.main()
