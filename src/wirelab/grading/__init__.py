"""What checks, diagnoses and grades; with authoring the only place that knows nbgrader."""
