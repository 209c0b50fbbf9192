"""What the book adds to Sphinx: its cache, what pages load, buttons that need the address of the repository."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx_design.dropdown import dropdown_title

from lecturelib.core.display import BUILDING
from lecturelib.core.figures import style_sheet
from lecturelib.core.verdicts import STORE
from lecturelib.site import (
    execution,
    explorers,
    formulas,
    labs,
    loading,
    metadata,
    notebooks,
    one_page,
    predictions,
    quiet,
    search,
    slim,
    tables,
    terms,
)
from lecturelib.site.key import execution_key, layout_key, part_of, parts

STATIC = Path(__file__).parent / "static"
SHARED_IDS = {"proof", "proof-content", "exercise-content", "solution-content"}


def configure(app: Sphinx, config: Config) -> None:
    """Settings that follow from the state of the folder or from the one place in _config.yml."""
    root = Path(app.srcdir)
    caches = {part: str(_cache(app, part)) for part in (None, *parts(root))}
    config.nb_execution_cache_path = caches[None]
    config.part_caches = caches
    config.layout_key = layout_key()
    names = {part: Path(cache).name for part, cache in caches.items()}
    _keep_only(Path(caches[None]).parent, names)
    # Cells keep verdicts of claims there, part by part, for other pages.
    verdicts = Path(app.outdir).parent / "verdicts"
    _keep_only(verdicts, names)
    keys = {part: name for part, name in names.items() if part is not None}
    os.environ[STORE] = json.dumps({"folder": str(verdicts), "keys": keys})
    # Cells start new processes, which have to find what the builder found; bars are for those who watch. Tensors are
    # small: on a busy machine threads wait for each other many times as long as they compute.
    os.environ["TQDM_DISABLE"] = "1"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ[BUILDING] = "1"
    config.html_static_path = [*config.html_static_path, str(STATIC)]
    config.html_extra_path = [*config.html_extra_path, str(root / "_build" / "extra")]
    # Paths are relative to _static, where Sphinx looks for scripts.
    widgets = ("require", "paths", "embed-amd")
    config.nb_ipywidgets_js = {f"../assets/widgets/{name}.js": {} for name in widgets}
    if config.html_theme_options.get("repository_url"):
        config.html_theme_options.update(
            use_repository_button=True, use_edit_page_button=True, use_issues_button=True, path_to_docs=""
        )


def _cache(app: Sphinx, part: str | None) -> Path:
    """Where results of the chapters of a part are stored, or those of pages outside the parts."""
    return Path(app.outdir).parent / "executed" / f"{part or 'all'}-{execution_key(Path(app.srcdir), part)}"


def _keep_only(folder: Path, names: Mapping[str | None, str]) -> None:
    """Remove results that were kept under keys which hold no more."""
    for old in folder.glob("*"):
        if old.name not in names.values():
            shutil.rmtree(old)


def outside_last(app: Sphinx, env: BuildEnvironment, pages: list[str]) -> None:
    """Read pages of the parts first: what they compute, pages outside the parts show again."""
    pages.sort(key=lambda page: (part_of(Path(app.srcdir), page) is None, page))


def choose_cache(app: Sphinx, page: str, source: list[str]) -> None:
    """Take and store results of a page where those of its part are, for myst_nb knows one place alone."""
    cache = app.config.part_caches[part_of(Path(app.srcdir), page)]
    app.env.mystnb_config = replace(app.env.mystnb_config, execution_cache_path=cache)


def write_styles(app: Sphinx) -> None:
    """The colours of figures as a style sheet, and the path by which the widget runtime finds anywidget."""
    generated = Path(app.outdir) / "_static"
    generated.mkdir(parents=True, exist_ok=True)
    (generated / "palette.css").write_text(style_sheet(), encoding="utf-8")
    app.add_css_file("palette.css")
    app.add_css_file("book.css")
    app.add_js_file("book.js")


def add_buttons(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree) -> None:
    """Offer the page as a notebook, and to run it at Binder or Colab once the repository has an address."""
    if doctree is None:
        return
    notebook = labs.write(app, page, doctree) if labs.is_lab(app, page) else notebooks.write(app, page, doctree)
    context["ipynb_source"] = notebook.relative_to(Path(app.outdir) / "_sources").as_posix()


def add_launch_buttons(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree) -> None:
    """Binder opens the source of the page, Colab the published notebook."""
    address = app.config.html_theme_options.get("repository_url", "").rstrip("/")
    if doctree is None or not address:
        return
    owner, name = address.split("/")[-2:]
    branch = app.config.html_theme_options.get("repository_branch") or "main"
    source = quote(f"lab/tree/{page}.md?factory=Jupytext Notebook")
    places = {
        "Binder": f"https://mybinder.org/v2/gh/{owner}/{name}/{branch}?urlpath={source}",
        "Colab": f"https://colab.research.google.com/github/{owner}/{name}/blob/{notebooks.PUBLISHED}/_sources/{page}.ipynb",
    }
    if labs.is_lab(app, page):  # the source of a lab has its solutions
        del places["Binder"]
    buttons = [
        {"type": "link", "text": place, "tooltip": f"Run this page at {place}", "url": url, "icon": "fas fa-rocket"}
        for place, url in places.items()
    ]
    context["header_buttons"].insert(
        0,
        {
            "type": "group",
            "tooltip": "Run this page",
            "icon": "fas fa-rocket",
            "buttons": buttons,
            "label": "launch-buttons",
        },
    )


def unlink_summaries(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Leave of links in what unfolds the words: a line that can be pressed must hold nothing else that can."""
    for title in doctree.findall(dropdown_title):
        for link in list(title.findall(nodes.reference)):
            link.parent.replace(link, link.children)


def drop_shared_ids(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Leave out ids that extensions give to every statement and exercise: a page may have each only once."""
    for node in doctree.findall(lambda node: isinstance(node, (nodes.section, nodes.admonition))):
        node["ids"] = [name for name in node["ids"] if name not in SHARED_IDS]


def remove_old_pages(app: Sphinx, failed: Exception | None) -> None:
    """Take out of the site what an earlier build made of a page that the book no longer has."""
    if failed or app.builder.format != "html":
        return
    sources = Path(app.outdir) / "_sources"
    for source in sources.rglob("*.md"):
        page = source.relative_to(sources).with_suffix("").as_posix()
        if page not in app.env.found_docs:
            made = [source, *(source.with_suffix(end) for end in (".ipynb", ".zip"))]
            for file in (*made, (Path(app.outdir) / page).with_suffix(".html")):
                file.unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_config_value("layout_key", "", "env")
    app.add_config_value("part_caches", {}, "env")
    app.connect("config-inited", configure, priority=100)
    app.connect("builder-inited", write_styles)
    app.connect("env-before-read-docs", outside_last)
    app.connect("source-read", choose_cache)
    # before the theme, at 501, makes its buttons; the launch buttons stand before those
    app.connect("html-page-context", add_buttons, priority=450)
    app.connect("html-page-context", add_launch_buttons, priority=510)
    app.connect("doctree-resolved", unlink_summaries)
    app.connect("doctree-resolved", drop_shared_ids)
    execution.setup(app)
    labs.setup(app)
    one_page.setup(app)
    app.connect("build-finished", remove_old_pages)
    explorers.setup(app)
    predictions.setup(app)
    formulas.setup(app)
    loading.setup(app)
    slim.setup(app)
    quiet.setup(app)
    metadata.setup(app)
    search.setup(app)
    tables.setup(app)
    terms.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
