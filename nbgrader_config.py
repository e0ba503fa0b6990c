"""How nbgrader runs this course: its name, its folders, its limits.

Read by every `nbgrader` command and by formgrader when they start in this folder. What each
option may be: `nbgrader --help-all`. Plug-ins come by name; no code of the course lives here.
"""

from pathlib import Path

c = get_config()  # noqa: F821  (traitlets puts it here)

# --- the course ----------------------------------------------------------------------------

# What students see in JupyterLab's assignment list, and the folder's name in the exchange.
c.CourseDirectory.course_id = "wirelab"

# The folder of this file, so that a command works from any folder below it too.
c.CourseDirectory.root = str(Path(__file__).resolve().parent)

# Built by `wirelab build` from lessons/: edit there, or run `wirelab adopt` after an edit here.
c.CourseDirectory.source_directory = "source"
c.CourseDirectory.release_directory = "release"

# release/ is committed. Made anew all the same, or nbgrader would skip what is there already,
# and the gradebook of a fresh clone would never hear of the assignment.
c.GenerateAssignment.force = True

# nbgrader's own working folders; git ignores what is in them.
c.CourseDirectory.submitted_directory = "submitted"
c.CourseDirectory.autograded_directory = "autograded"
c.CourseDirectory.feedback_directory = "feedback"

# Never copied along with a notebook. "*.py": a lesson's text holds the hidden tests, and
# nbgrader copies every other file of source/<topic>/ to the students.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "*.pyc",
    "__pycache__",
    "feedback",
    "*.py",
    "gradebook.db*",
]

# --- grading -------------------------------------------------------------------------------
# Take these two settings out, and nbgrader grades as it comes: in a kernel with your rights.

# Reads what was handed in: broken files, links and changed test cells cost nobody else a mark.
c.Autograde.exporter_class = "wirelab.grading.plugins.SubmissionExporter"

# Runs it in a sandbox, the tests apart from the answers, and saves the marks; the rest is as ever.
c.Autograde.autograde_preprocessors = [
    "wirelab.grading.plugins.ExecuteInWorker",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "wirelab.grading.plugins.SaveScores",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# "required": no grading on a machine that cannot keep strangers' code apart. Else "if-possible",
# or "never".
c.ExecuteInWorker.sandbox = "required"

# What one submission may use: seconds of the processor and of the clock, MiB of memory, processes,
# MiB written. A loop without end is broken off after `c.Execute.timeout`, in a test after 10 s; an
# honest learner may have several, so the whole may take longer.
c.ExecuteInWorker.cpu_s = 240
c.ExecuteInWorker.wall_s = 300
c.ExecuteInWorker.memory_mib = 1024
c.ExecuteInWorker.processes = 128
c.ExecuteInWorker.disk_mib = 64

# --- feedback ------------------------------------------------------------------------------

# A summary on one page, then the notebook; nbgrader's own two steps around it.
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "wirelab.grading.plugins.FeedbackPage",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# Whether students see the code of the hidden tests. What a test expected and got they see anyway.
c.FeedbackPage.show_hidden_tests = False

# --- running notebooks ---------------------------------------------------------------------

# Seconds for one cell, and for a kernel to come up.
c.Execute.timeout = 60
c.Execute.startup_timeout = 60

# A cell that hangs is interrupted and fails; the cells after it still run.
c.Execute.interrupt_on_timeout = True

# Widgets are kept as the pictures and words they also have: with their state, a feedback page
# would ask a server far away for the program that draws them.
c.Execute.store_widget_state = False

# The kernel is done with when the last cell has run: asking it to leave politely costs more
# than a second a notebook.
c.Execute.shutdown_kernel = "immediate"

# --- late submissions ----------------------------------------------------------------------

# What handing in after the deadline costs: "none" (it is shown as late, no more) or "zero".
# A policy of your own: a subclass of nbgrader.plugins.LateSubmissionPlugin, named in
# c.AssignLatePenalties.plugin_class.
c.LateSubmissionPlugin.penalty_method = "none"
