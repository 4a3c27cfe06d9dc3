"""For a run too dear to repeat: it goes back to its last good state, and on with care.

`healing.py` is what happens at each step; `course.py` judges, by the run's own past;
`state.py` takes what can be put back, `shelf.py` keeps a few of these, and `disk.py`
the last good one in the run folder.
"""
