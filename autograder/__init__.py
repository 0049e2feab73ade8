"""For instructors: solutions, cases and the judge. Never part of the student's install."""
