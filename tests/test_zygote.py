"""The warm zygote and its kernels, as the judge uses them."""

import threading
import time

import numpy as np
import pytest

from autograder import sandbox
from autograder.kernels import KernelLost, Limits, SandboxRefused, Zygote
from course import wire

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def zygote():
    with Zygote() as zygote:
        yield zygote


@pytest.fixture
def kernel(zygote):
    with zygote.fork() as kernel:
        yield kernel


def run(kernel, source, **keywords):
    return kernel.ask({"do": "run", "source": source, "name": "cell"}, **keywords)


def probe(kernel, answer, *arguments):
    return kernel.ask(
        {"do": "probe", "answer": answer, "probe": "values", "arguments": [wire.pack(value) for value in arguments]}
    )


def test_a_cell_runs_and_its_definitions_stay(kernel):
    assert run(kernel, "x = 41") == {"ok": True, "output": ""}
    assert run(kernel, "print(x + 1)") == {"ok": True, "output": "42\n"}


def test_each_kernel_starts_afresh(zygote):
    with zygote.fork() as first, zygote.fork() as second:
        run(first, "x = 1; import numpy; numpy.x = 1")
        assert run(second, "x")["error"]["kind"] == "NameError"
        assert run(second, "import numpy; numpy.x")["error"]["kind"] == "AttributeError"


def test_the_same_cells_draw_the_same_random_numbers_in_every_kernel(zygote):
    source = """
import random, numpy, torch
print(random.random(), numpy.random.rand(), torch.rand(1), hash("text"))
"""
    with zygote.fork() as first, zygote.fork() as second:
        assert run(first, source) == run(second, source)


def test_magics_shell_lines_and_await_at_the_top_work(kernel):
    source = """
%matplotlib inline
%time x = 1
!rm -rf /
files = !ls
import asyncio
async def later():
    await asyncio.sleep(0)
    return 5
y = await later()
print(files, x, y)
"""
    reply = run(kernel, source)
    assert "error" not in reply, reply
    assert "[] 1 5" in reply["output"]


def test_figures_displays_and_widgets_do_no_harm(kernel):
    source = """
%matplotlib inline
import matplotlib.pyplot as plt
import ipywidgets
from IPython.display import HTML, display
fig, ax = plt.subplots()
ax.plot([1, 2])
plt.show()
display(HTML("x"), fig)
ipywidgets.interact(lambda x: x, x=(0, 3))
get_ipython().run_line_magic("config", "InlineBackend.figure_format = 'retina'")
fig
"""
    assert "error" not in run(kernel, source)


def test_course_and_what_it_uses_can_be_imported(kernel):
    assert "error" not in run(
        kernel, "from course import data, figure\nimport sklearn.linear_model, scipy.special, torch"
    )


def test_a_probe_sends_arrays_there_and_back(kernel):
    run(kernel, "def double(x, y):\n    return 2 * x, y")
    x = np.arange(6.0).reshape(2, 3)
    reply = probe(kernel, "double", x, "text")
    doubled, text = wire.unpack(reply["output"])
    np.testing.assert_array_equal(doubled, 2 * x)
    assert text == "text"
    np.testing.assert_array_equal(wire.unpack(reply["after"])[0], x)


def test_a_probe_shows_inputs_that_were_changed(kernel):
    run(kernel, "def spoil(x):\n    x[0] = 7\n    return x")
    reply = probe(kernel, "spoil", np.zeros(2))
    np.testing.assert_array_equal(wire.unpack(reply["after"])[0], [7, 0])


def test_a_missing_answer_is_said_to_be_missing(kernel):
    assert probe(kernel, "nowhere", 1) == {"missing": True}


def test_warnings_cost_nothing(kernel):
    source = """
import warnings, numpy as np
warnings.simplefilter("error")
def f(x):
    warnings.warn("careful")
    return np.log(x * 0)
"""
    run(kernel, source)
    assert wire.unpack(probe(kernel, "f", np.ones(1))["output"]) == -np.inf


def test_an_error_shows_the_students_own_lines(kernel):
    run(kernel, "import numpy as np\ndef f(x):\n    y = g(x)\n    return y\ndef g(x):\n    return np.linalg.inv(x)")
    error = probe(kernel, "f", np.zeros((2, 2)))["error"]
    assert error["kind"] == "LinAlgError"
    assert "ValueError" in error["kinds"]
    assert error["trace"] == [[3, "y = g(x)"], [6, "return np.linalg.inv(x)"]]


def test_a_syntax_error_names_its_line(kernel):
    error = run(kernel, "x = 1\ny = (\nz = 2 2")["error"]
    assert error["kind"] == "SyntaxError"
    assert error["trace"][0][0] in (2, 3)


@pytest.mark.parametrize(
    "statement", ["raise SystemExit(3)", "raise KeyboardInterrupt", "exit()", "raise Strange('so')"]
)
def test_every_exception_is_an_error_like_others(kernel, statement):
    run(kernel, "class Strange(BaseException): pass")
    run(kernel, f"def f():\n    {statement}")
    assert probe(kernel, "f")["error"]["kind"] in ("SystemExit", "KeyboardInterrupt", "Strange")
    assert run(kernel, statement)["error"]["kind"] in ("SystemExit", "KeyboardInterrupt", "Strange")
    assert run(kernel, "print(1)")["output"] == "1\n"


def test_a_question_to_the_student_is_refused_in_clear_words(kernel):
    assert "nobody is there" in run(kernel, "input('name? ')")["error"]["message"]


def test_a_recursion_without_end_is_an_error_with_a_short_trace(kernel):
    run(kernel, "def f(x):\n    return f(x + 1)")
    error = probe(kernel, "f", 0)["error"]
    assert error["kind"] == "RecursionError"
    assert len(error["trace"]) <= 10


def test_training_with_torch_works(kernel):
    source = """
import torch
net = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for step in range(3):
    optimizer.zero_grad()
    loss = net(torch.ones(4, 3)).square().mean()
    loss.backward()
    optimizer.step()
print(torch.get_num_threads())
"""
    assert run(kernel, source)["output"] == "1\n"


def test_processor_time_is_measured_from_outside(kernel):
    source = """
import time
time.process_time = lambda: 0.0
end = time.monotonic() + 60
x = 0
while x < 3 * 10**6:
    x += 1
"""
    run(kernel, source)
    assert 0.02 < kernel.cpu_seconds < 5
    run(kernel, "time.sleep(0.3)")
    assert kernel.cpu_seconds < 0.1


def test_memory_is_measured_from_outside(kernel):
    run(kernel, "import numpy as np; x = np.ones(25_000_000); del x")
    assert 190e6 < kernel.peak_memory < 300e6


def test_a_fresh_kernel_takes_less_than_60_mb_of_its_own(zygote):
    with zygote.fork() as kernel:
        run(kernel, "import numpy as np, torch, matplotlib.pyplot as plt\n%matplotlib inline\ndef f(x): return x")
        probe(kernel, "f", np.ones(3))
        assert kernel.private_memory() < 60e6


def test_a_killed_kernel_answers_no_more_and_costs_no_other(zygote):
    with zygote.fork() as first, zygote.fork() as second:
        first.kill()
        with pytest.raises(KernelLost):
            run(first, "1")
        assert run(second, "print(1)")["output"] == "1\n"


def test_threads_may_fork_at_the_same_time(zygote):
    outputs = []

    def work(number):
        with zygote.fork() as kernel:
            outputs.append(run(kernel, f"print({number})")["output"])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outputs) == [f"{number}\n" for number in range(6)]


def test_the_zygote_holds_no_module_of_the_instructors(kernel):
    reply = run(kernel, "import sys; print([name for name in sys.modules if 'grader' in name])")
    assert reply["output"] == "[]\n"
    for name in ("autograder", "autograder.reference", "autograder.cases"):
        assert run(kernel, f"import {name}")["error"]["kind"] == "ModuleNotFoundError"


def test_an_answer_larger_than_allowed_is_refused():
    with Zygote(Limits(reply_bytes=100_000)) as zygote, zygote.fork() as kernel:
        run(kernel, "import numpy as np\ndef f(n): return np.zeros(n)")
        assert "output" in probe(kernel, "f", 1000)
        with pytest.raises(KernelLost, match="bytes") as lost:
            probe(kernel, "f", 100_000)
        assert lost.value.status == "bad data"


def test_where_no_box_can_be_made_grading_is_refused_unless_asked_for(monkeypatch):
    monkeypatch.setattr(sandbox, "tier", lambda: sandbox.Tier("none", "Allow user namespaces."))
    with pytest.raises(SandboxRefused, match="Allow user namespaces"):
        Zygote()
    with Zygote(no_sandbox=True) as zygote, zygote.fork() as kernel:
        assert zygote.tier == "none"
        run(
            kernel,
            "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])",
        )
        assert run(kernel, "print(p.poll())")["output"] == "None\n"
        started = time.monotonic()
        kernel.kill()
        assert time.monotonic() - started < 5


def test_a_zygote_that_died_is_started_again():
    with Zygote() as zygote:
        with zygote.fork() as kernel:
            run(kernel, "x = 1")
            zygote._process.kill()
            with pytest.raises(KernelLost) as lost:
                run(kernel, "while True: pass")
            assert lost.value.status == "crashed"
        with zygote.fork() as kernel:
            assert run(kernel, "print(1)")["output"] == "1\n"
