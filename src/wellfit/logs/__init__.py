"""Other people's logs, read into Runs; nothing in them is unpickled or run."""

from wellfit.logs.read import read_logs as read_logs
