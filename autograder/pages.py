"""Feedback pages, by nbgrader."""

from __future__ import annotations

from autograder.gradebook import configuration, convert, url
from autograder.layout import Course, CourseError, Lecture


def feedback(course: Course, lecture: Lecture, students: list[str] | None = None) -> list[str]:
    """Write feedback/STUDENT/LECTURE/LECTURE.html for all graded students or those named. Returns problems, a line each."""
    from nbgrader.converters import GenerateFeedback
    from nbgrader.coursedir import CourseDirectory

    graded = sorted(
        path.parent.parent.name for path in course.root.glob(f"autograded/*/{lecture.name}/{lecture.name}.ipynb")
    )
    unknown = [student for student in students or [] if student not in graded]
    if unknown or not graded:
        who = ", ".join(unknown) or "anybody"
        raise CourseError(
            f"There are no grades of {lecture.name} for {who}; run `autograder grade {lecture.name}` first."
        )
    config = configuration(course)
    config.CourseDirectory.db_url = url(course)
    problems = []
    for student in students or graded:
        directory = CourseDirectory(
            root=str(course.root), assignment_id=lecture.name, student_id=student, config=config
        )
        problem = convert(GenerateFeedback(coursedir=directory, config=config, force=True))
        if problem:
            problems.append(f"{student}: no feedback page: {problem}")
    return problems
