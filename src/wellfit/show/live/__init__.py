"""A training as it goes, in a view that is redrawn in place."""

from wellfit.show.live.training import live_training as live_training
from wellfit.show.live.view import LiveView as LiveView
from wellfit.show.live.view import live_view as live_view
