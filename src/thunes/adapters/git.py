"""Git: which commit the files of a folder are at."""

import subprocess
from pathlib import Path

_TIMEOUT_S = 10.0
CHANGED = "+changed"
"""Behind a commit whose files are not as they were committed."""


def commit_of(folder: Path) -> str:
    """The commit that is checked out there; "" where there is none, or no git."""
    commit = _said(folder, "rev-parse", "--verify", "HEAD")
    if not commit:
        return ""
    changed = _said(folder, "status", "--porcelain", "--untracked-files=no")
    return f"{commit}{CHANGED}" if changed else commit


def _said(folder: Path, *words: str) -> str:
    command = ("git", "-C", str(folder), *words)
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
