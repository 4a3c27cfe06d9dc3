"""The report: one self-contained HTML file about a run."""

from wellfit.show.report.file import report as report
