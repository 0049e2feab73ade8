"""Demos, one module a lecture: pictures that run on the reader's own functions.

    from course.demos import linear_models as demos

    demos.line_and_cost(squared_error_cost)

Each function takes the reader's functions, and settings by name to start from, and returns a `course.stage.Stage`, which
shows itself in a notebook. What a demo draws of an exercise is drawn by the answer it was given: there are no solutions here.
"""
