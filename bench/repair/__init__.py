"""How well trainings are repaired whose fault is known: `python -m bench.repair`."""
