"""The solutions, one module a lecture. They never leave the instructors' machines."""
