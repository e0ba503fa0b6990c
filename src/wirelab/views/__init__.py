"""What learners look at; the only place that knows ipywidgets."""
