"""Where frameworks are met: what happens becomes records, and nothing changes."""
