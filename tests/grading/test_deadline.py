"""An answer that never comes back is broken off, and told so; here and on other threads."""

import signal
import socket
import threading

import pytest

from wirelab.grading.checks import CheckFailed, Checks, step
from wirelab.grading.deadline import TookTooLong, deadline

check = Checks("99_none")

alarms = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no alarms")


def spins(*_):
    while True:
        pass


def swallows(*_):
    while True:
        try:
            spins()
        except BaseException:
            if len(_) > 5:
                raise
            return swallows(*_, None)


@alarms
def test_breaks_off_a_blocking_call():
    here, there = socket.socketpair()
    late = pytest.raises(TookTooLong, match=r"no answer within 0\.05 s")
    with here, there, late, deadline(0.05):
        here.recv(1)


@pytest.mark.parametrize("endless", [spins, swallows])
def test_breaks_off_a_loop(endless):
    with pytest.raises(TookTooLong), deadline(0.05):
        endless()


def test_breaks_off_a_loop_on_another_thread():
    came = []

    def on_a_thread():
        try:
            with deadline(0.05):
                spins()
        except TookTooLong as error:
            came.append(str(error))

    thread = threading.Thread(target=on_a_thread)
    thread.start()
    thread.join(10)
    assert came == ["no answer within 0.05 s"]


@alarms
def test_leaves_no_alarm_behind():
    before = signal.getsignal(signal.SIGALRM)
    for _ in range(200):
        with deadline(5):
            pass
    with pytest.raises(TookTooLong), deadline(0.01):
        spins()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_a_check_says_that_the_answer_did_not_come_back():
    with pytest.raises(CheckFailed, match=r"yours +no answer within 0\.1 s"):
        check(spins, 1, expected=1, within_s=0.1)
    with pytest.raises(CheckFailed, match=r"no answer within 0\.1 s"):
        check.probe(lambda: spins(), lambda impl: impl(), expected=1, within_s=0.1)


def test_cases_after_an_endless_one_are_not_tried():
    tried = []

    def answer(number):
        tried.append(number)
        return number if number < 2 else spins()

    with pytest.raises(CheckFailed, match="no answer"):
        check.each(answer, range(9), expected=lambda n: n, within_s=0.1)
    assert tried == [0, 1, 2]


def test_steps_after_an_endless_one_are_not_tried():
    class Machine:
        state = "CLOSED"

        def open(self):
            spins()

        def close(self):
            return []

    steps = [step("open"), *[step("close")] * 50]
    with pytest.raises(CheckFailed, match=r"no answer within 0\.1 s"):
        check.script(Machine, steps=steps, within_s=0.1)
