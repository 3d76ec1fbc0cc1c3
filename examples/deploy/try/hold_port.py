#!/usr/bin/env python3
"""Holds a port while the server behind it comes and goes, as storagerent.socket does, on a machine without systemd. For trying.

    hold_port.py 127.0.0.1:8080 storagerent --db rent.db serve --insecure

SIGHUP restarts the server, SIGTERM or Ctrl-C ends both. A server that fails is started again half a second later.
"""

import os
import signal
import socket
import sys
import time


def start(listener, command):
    child = os.fork()
    if child == 0:
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)  # dup2 leaves it alone if it was 3 already
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvp(command[0], command)
    return child


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    host, port = sys.argv[1].rsplit(":", 1)
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host.strip("[]"), int(port)))
    listener.listen(1024)
    told = {signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, told)
    print(f"{sys.argv[1]} is held by {os.getpid()}: kill -HUP {os.getpid()} restarts the server", flush=True)
    child, ends = start(listener, sys.argv[2:]), False
    while True:
        what = signal.sigwait(told)
        if what != signal.SIGCHLD:
            ends = what != signal.SIGHUP
            os.kill(child, signal.SIGTERM)
            continue
        gone, status = os.waitpid(child, os.WNOHANG)
        if not gone:
            continue
        if ends:
            sys.exit(os.waitstatus_to_exitcode(status))
        if status != 0:
            time.sleep(0.5)
        child = start(listener, sys.argv[2:])


if __name__ == "__main__":
    main()
