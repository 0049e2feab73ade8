"""Inputs, tolerances and catalogued mistakes, one module a lecture."""
