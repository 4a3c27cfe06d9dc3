"""One training of bench/faults as a script: `python -m bench.repair.script SETTING`.

The setting is JSON. At the end the model is scored on rows that the training has not
seen; `wellfit treat` does not judge by them.
"""

import json
import sys

import torch

from bench.faults.bases import BASES
from bench.faults.generate import scores_of
from bench.faults.setting import Setting
from wellfit import log

SCORE = "test/score"


def main() -> None:
    torch.set_num_threads(1)
    setting = Setting(**json.loads(sys.argv[1]))
    outcome, data = BASES[setting.base].train(setting)
    log(SCORE, scores_of(setting, outcome, data)["score"])


if __name__ == "__main__":
    main()
