"""One problem, one file. A rule is `Run -> Finding | NotChecked | None`, and pure."""
