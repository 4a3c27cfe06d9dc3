"""A run, written for the tools that people have; a file a tool.

An exporter is found by being in this folder, or through an entry point of the group
`wellfit.exporters`, which names a subclass of `Exporter`.
"""
