"""Recipes as people write and read them: YAML, with a reason beside each choice."""

from wellfit.core.written import written as written
from wellfit.trainer.recipes.check import read_plain as read_plain
from wellfit.trainer.recipes.check import read_recipe as read_recipe
