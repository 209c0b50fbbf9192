"""Chapters are executed before Sphinx reads them, as many at once as the machine has cores.

myst_nb executes a page when it is read, one page after the other. So whatever is not stored yet is executed beforehand,
into the cache where myst_nb looks, longest chapters first; pages outside the parts come last, because they show what
the chapters found. Results are stored as they come: a build that is stopped loses only what was not finished. What
came of a page that fails is told to myst_nb, which warns of it under its name as if it had executed the page itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path
from typing import Any

import myst_nb.core.execute.cache as myst_nb_cache
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from myst_nb.core.execute import create_client
from myst_nb.core.nb_to_tokens import nb_node_to_dict
from myst_nb.core.read import create_nb_reader
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

from lecturelib.site.key import part_of
from lecturelib.site.labs import is_lab
from lecturelib.site.one_page import alone
from lecturelib.site.running import Outcome, Task, run
from lecturelib.site.times import read_times, write_times

logger = logging.getLogger(__name__)

_failed: dict[tuple[str, ...], Outcome] = {}
"""What came of pages that failed in this build, by `_name`."""


@dataclass(frozen=True)
class Job:
    """A page that is to be executed, with the cache for its result."""

    page: str
    path: Path
    task: Task
    cache: JupyterCacheAbstract


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def execute(app: Sphinx, env: BuildEnvironment, pages: list[str]) -> None:
    """Execute those of the pages that Sphinx is about to read whose results are not stored."""
    root, times = Path(app.srcdir), read_times(Path(app.srcdir))
    _failed.clear()
    found = [job for page in pages if (job := _job(app, page)) is not None]
    found.sort(key=lambda job: _expected(job, times), reverse=True)
    outside = [job for job in found if part_of(root, job.page) is None]
    for jobs in ([job for job in found if job not in outside], outside):
        for position, outcome in run([job.task for job in jobs], cores()):
            job = jobs[position]
            if outcome is None:
                logger.info("%s: Executing notebook", job.path)
            elif outcome.error:
                _failed[_name(job.task.folder, job.task.notebook)] = outcome
            else:
                _store(job, outcome)
                logger.info("%s: Executed notebook in %.2f seconds", job.path, outcome.seconds)
                times[job.page] = round(outcome.cpu, 2)
                write_times(root, times)


def _job(app: Sphinx, page: str) -> Job | None:
    """What is to be executed of a page; None where its result is stored, or nothing is executed in it."""
    if is_lab(app, page) or alone(app, page):
        return None
    path, config = Path(app.env.doc2path(page)), app.env.mystnb_config
    text = path.read_text(encoding="utf-8")
    reader = create_nb_reader(str(path), app.env.myst_config, config, text)
    if reader is None:
        return None
    notebook = reader.read(text)
    try:
        config = config.copy(**nb_node_to_dict(notebook.metadata.get(config.metadata_key, {})))
        client = create_client(notebook, str(path), config, getLogger(__name__), reader.read_fmt)
    except (TypeError, ValueError):  # myst_nb says so when it reads the page
        return None
    if not isinstance(client, myst_nb_cache.NotebookClientCache):
        return None
    cache = get_cache(app.config.part_caches[part_of(Path(app.srcdir), page)])
    try:
        cache.match_cache_notebook(notebook)
    except KeyError:
        folder = str(path.parent.absolute())
        task = Task(notebook, folder, config.execution_timeout, config.execution_allow_errors)
        return Job(page, path, task, cache)
    return None


def _expected(job: Job, times: dict[str, float]) -> tuple[float, int]:
    """What the longest come first by: the time a page took before, or else infinity and the length of its code."""
    return times.get(job.page, float("inf")), sum(len(cell.source) for cell in job.task.notebook.cells)


def _store(job: Job, outcome: Outcome) -> None:
    bundle = CacheBundleIn(outcome.notebook, str(job.path), data={"execution_seconds": outcome.seconds})
    job.cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def _name(folder: str, notebook: NotebookNode) -> tuple[str, ...]:
    """What tells one execution from another: its folder and its code."""
    return (folder, *(cell.source for cell in notebook.cells if cell.cell_type == "code"))


def _known_or_run(notebook: NotebookNode, cwd: str, *arguments: Any, **options: Any) -> ExecutionResult:
    """What came of a notebook that failed before; any other is executed, as myst_nb would do it."""
    known = _failed.get(_name(cwd, notebook))
    if known is None:
        return single_nb_execution(notebook, cwd, *arguments, **options)
    notebook.cells, notebook.metadata = known.notebook.cells, known.notebook.metadata
    return ExecutionResult(notebook, cwd, known.seconds, type(known.error, (Exception,), {})(), known.trace)


def setup(app: Sphinx) -> None:
    """Register with Sphinx, as part of the book's extension."""
    # myst_nb looks this function up by its name, and offers no other way in
    myst_nb_cache.single_nb_execution = _known_or_run
    # after the pages have been put in their order
    app.connect("env-before-read-docs", execute, priority=600)
