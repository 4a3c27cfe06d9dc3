"""How often wellfit is right: trainings with known faults, and healthy ones.

    python -m bench.faults generate [--jobs 2] [--only NAME] [--limit N]
    python -m bench.faults diagnose [--untouched]
    python -m bench.faults report
    python -m bench.faults --quick
    python -m bench.faults

README.md beside this file says how cases are made, counted and split.
"""
