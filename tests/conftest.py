"""What holds for all tests."""

import os

from hypothesis import settings

collect_ignore = ["loops"]  # scripts that train: they are run, and not imported

# What was tried on this machine must not order what tests try, nor tests write there.
os.environ["WELLFIT_LEDGER"] = "off"

# How long an example takes is the machine's matter: nothing is asserted by the clock.
settings.register_profile("wellfit", deadline=None)
settings.load_profile("wellfit")
