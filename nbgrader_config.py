"""The course for nbgrader. Our judge takes the place of the step that runs students' code and believes what comes back."""

c = get_config()  # noqa: F821  nbgrader provides it

c.CourseDirectory.course_id = "networks_by_hand"
# Every file beside a source notebook is copied to students, and our sources are scripts that hold where solutions go.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc*", "__pycache__", "*.py", "*.log"]

c.ClearSolutions.code_stub = {"python": '# YOUR CODE HERE\nraise NotImplementedError("not written yet")'}
c.ClearSolutions.text_stub = "*Your answer here.*"
c.ClearMarkScheme.enforce_metadata = False  # our mark schemes stand in the answer cells, above the model answer

# Names, not classes: commands that grade nothing needn't load the judge.
c.Autograde.sanitize_preprocessors = ["autograder.nbgrader_steps.Restore"]
c.Autograde.autograde_preprocessors = [
    "autograder.nbgrader_steps.Judge",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
]

c.GenerateFeedback.preprocessors = [
    "autograder.nbgrader_steps.HideMarkSchemes",
    "nbgrader.preprocessors.GetGrades",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# Feedback pages and the form grader show formulas without a network.
c.HTMLExporter.preprocessors = ["autograder.formulas.FormulasAsMathML"]
