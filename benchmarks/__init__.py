"""How fast grading is, beside the tools that there were before."""
