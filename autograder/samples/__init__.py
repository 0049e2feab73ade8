"""Sample answers, right and wrong, with which the judge is tested."""
