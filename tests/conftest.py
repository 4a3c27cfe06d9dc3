"""What holds for all tests."""

from hypothesis import settings

collect_ignore = ["loops"]  # scripts that train: they are run, and not imported

# How long an example takes is the machine's matter: nothing is asserted by the clock.
settings.register_profile("wellfit", deadline=None)
settings.load_profile("wellfit")
