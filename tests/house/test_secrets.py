"""No keys, no tokens and no places of one machine in what git tracks."""

import re

import pytest

from tests.house.reading import tracked_texts

# Each pattern is written so that it does not match its own source.
LEAKS = {
    "private key": r"-----BEGIN [A-Z ]*PRIVATE[ ]KEY",
    "cloud key": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "repository token": r"\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|glpat-[\w-]{20,})",
    "chat token": r"\bxox[abprs]-[\w-]{10,}|\b\d{8,10}:[A-Za-z0-9_-]{35}\b",
    "package index token": r"\bpypi-[\w-]{40,}",
    "exchange key": r"\b(?=\w*[a-z])(?=\w*[A-Z])(?=\w*\d)[A-Za-z0-9]{64}\b",
    "assigned secret": r"(?i)\b(api_?key|secret|password|passphrase|token)\b"
    r"[\"']?\s*[:=]\s*[\"'][A-Za-z0-9+/_=-]{20,}[\"']",
    "url with a password": r"://[^/\s:@]+:[^/\s:@]+@[a-z]",
    "place of one machine": r"(?<![\w.~}*-])/(work|root|home|Users|opt|mnt)/\w",
}


def leaks(text: str) -> list[str]:
    """What the text gives away, with line numbers."""
    found = []
    for kind, pattern in LEAKS.items():
        for match in re.finditer(pattern, text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"line {line}: {kind}: {match[0][:40]}")
    return found


def test_nothing_tracked_leaks() -> None:
    texts = tracked_texts()
    found = [
        f"{name}: {leak}"
        for name, text in texts.items()
        if name != "uv.lock"
        for leak in leaks(text)
    ]
    assert "pyproject.toml" in texts
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "planted",
    [
        "-----BEGIN RSA PRIVATE" + " KEY-----",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "gh" + "p_" + "a1B2" * 9,
        "xox" + "b-123456789012-abc",
        "12345678" + "9:" + "AbCdEfG" * 5,
        "pypi" + "-" + "AgEIcHlwaS5vcmc" * 4,
        "key " + "aB3" + "x" * 61,
        "api_" + "key = '" + "abcdefghijklmnopqrstuvwx'",
        "postgresql://me:" + "mine@db",
        "see /" + "root/x",
        '"/' + 'home/me/thunes"',
    ],
)
def test_a_planted_leak_is_caught(planted: str) -> None:
    assert leaks(planted), planted


@pytest.mark.parametrize(
    "harmless",
    [
        "https://example.com/" + "home/page",
        "sha256:" + "a1" * 32,
        "key = os.environ['API_KEY']",
        "~/" + "work/thunes",
        "https://example.com:8080/x@y",
    ],
)
def test_harmless_text_is_not_caught(harmless: str) -> None:
    assert not leaks(harmless), harmless
