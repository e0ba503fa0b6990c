"""What nbgrader_config.py names: steps of nbgrader's own pipeline, replaced by ours.

Each is a subclass of the step it stands for. They know the engine; the engine does not know them.
"""

from wirelab.grading.plugins.execute import ExecuteInWorker
from wirelab.grading.plugins.exporter import SubmissionExporter
from wirelab.grading.plugins.feedback import FeedbackPage
from wirelab.grading.plugins.save import SaveScores

__all__ = ["ExecuteInWorker", "FeedbackPage", "SaveScores", "SubmissionExporter"]
