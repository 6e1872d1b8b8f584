"""A process that leaves a task behind ends in order, whatever foreign code that task is in."""

import subprocess
import sys

PROGRAM = """
import atexit, threading, sqlite3
from thunes.compose.watching import leave_behind

def foreign():
    while True:
        sqlite3.connect(":memory:").execute("select 1").fetchall()

threading.Thread(target=foreign, daemon=True).start()
atexit.register(print, "atexit of others")
atexit.register(leave_behind)
print("said before the end")
"""


def test_what_was_said_is_said_and_the_exit_code_tells_of_it() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "said before the end\n", "")
