"""A PostgreSQL server of our own for the tests, where one is installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

OWNER = "postgres"


def _programs() -> Path | None:
    """The newest PostgreSQL of Debian's packages, or the one on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def _run(*command: object) -> None:
    """As a user that the server accepts: it refuses to be run by root."""
    prefix = ["runuser", "-u", OWNER, "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, *map(str, command)], cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The socket directory of a PostgreSQL server that is gone with the session."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL refuses to be run by root, and there is no runuser")
    folder = Path(tempfile.mkdtemp(prefix="thunes-postgres-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, OWNER)
        data = folder / "data"
        _run(programs / "initdb", "-D", data, "-A", "trust", "-U", OWNER, "--no-sync")
        options = f"-k {folder} -h '' -F"
        _run(programs / "pg_ctl", "-D", data, "-w", "-o", options, "-l", folder / "log", "start")
        try:
            yield str(folder)
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgres(server: str) -> str:
    """The URL of an empty database on that server."""
    base = f"postgresql+psycopg://{OWNER}@/"
    engine = create_engine(f"{base}postgres?host={server}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS tried WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE tried"))
    engine.dispose()
    return f"postgresql://{OWNER}@/tried?host={server}"
