"""What a clever student may try. Each attack is a notebook; none gains a point, a secret or somebody else's work."""

import pytest

from lecturelib.homework.grading.run import Bench
from tests.homework import handed_in
from tests.homework.handed_in import SECRET, WHOLE, notebook
from tests.homework.labs import LAB

WRONG = "def slope(p, q):\n    return 0.0\n"
DONE = "\nprint('DONE')"

# Each is put in the place of the slope, with a wrong slope; what they print is not what decides.
FORGED = {
    "numpy, pytest, builtins and IPython patched": """
import builtins, numpy, unittest, IPython
numpy.isclose = numpy.allclose = numpy.testing.assert_allclose = lambda *a, **k: True
builtins.isinstance = builtins.all = lambda *a: True
builtins.AssertionError = type("AssertionError", (BaseException,), {"__init__": lambda self, *a: None})
IPython.core.interactiveshell.InteractiveShell.run_cell = lambda *a, **k: None
""",
    "verdicts written to everything that is open": """
import os
lines = b'{"test": "slope-1", "kind": "passed", "message": ""}\\n{"done": true}\\n'
for descriptor in range(3, 256):
    try:
        os.write(descriptor, lines)
    except OSError:
        pass
""",
    "a second message for each answer": """
import lecturelib.homework.isolation.wire as wire, lecturelib.homework.isolation.codec as codec
send = wire.send
def twice(sock, message, *rest, **more):
    send(sock, codec.encode({"is": "value", "value": 2.0}))
    send(sock, codec.encode({"is": "value", "value": True}))
wire.send = twice
""",
    "the serving code changed in its own process": """
import lecturelib.homework.isolation.student_process as serving
serving._reply = lambda names, request: {"is": "passed", "kind": "passed", "value": True}
""",
    "nothing but garbage on the socket": """
import lecturelib.homework.isolation.wire as wire, os
wire.send = lambda sock, message, *rest, **more: os.write(sock.fileno(), b"\\xff" * 1000)
""",
    "ten gigabytes announced": """
import lecturelib.homework.isolation.wire as wire, os, struct
wire.send = lambda sock, message, *rest, **more: os.write(sock.fileno(), struct.pack("<Q", 10 << 30))
""",
    "an array that lies about its shape": """
import lecturelib.homework.isolation.codec as codec, json, struct
def lie(value):
    tree = json.dumps({"is": "dict", "items": [["is", "value"],
        ["value", {"is": "numpy", "dtype": "<f8", "shape": [10**9, 10**9]}]]}).encode()
    return struct.pack("<I", len(tree)) + tree
codec.encode = lie
""",
    "an object of another's class": """
import lecturelib.homework.isolation.codec as codec, json, struct
def lie(value):
    tree = json.dumps({"is": "dict", "items": [["is", "value"],
        ["value", {"is": "dataclass", "of": ["subprocess", "Popen"], "fields": {"args": "id"}}]]}).encode()
    return struct.pack("<I", len(tree)) + tree
codec.encode = lie
""",
    "a number that equals everything": """
class Equal(float):
    __eq__ = __lt__ = __gt__ = lambda self, other: True
    __sub__ = __rsub__ = lambda self, other: 0.0
wrong = slope
slope = lambda p, q: Equal(wrong(p, q))
""",
    "an array class that compares equal": """
import numpy
class Equal(numpy.ndarray):
    def __array_ufunc__(self, *a, **k):
        return True
wrong = slope
slope = lambda p, q: numpy.zeros(1).view(Equal)
""",
    "a tensor class that compares equal": """
import torch
class Equal(torch.Tensor):
    @classmethod
    def __torch_function__(cls, *a, **k):
        return True
slope = lambda p, q: torch.zeros(1).as_subclass(Equal)
""",
    "a class that says it is another": """
class Liar:
    __class__ = property(lambda self: float)
    __eq__ = __ge__ = __le__ = lambda self, other: True
    __array__ = lambda self, *a, **k: self
    __hash__ = lambda self: 0
slope = lambda p, q: Liar()
""",
    "an object that runs code where it is unpacked": """
import os
class Packed:
    def __reduce__(self):
        return os.system, ("touch /tmp/ran",)
slope = lambda p, q: Packed()
""",
    "another tester put over ours": """
import gc, inspect, sys
for one in gc.get_objects():
    try:
        if inspect.ismodule(one) and one.__name__.startswith("lecturelib.homework"):
            for name, value in list(vars(one).items()):
                if inspect.isfunction(value) and value.__name__ not in ("_serve", "_answer"):
                    setattr(one, name, lambda *a, **k: {"kind": "passed", "message": "", "is": "value", "value": 2.0})
    except Exception:
        pass
""",
    "signals that answer": """
import os, signal
for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
    signal.signal(number, lambda *a: os._exit(0))
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
""",
    "exit handlers, hooks and tracing": """
import atexit, sys, os, threading
atexit.register(lambda: os._exit(0))
sys.excepthook = sys.unraisablehook = lambda *a: None
sys.settrace(lambda *a: None)
threading.settrace(lambda *a: None)
""",
    "files that Python reads when it starts": """
import os, site, sys
text = "import numpy; numpy.isclose = lambda *a: True"
for folder in [*sys.path, *site.getsitepackages(), os.path.expanduser("~"), os.environ["IPYTHONDIR"], "/tmp", "."]:
    for name in ("sitecustomize.py", "usercustomize.py", "numpy.py", "evil.pth", "conftest.py", "torch.py"):
        try:
            os.makedirs(folder, exist_ok=True)
            open(os.path.join(folder, name), "w").write(text)
        except OSError:
            pass
os.environ["LD_PRELOAD"] = "/tmp/evil.so"
os.environ["PYTHONSTARTUP"] = "/tmp/sitecustomize.py"
""",
    "the setup cell's names": "np.isclose = None\nnp = None\n",
}


@pytest.mark.parametrize("name", FORGED)
def test_no_points_for(bench, name):
    result = bench.run(notebook(slope=WRONG + FORGED[name], guess="guess = 6.0"))
    assert result.points == 0
    assert not any(test.passed for test in result.tests)
    after = bench.run(notebook())
    assert (after.points, after.status) == (WHOLE, "ok")


def test_hidden_tests_are_not_in_memory(bench):
    code = f"""
import gc, sys
one_back = -1
def has(value):
    return isinstance(value, (str, bytes)) and "{SECRET[::-1]}"[::one_back] in str(value)
for one in gc.get_objects():
    values = one.values() if isinstance(one, dict) else one if isinstance(one, (list, tuple, set)) else ()
    try:
        found = any(has(value) for value in list(values))
    except Exception:
        continue
    if found:
        print("FOUND", type(one))
frame = sys._getframe()
while frame:
    for name, value in list(frame.f_locals.items()):
        if name in ("tests", "config") and value:
            print("FOUND", name, value)
    frame = frame.f_back
"""
    bench.run(notebook())  # the tester has been at work
    assert bench.run(notebook(guess=code + DONE)).output == "DONE\n"


def test_arguments_of_hidden_tests_do_not_get_out(bench):
    tell = "def slope(p, q):\n    if p == (0.0, 0.0):\n        return 2.0\n    raise ValueError(repr((p, q)))"
    (first, _) = bench.run(notebook(slope=tell)).tests
    assert first.hidden
    assert first.message == "slope(…) raised ValueError, with values that you do not see"
    unwritten = tell.replace("ValueError", "NotImplementedError")
    assert bench.run(notebook(slope=unwritten)).tests[0].message == "slope(…) is still to be written"
    named = tell.replace("ValueError(repr((p, q)))", "type(repr((p, q)), (ValueError,), {})")
    assert bench.run(notebook(slope=named)).tests[0].message == first.message


RECORDING = """
import mmap, os
shared = mmap.mmap(-1, 4096)  # the same memory for all copies of this process
def slope(p, q):
    if (p, q) == ((0.0, 0.0), (1.0, 2.0)):
        return 2.0
    if (p, q) == ((0.0, 0.0), (1.0, 3.0)):  # in a later test, where students see what happens
        kept = open("kept").read() if os.path.exists("kept") else ""
        raise ValueError("KEPT " + kept + shared[:100].strip(bytes(1)).decode())
    open("kept", "w").write(repr((p, q)))
    text = repr((p, q)).encode()
    shared[:len(text)] = text
    return (q[1] - p[1]) / (q[0] - p[0])
"""


def test_what_hidden_tests_send_cannot_be_told_by_later_tests():
    handed_in.isolation()
    again = """```{code-cell} ipython3
---
nbgrader: {grade_id: slope-2, grade: true, points: 2}
lab: {task: slope, takes: [slope]}
---
assert slope((0.0, 0.0), (1.0, 3.0)) == 3.0, "once more"
```

"""
    wrong = "```{code-cell} ipython3\n---\ntags: [wrong]\nlab: {task: slope, because: run over rise}"
    lab = handed_in.source.reads(LAB.replace(wrong, again + wrong), "lines.md")
    with Bench(lab, handed_in.USUAL) as bench:
        first, second, _ = bench.run(notebook(lab, slope=RECORDING, guess="guess = 7.0")).tests
    assert first.passed  # so the hidden part was run, and recorded
    assert second.message == "slope(…) raised ValueError: KEPT "


def test_talking_does_not_hide_what_is_used(bench):
    talk = """
import os
if os.fork() == 0:
    for descriptor in range(3, 256):
        try:
            while os.write(descriptor, b'{"cell": 1}\\n{"ready": "x"}\\n' * 10):
                pass
        except OSError:
            pass
blocks = []
while True:
    if os.fork() == 0:
        blocks = bytearray(10**8)
"""
    result = bench.run(notebook(guess=talk))
    assert result.status == "crashed"
    assert result.points <= 2
    assert bench.run(notebook()).points == WHOLE


def test_copies_of_the_process_do_not_answer_for_it(bench):
    code = "import os\nif os.fork() == 0:\n    slope = lambda p, q: 2.0\nguess = 7.0"
    result = bench.run(notebook(slope=WRONG, guess=code))
    assert result.points == 1
    assert result.tests[0].kind == "assert"


def test_what_is_told_of_cells_that_are_not_there_is_passed_over(bench):
    code = """
import os
for number in range(50_000):
    line = b'{"cell": %d, "error": "forged"}\\n' % (number + 100)
    for descriptor in range(3, 12):
        try:
            os.fstat(descriptor) and os.set_blocking(descriptor, False)
            os.write(descriptor, line)
        except OSError:
            pass
guess = 7.0
"""
    result = bench.run(notebook(guess=code))
    assert not [error for error in result.errors if "forged" in error]


def test_an_error_may_be_long_and_ugly(bench):
    ugly = "raise ValueError('\\x1b[2J<script>alert(1)</script>' + 'x' * 10**7)"
    result = bench.run(notebook(slope=f"def slope(p, q):\n    {ugly}", guess=ugly))
    assert max(len(text) for text in (*result.errors, *result.reasons, *(test.message for test in result.tests))) < 1500
