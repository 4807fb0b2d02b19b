"""Functions and apps as jobs, on a real launcher."""
import concurrent.futures
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import unittest

import functions

import balsam


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def until(what, look, seconds=20):
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come about")
        time.sleep(0.01)


class Executing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ex = balsam.Executor(max_workers=2)

    @classmethod
    def tearDownClass(cls):
        cls.ex.shutdown()

    def test_results(self):
        self.assertEqual(self.ex.submit(functions.square, 7).result(60), 49)
        self.assertEqual(self.ex.submit(functions.add, 1, 2, start=3).result(60), 6)
        self.assertEqual(self.ex.submit(pow, 2, 5).result(60), 32)
        self.assertEqual(self.ex.submit("abc".upper).result(60), "ABC")

    def test_the_job_is_an_ordinary_one(self):
        future = self.ex.submit(functions.square, 3)
        future.result(60)
        job = future.job
        self.assertEqual((job.state, job.name, job.return_code), ("JOB_FINISHED", "square", 0))
        self.assertEqual(job.workflow, self.ex.workflow)
        states = [each["state"] for each in job.history]
        self.assertEqual(states[-4:], ["RUNNING", "RUN_DONE", "POSTPROCESSED", "JOB_FINISHED"])
        self.assertEqual(len(job.attempt_list), 1)

    def test_map(self):
        self.assertEqual(list(self.ex.map(functions.square, range(50))), [i * i for i in range(50)])
        self.assertEqual(list(self.ex.map(functions.add, [1, 2], [3, 4])), [4, 6])
        chunked = self.ex.map(functions.square, range(50), chunksize=7)
        self.assertEqual(list(chunked), [i * i for i in range(50)])

    def test_workers_are_warm_and_two(self):
        pids = set(self.ex.map(functions.pid_after, [0.005] * 40))
        self.assertLessEqual(len(pids), 3)

    def test_an_exception_comes_with_traceback_and_stderr(self):
        future = self.ex.submit(functions.fail, "no way")
        with self.assertRaisesRegex(ValueError, "no way") as caught:
            future.result(60)
        self.assertIn('raise ValueError(text)', str(caught.exception.__cause__))
        self.assertNotIn("worker.py", str(caught.exception.__cause__))
        self.assertIn("what it printed before", caught.exception.stderr)
        self.assertEqual(future.job.state, "FAILED")

    def test_an_exception_that_cant_be_pickled_is_told_in_words(self):
        with self.assertRaisesRegex(Exception, "1 and 2") as caught:
            self.ex.submit(functions.fail_oddly).result(60)
        self.assertIn("fail_oddly", str(caught.exception.__cause__))

    def test_sys_exit_is_an_exception(self):
        with self.assertRaises(SystemExit):
            self.ex.submit(functions.leave, 3).result(60)

    def test_a_result_that_cant_be_pickled_is_an_exception(self):
        with self.assertRaisesRegex(TypeError, "pickle"):
            self.ex.submit(functions.unpicklable).result(60)

    def test_arguments_that_cant_be_pickled_are_an_exception(self):
        with self.assertRaisesRegex(Exception, "pickle"):
            self.ex.submit(functions.square, threading.Lock()).result(60)

    def test_large_arguments_and_results(self):
        text = "y" * 3_000_000
        self.assertEqual(self.ex.submit(functions.length, text).result(60), 3_000_000)
        self.assertEqual(len(self.ex.submit(functions.big, 3_000_000).result(60)), 3_000_000)

    def test_a_worker_that_dies_ends_only_its_call(self):
        waiting = self.ex.submit(functions.sleep, 0.5)
        dying = self.ex.submit(functions.die, signal.SIGSEGV)
        with self.assertRaises(balsam.JobFailed) as caught:
            dying.result(60)
        self.assertEqual(caught.exception.signal, signal.SIGSEGV)
        self.assertIn("its last words", str(caught.exception))
        self.assertEqual(waiting.result(60), 0.5)
        with self.assertRaises(balsam.JobFailed) as caught:
            self.ex.submit(functions.exit_at_once, 9).result(60)
        self.assertEqual(caught.exception.exit_code, 9)
        self.assertEqual(self.ex.submit(functions.square, 2).result(60), 4)

    def test_exit_at_once_with_zero_is_no_success(self):
        with self.assertRaises(balsam.JobFailed):
            self.ex.submit(functions.exit_at_once, 0).result(60)

    def test_kill_ends_a_running_call(self):
        other = self.ex.submit(functions.sleep, 1.0)
        future = self.ex.submit(functions.sleep, 300)
        until("the call runs", lambda: future.running())
        began = time.monotonic()
        self.assertTrue(future.kill())
        with self.assertRaises(balsam.JobFailed) as caught:
            future.result(10)
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(caught.exception.state, "USER_KILLED")
        self.assertEqual(other.result(60), 1.0)

    def test_nothing_of_a_call_is_seen_by_the_next(self):
        pid = self.ex.submit(functions.set_environment, "LEFT", "behind").result(60)
        seen = [self.ex.submit(functions.directory_and_environment, "LEFT").result(60)
                for _ in range(6)]
        self.assertIn(pid, [each[0] for each in seen])
        self.assertEqual({each[1:] for each in seen}, {(os.getcwd(), None)})

    def test_a_child_left_behind_is_ended_with_its_worker(self):
        pid, child = self.ex.submit(functions.leave_child).result(60)
        until("worker and child are gone", lambda: not alive(pid) and not alive(child))
        pid = self.ex.submit(functions.leave_thread).result(60)
        until("the worker is gone", lambda: not alive(pid))
        self.assertEqual(self.ex.submit(functions.square, 2).result(60), 4)

    def test_commands_are_not_read_by_functions(self):
        self.assertEqual(self.ex.submit(functions.read_stdin).result(60), "")

    def test_a_function_that_closes_all_descriptors_ends_only_itself(self):
        with self.assertRaises((balsam.JobFailed, OSError)):
            self.ex.submit(functions.write_to_every_descriptor).result(60)
        self.assertEqual(self.ex.submit(functions.square, 2).result(60), 4)

    def test_a_fork_that_returns_answers_once(self):
        self.assertIs(self.ex.submit(functions.fork_and_return).result(60), True)
        self.assertEqual(self.ex.submit(functions.square, 2).result(60), 4)

    def test_calls_know_their_job(self):
        future = self.ex.submit(functions.environment, "BALSAM_JOB_ID", "BALSAM_SITE")
        self.assertEqual(future.result(60), [str(future.job_id), self.ex.site.path])

    def test_cancel_of_what_waits(self):
        running = [self.ex.submit(functions.sleep, 0.7) for _ in range(2)]
        waiting = self.ex.submit(functions.sleep, 0.1)
        until("two run", lambda: all(each.running() for each in running))
        waiting.job_id
        self.assertTrue(waiting.cancel())
        self.assertTrue(waiting.cancelled())
        self.assertFalse(running[0].cancel())
        with self.assertRaises(concurrent.futures.CancelledError):
            waiting.result(10)
        self.assertEqual(waiting.job.state, "USER_KILLED")

    def test_as_completed_and_wait(self):
        began, go = (os.path.join(self.ex.directory, each) for each in ("began", "go"))
        futures = [self.ex.submit(functions.touch_and_wait, began, go),
                   self.ex.submit(functions.square, 2)]
        found = balsam.as_completed(futures, timeout=60)
        self.assertIs(next(found), futures[1])
        open(go, "w", encoding="utf-8").close()
        self.assertIs(next(found), futures[0])
        done, not_done = balsam.wait(futures, timeout=60)
        self.assertEqual((len(done), len(not_done)), (2, 0))

    def test_an_app_as_a_future(self):
        balsam.App.objects.create(name=f"touch-{os.getpid()}", executable="echo said")
        future = self.ex.submit_app(f"touch-{os.getpid()}", "by", "the app")
        job = future.result(60)
        self.assertEqual(job.state, "JOB_FINISHED")
        self.assertEqual(job.read_output(), "said by the app\n")
        with self.assertRaises(TypeError):
            self.ex.submit_app(f"touch-{os.getpid()}", self.ex.submit(functions.square, 1))

    def test_an_unknown_app_is_refused(self):
        with self.assertRaises(balsam.BalsamError):
            self.ex.submit_app("nobody-knows").result(60)


class Graphs(unittest.TestCase):
    def test_futures_as_arguments(self):
        with balsam.Executor(max_workers=2) as ex:
            parts = [ex.submit(functions.square, each) for each in range(10)]
            total = ex.submit(functions.add, *parts, start=ex.submit(functions.square, 2))
            self.assertEqual(total.result(60), 285 + 4)
            late = ex.submit(functions.add, parts[0], parts[3])
            self.assertEqual(late.result(60), 9)
            nested = ex.submit(sum, [parts[1], parts[2]])
            self.assertEqual(nested.result(60), 5)

    def test_a_failed_parent_fails_its_children(self):
        with balsam.Executor(max_workers=2) as ex:
            bad = ex.submit(functions.fail, "at the root")
            child = ex.submit(functions.square, bad)
            grandchild = ex.submit(functions.square, child)
            for future in (child, grandchild):
                with self.assertRaises(balsam.JobFailed):
                    future.result(60)
            self.assertIsInstance(child.exception().__cause__, ValueError)

    def test_an_app_before_and_after_functions(self):
        balsam.App.objects.create(name=f"echo-{os.getpid()}", executable="echo")
        with balsam.Executor(max_workers=2) as ex:
            first = ex.submit(functions.square, 2)
            app = ex.submit_app(f"echo-{os.getpid()}", "x", parents=[first])
            self.assertEqual(ex.submit(functions.job_name, app).result(60),
                             (f"echo-{os.getpid()}", "JOB_FINISHED"))


class Lifetimes(unittest.TestCase):
    def test_initializer(self):
        with balsam.Executor(max_workers=1, initializer=functions.initialize, initargs=(5,)) as ex:
            self.assertEqual(ex.submit(functions.initialized).result(60), 5)
        with balsam.Executor(max_workers=1, initializer=functions.fail_to_initialize) as ex:
            with self.assertRaises(concurrent.futures.BrokenExecutor):
                ex.submit(functions.square, 2).result(60)

    def test_executors_share_no_worker(self):
        with balsam.Executor(max_workers=1) as one, balsam.Executor(max_workers=1) as two:
            first, _ = one.submit(functions.count_up).result(60)
            second, count = two.submit(functions.count_up).result(60)
        self.assertNotEqual(first, second)
        self.assertEqual(count, 1)

    def test_the_script_itself(self):
        """Functions of the client's own script, and what was submitted is finished at its end."""
        script = textwrap.dedent("""
            import balsam, os, sys
            def half(number):
                return number / 2
            class Point:
                def __init__(self, x): self.x = x
            def move(point): return Point(point.x + 1)
            @balsam.app(cpus=1)
            def twice(number): return number * 2
            if __name__ == "__main__":
                ex = balsam.Executor(max_workers=1)
                print(ex.submit(half, 5).result(60), ex.submit(move, Point(1)).result(60).x)
                print(ex.submit(twice, 4).result(60))
                ex.submit(half, 3).add_done_callback(lambda f: print("late", f.result()))
        """)
        path = os.path.join(balsam.current_site().path, "script.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(script)
        done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=100)
        self.assertEqual((done.stdout, done.returncode), ("2.5 2\n8\nlate 1.5\n", 0), done.stderr)

    def test_nothing_is_left_of_an_executor(self):
        with balsam.Executor(max_workers=1) as ex:
            ex.submit(functions.square, 2).result(60)
            directory, allocation = ex.directory, ex._allocation
        self.assertFalse(os.path.exists(directory))
        state = [each["state"] for each in ex.site.allocations() if each["id"] == allocation][0]
        self.assertIn(state, ("ENDING", "ENDED"))
        with self.assertRaises(RuntimeError):
            ex.submit(functions.square, 2)


if __name__ == "__main__":
    unittest.main()
