"""Recipes as people write and read them: YAML, with a reason beside each choice."""

from wellfit.trainer.recipes.check import read_plain as read_plain
from wellfit.trainer.recipes.check import read_recipe as read_recipe
from wellfit.trainer.recipes.write import written as written
