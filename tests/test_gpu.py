"""What a GPU is used for and who may use it. Most of it can be seen without one; what can't has the marker `gpu`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from autograder import command, gpu, grade, kernels, sandbox
from autograder.exercise import lecture, topics
from autograder.judge import Sheet, error_outcome
from autograder.kernels import ColdStarts, KernelLost, SandboxRefused, Zygote
from autograder.layout import CourseError
from autograder.marking import students_device
from autograder.records import Record
from course import devices
from course.case import difference

ROOT = Path(__file__).resolve().parent.parent


def test_tensors_and_modules_move_wherever_they_are_and_nothing_else_does():
    array = np.ones(2)
    tensor, module = torch.ones(2), torch.nn.Linear(2, 1)
    moved = devices.moved([array, (tensor, {"key": module}), "text", None], "meta")
    assert moved[0] is array
    assert moved[2:] == ["text", None]
    assert isinstance(moved[1], tuple)
    assert moved[1][0].device.type == "meta"
    assert all(p.device.type == "meta" for p in moved[1][1]["key"].parameters())
    assert tensor.device.type == "cpu"


def test_what_has_no_values_stays_where_it_is():
    meta = torch.ones(2, device="meta")
    assert devices.moved(meta, "cpu") is meta


@pytest.mark.parametrize(
    ("value", "there"),
    [
        (np.ones(2), False),
        ("text", False),
        (torch.ones(1), True),
        ([np.ones(1), {"weights": (torch.ones(1),)}], True),
        (torch.nn.ReLU(), True),
        ([{"weights": (1.0,)}], False),
    ],
)
def test_it_is_seen_whether_torch_has_anything_to_compute_with(value, there):
    assert devices.has_tensors(value) is there


def test_the_reference_falls_back_to_the_cpu_where_its_device_can_not_do_it(monkeypatch):
    exercise = lecture("introduction")["stage_outputs"]
    case = exercise.cases_for(1)[0]
    right = exercise.right_outcome(case)

    def full(value, device):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(devices, "moved", full)
    assert exercise.has_tensors(case)
    assert exercise.run(exercise.reference, case, device="cuda").status == "raised"
    tolerance = exercise.tolerance.for_arguments(case.arguments)
    assert difference(right, exercise.right_outcome(case, device="cuda"), tolerance) is None


def test_numpy_exercises_ask_for_no_device():
    for exercise in lecture("linear_models").values():
        assert not any(map(exercise.has_tensors, exercise.cases_for(1)))


def test_the_environment_keeps_the_reference_off_the_gpu(monkeypatch):
    monkeypatch.setenv("AUTOGRADER_DEVICE", "cpu")
    gpu._reference_device.cache_clear()
    try:
        assert gpu.reference_device() == "cpu"
    finally:
        gpu._reference_device.cache_clear()


def test_students_code_is_told_that_there_is_no_gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert sandbox.environment()["CUDA_VISIBLE_DEVICES"] == ""
    assert sandbox.environment(with_gpu=True)["CUDA_VISIBLE_DEVICES"] == "3"
    assert students_device(student_gpu=False) == "cpu"


@pytest.mark.sandbox
def test_a_box_has_no_file_of_a_gpu_and_torch_finds_none():
    look = """
import os, torch
print([name for name in os.listdir("/dev") if name.startswith(("nvidia", "dri", "kfd"))])
print(torch.cuda.is_available())
"""
    with Zygote() as zygote, zygote.fork() as kernel:
        reply = kernel.ask({"do": "run", "source": look, "name": "cell"})
    if zygote.tier == "namespaces":
        assert reply["output"] == "[]\nFalse\n"
    else:
        assert reply.get("error") or reply["output"].endswith("False\n")


@pytest.mark.sandbox
def test_files_of_devices_are_shown_in_the_box_when_they_are_named():
    """Another harmless device stands for the GPU's."""
    if sandbox.tier().name != "namespaces":
        pytest.skip("needs the tier with a /dev of its own: the others only fence the one that is there")
    look = "from autograder import sandbox; sandbox.enclose('namespaces', DEVICES); import os; print(os.path.exists('/dev/tty'))"
    for shown, answer in (((), "False"), (("/dev/tty",), "True")):
        done = subprocess.run(
            [sys.executable, "-c", look.replace("DEVICES", repr(shown))],
            env=sandbox.environment() | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout.strip() == answer, done.stderr


def test_with_a_gpu_come_memory_and_files_for_its_libraries():
    limits = sandbox.Limits(memory=2**30).with_gpu()
    assert limits.gpu
    assert limits.memory == 2**30 + gpu.HOST_MEMORY
    assert limits.open_files >= 1024
    assert not sandbox.Limits().gpu


def test_the_watch_counts_from_where_it_began():
    free = iter([10, 12, 7, 3])
    watch = gpu.Watch(limit=5, free=lambda: next(free))
    assert [watch.used() for _ in range(3)] == [0, 3, 7]


@pytest.mark.sandbox
def test_an_answer_that_takes_too_much_of_the_gpu_is_ended():
    free = [100]
    with Zygote() as zygote, zygote.fork() as kernel:
        kernel._gpu = gpu.Watch(limit=50, free=lambda: free[0])
        assert kernel.ask({"do": "run", "source": "x = 1", "name": "cell"})["ok"]
        free[0] = 20
        with pytest.raises(KernelLost, match="of the GPU") as caught:
            kernel.ask({"do": "run", "source": "x = 1", "name": "cell"})
    assert caught.value.status == "out of memory"


def test_torchs_error_when_a_gpu_is_full_is_want_of_memory():
    error = {"kind": "OutOfMemoryError", "kinds": ["OutOfMemoryError", "RuntimeError"], "message": "", "trace": []}
    assert error_outcome(error).status == "out of memory"


@pytest.mark.sandbox
def test_without_a_gpu_a_cold_start_is_refused_and_leaves_nothing(monkeypatch):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU, see the test that uses it")
    monkeypatch.setattr(kernels.gpu, "Watch", lambda: None)
    before = children()
    with pytest.raises(SandboxRefused, match="The GPU can't be used inside the sandbox"):
        ColdStarts().fork()
    assert children() == before


def children():
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()


@pytest.fixture
def course(tmp_path, monkeypatch):
    for part in ("source", "release"):
        shutil.copytree(ROOT / part / "02_linear_models", tmp_path / part / "02_linear_models")
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    handed_in = tmp_path / "submitted" / "ada" / "02_linear_models"
    shutil.copytree(ROOT / "release" / "02_linear_models", handed_in)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_student_gpu_without_a_gpu_says_so_and_grades_nothing(course, capsys, monkeypatch):
    monkeypatch.setattr(gpu, "name", lambda: "")
    assert command.main(["grade", "2", "--student-gpu"]) == 2
    assert "finds no CUDA device" in capsys.readouterr().err
    assert not (course / "gradebook.db").exists()


def test_student_gpu_is_for_one_submission_at_a_time(course, capsys, monkeypatch):
    monkeypatch.setattr(gpu, "name", lambda: "A card")
    assert command.main(["grade", "2", "--student-gpu", "--workers", "2"]) == 2
    assert "one submission after the other" in capsys.readouterr().err
    assert grade._with_gpu(grade.Options(student_gpu=True), None).workers == 1
    with pytest.raises(CourseError, match="--scheduler"):
        grade._with_gpu(grade.Options(student_gpu=True), object())


def test_a_record_says_what_computed_and_one_of_another_device_does_not_count_as_judged(course, monkeypatch):
    run = grade.grade(*found(course), options=grade.Options(seed=3))
    assert run.records[0].devices == {"reference": "cpu", "students": "cpu"}
    again = grade.grade(*found(course), options=grade.Options(seed=3))
    assert again.skipped == ["ada"]
    monkeypatch.setattr(grade, "students_device", lambda student_gpu: "A card")
    other = grade.grade(*found(course), options=grade.Options(seed=3))
    assert other.skipped == []


def found(course):
    from autograder.layout import Course

    here = Course(course)
    return here, here.lecture("02_linear_models")


def test_a_record_from_before_devices_were_noted_can_be_read():
    assert Record("ada", "02_linear_models", 1, "none", {}, ()).devices["students"] == "cpu"


# --- what needs one ---------------------------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize("topic", topics())
def test_the_reference_does_the_same_on_the_gpu(topic):
    for exercise in lecture(topic).values():
        for case in exercise.cases_for(5):
            if exercise.has_tensors(case):
                tolerance = exercise.tolerance.for_arguments(case.arguments)
                there = exercise.run(exercise.reference, case, device="cuda")
                assert difference(exercise.right_outcome(case), there, tolerance) is None, (exercise.id, case.name)


@pytest.mark.gpu
def test_the_judge_asks_the_reference_on_the_gpu_where_torch_computes():
    sheet = Sheet(lecture("introduction")["stage_outputs"], 3)
    assert "cuda" in sheet.devices
    assert all(not torch.is_tensor(o.output) or o.output.device.type == "cpu" for o in sheet.right)


@pytest.mark.gpu
@pytest.mark.sandbox
def test_students_code_computes_on_the_gpu_and_takes_no_more_than_allowed():
    with ColdStarts().fork() as kernel:
        reply = kernel.ask(
            {"do": "run", "source": "import torch\nprint(torch.ones(3, device='cuda').sum().item())", "name": "cell"},
            60,
        )
        assert reply["output"] == "3.0\n", reply
        much = f"x = torch.empty({gpu.MEMORY} + 2**28, dtype=torch.uint8, device='cuda')"
        error = kernel.ask({"do": "run", "source": much, "name": "cell"}, 60)["error"]
        assert error_outcome(error).status == "out of memory"
        undone = "torch.cuda.set_per_process_memory_fraction(1.0)\n" + much.replace("2**28", "2**31") + "\nx.fill_(1)"
        with pytest.raises(KernelLost, match="of the GPU"):
            kernel.ask({"do": "run", "source": undone, "name": "cell"}, 60)
