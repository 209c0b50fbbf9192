"""Modules for browsers, put together for notebooks."""

import base64
import hashlib
import io
import json
import re
import tarfile

import pytest

from lecturelib.core import modules, packages


@pytest.fixture
def write(tmp_path):
    """Writes modules into a folder; gives the path of the last."""

    def write(**sources):
        for name, source in sources.items():
            (tmp_path / f"{name}.js").write_text(source)
        return tmp_path / f"{name}.js"

    return write


def sources(entry):
    """The texts of the modules within the one that they were made into."""
    text = modules.as_one(entry)
    return json.loads(text[text.index("of [") + 3 : text.index("]) {") + 1])


def test_every_module_comes_once_and_after_those_it_imports(write):
    entry = write(
        a="export const a = 1;\n",
        b='import { a } from "./a.js";\nexport { a as c } from "./a.js";\nexport const b = a;\n',
        top='import {\n  a,\n} from "./a.js";\nimport * as b from "./b.js";\nimport "./a.js";\nexport default b;\n',
    )
    assert [path.name for path in modules.gather(entry)] == ["a.js", "b.js", "top.js"]
    a, b, top = sources(entry)
    assert a == "export const a = 1;\n"
    assert b == 'import { a } from "@module 0@";\nexport { a as c } from "@module 0@";\nexport const b = a;\n'
    assert re.findall('"(.*)"', top) == ["@module 0@", "@module 1@", "@module 0@"]


def test_text_that_looks_like_an_import_stays(write):
    text = 'export function f(name) {\n  return g(`x`) || "gray";\n}\nconst s = "from \\"./a.js\\";";\n'
    assert sources(write(top=text)) == [text]


def test_modules_that_import_each_other_are_refused(write):
    entry = write(a='import { b } from "./b.js";\n', b='import { a } from "./a.js";\n')
    with pytest.raises(ValueError, match="b.js: imports itself by way of b.js, a.js"):
        modules.gather(entry)


def test_packages_that_the_book_does_not_have_are_refused(write):
    with pytest.raises(ValueError, match="imports 'd3'; expected a relative path or one of uplot"):
        modules.gather(write(top='import d3 from "d3";\n'))


@pytest.fixture
def uninstalled(monkeypatch, tmp_path):
    """The library without the folder of the book; what npm would send is in a file. Gives a function that writes it."""
    monkeypatch.setattr(modules, "PACKAGES", tmp_path / "node_modules")
    monkeypatch.setitem(modules.VENDOR, "uplot", tmp_path / "node_modules" / "uplot" / "dist" / "uPlot.esm.js")
    packages._archive.cache_clear()
    sent = tmp_path / "sent.tgz"

    def send(text: str, checksum: str = "") -> None:
        with tarfile.open(sent, "w:gz") as archive:
            entry = tarfile.TarInfo("package/dist/uPlot.esm.js")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
        right = "sha512-" + base64.b64encode(hashlib.sha512(sent.read_bytes()).digest()).decode()
        monkeypatch.setitem(packages.PINNED, "uplot", (sent.as_uri(), checksum or right))

    monkeypatch.setitem(packages.PINNED, "uplot", (sent.as_uri(), "sha512-none"))
    yield send
    packages._archive.cache_clear()


IMPORTS = 'import uPlot from "uplot";\nexport default uPlot;\n'


def test_a_package_that_is_not_installed_is_fetched_and_mended(write, uninstalled):
    wrong, right = modules.MENDS["uplot"]
    uninstalled(f"export default {wrong};\n")
    assert sources(write(top=IMPORTS))[0] == f"export default {right};\n"


def test_a_package_without_what_is_to_be_mended_is_refused(write, uninstalled):
    uninstalled("export default 1;\n")
    with pytest.raises(ValueError, match=r"expected to find .*nav\.language"):
        modules.as_one(write(top=IMPORTS))


def test_charts_ask_for_no_language_of_the_browser():
    assert "nav.language" not in modules.read(modules.VENDOR["uplot"])


def test_what_is_not_as_pinned_is_not_run(write, uninstalled):
    uninstalled("export default 2;\n", "sha512-else")
    with pytest.raises(ValueError, match="expected checksum sha512-else, got sha512-"):
        modules.as_one(write(top=IMPORTS))


def test_a_package_that_cannot_be_had_is_an_error_that_says_what_to_do(write, uninstalled):
    with pytest.raises(FileNotFoundError, match="make book"):
        modules.as_one(write(top=IMPORTS))


def test_packages_are_pinned_as_in_the_lock():
    lock = json.loads((modules.LIBRARY.parent / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert packages.PINNED.keys() == modules.VENDOR.keys()
    for name, (address, checksum) in packages.PINNED.items():
        entry = lock[f"node_modules/{name}"]
        assert checksum == entry["integrity"]
        assert address.endswith(f"/{name}-{entry['version']}.tgz")


@pytest.mark.parametrize(
    "path", sorted(modules.LIBRARY.rglob("browser/*.js")), ids=lambda path: path.relative_to(modules.LIBRARY).as_posix()
)
def test_every_module_of_the_library_imports_what_exists_and_fits_one_look(path):
    if (modules.LIBRARY / "site") in path.parents:  # scripts of pages, which esbuild bundles, may use other packages
        needs = json.loads((modules.LIBRARY.parent / "package.json").read_text(encoding="utf-8"))["dependencies"]
        names = [found[1] for found in modules.IMPORT.findall(path.read_text(encoding="utf-8"))]
        assert all(name in needs or (path.parent / name).exists() for name in names)
    else:
        assert modules.gather(path)[-1] == path
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 350


def test_the_style_holds_both_sheets():
    assert ".uplot" in modules.style()
    assert ".explorer-live" in modules.style()
