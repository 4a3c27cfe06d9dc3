"""A process that ends with the one that started it, however that one ended.

It is given the reading end of a pipe, of which the other holds the writing end. Once
that is closed, be it by `kill -9`, the kernel ends the whole group of the process: no
thread watches, and nothing that the script does can be in the way.
"""

import fcntl
import os
import select
import signal
import sys


def hold(pipe: int) -> None:
    """End this process, and its group, once the other end of `pipe` is closed.

    Linux alone can do that; elsewhere nothing is done.
    """
    if sys.platform != "linux":
        return
    fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(pipe, fcntl.F_GETFL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, flags | os.O_ASYNC)
    poll = select.poll()
    poll.register(pipe)
    if poll.poll(0):  # it was closed before
        os.killpg(0, signal.SIGKILL)
