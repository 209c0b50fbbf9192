"""JupyterLab as a reader starts it, and its kernel as the reader's next cell would use it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from jupyter_client.blocking import BlockingKernelClient
from playwright import sync_api

from tests.site.books import ROOT

PATIENCE = 60  # seconds for anything to come; what comes sooner is taken at once


@dataclass(frozen=True)
class Lab:
    """A JupyterLab at `address`, with its files in `folder`."""

    address: str
    folder: Path
    clients: dict[str, BlockingKernelClient] = field(default_factory=dict)

    def write(self, name: str, cells: list[str]) -> str:
        """Write a notebook of code cells; its address."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, self.folder / name)
        return f"{self.address}/lab/tree/{name}"

    def kernels(self) -> list[dict]:
        """What the server says of its kernels."""
        with urllib.request.urlopen(f"{self.address}/api/kernels", timeout=PATIENCE) as answer:
            return json.load(answer)

    def value(self, expression: str) -> str:
        """What an expression is worth in the one kernel that runs, as its repr. Raises RuntimeError where it fails."""
        (kernel,) = self.kernels()
        client = self._client(kernel["id"])
        reply = client.execute("", user_expressions={"asked": expression}, reply=True, timeout=PATIENCE)
        asked = reply["content"]["user_expressions"]["asked"]
        if asked["status"] != "ok":
            raise RuntimeError(f"{expression}: {asked}")
        return asked["data"]["text/plain"]

    def becomes(self, expression: str, expected: str) -> None:
        """Wait until an expression has this value. Raises AssertionError where it does not come."""
        end = time.monotonic() + PATIENCE
        while (found := self.value(expression)) != expected:
            assert time.monotonic() < end, f"{expression} is {found}, expected {expected}"
            time.sleep(0.1)

    def _client(self, kernel: str) -> BlockingKernelClient:
        """The one client of a kernel: each new one would hold a dozen open files until it is collected."""
        if kernel not in self.clients:
            client = BlockingKernelClient(connection_file=str(self.folder / "runtime" / f"kernel-{kernel}.json"))
            client.load_connection_file()
            client.start_channels()
            self.clients[kernel] = client
        return self.clients[kernel]

    def close(self) -> None:
        """Close what `value` has opened."""
        for client in self.clients.values():
            client.stop_channels()
            client.context.term()
        self.clients.clear()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Lab]:
    """JupyterLab in a folder, without the settings of the one who runs the tests."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = {"JUPYTER_RUNTIME_DIR": "runtime", "JUPYTER_CONFIG_DIR": "config", "IPYTHONDIR": "ipython"}
    environment = {**os.environ, **{name: str(folder / place) for name, place in here.items()}}
    environment["PYTHONPATH"] = str(ROOT)
    options = [
        "--no-browser",
        "--allow-root",
        "--IdentityProvider.token=",
        f"--port={port}",
        f"--notebook-dir={folder}",
    ]
    quiet = ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command = [sys.executable, "-m", "jupyterlab", *options, *quiet]
    with (
        open(folder / "lab.log", "w") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as lab,
    ):
        try:
            answering = Lab(_answering(f"http://127.0.0.1:{port}", lab, folder / "lab.log"), folder)
            with contextlib.closing(answering):
                yield answering
        finally:
            lab.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                lab.wait(PATIENCE)
            lab.kill()  # since leaving Popen waits for ever


def run_first_cell(page) -> None:
    """Run the first cell of the notebook that a page of JupyterLab shows, as a reader does by Ctrl and Enter."""
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    prompt, cell = page.locator(".jp-CodeCell .jp-InputPrompt").first, page.locator(".jp-CodeCell .cm-content").first
    # While JupyterLab still arranges its parts, a key may be lost, and so may a request to a kernel that is not yet
    # connected: the prompt then goes from [*] back to [ ]. The cell has run once the prompt has a number.
    # And on a slow machine JupyterLab may ask something first, such as which kernel to take: its own proposal is.
    dialog, asked = page.locator(".jp-Dialog"), []
    end = time.monotonic() + 2 * PATIENCE
    while not re.search(r"\[\d+\]", found := prompt.inner_text()):
        assert time.monotonic() < end, f"the first cell was not run, its prompt is {found}; asked: {asked}"
        with contextlib.suppress(sync_api.TimeoutError):  # a question came or went meanwhile
            if dialog.count():
                asked.append(dialog.first.inner_text(timeout=2000))
                dialog.first.locator(".jp-mod-accept").click(timeout=2000)
            elif "[ ]" in found:
                cell.click(timeout=2000)
                page.keyboard.press("Control+Enter")
        page.wait_for_timeout(500)


def _answering(address: str, lab: subprocess.Popen, log: Path) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and lab.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api/status", timeout=5).close()
            return address
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab does not answer:\n{log.read_text()[-3000:]}")
