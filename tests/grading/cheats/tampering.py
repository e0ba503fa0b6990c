"""Tricks that change what runs the tests: IPython, the checks, how values are compared.

Adds to `tricks.TRICKS`.
"""

from __future__ import annotations

from grading.cheats.tricks import trick

# --- IPython and the checks ----------------------------------------------------------------------

trick(
    "replaces the cell runner",
    """
ip = get_ipython()
async def runner(*a, **k):
    from IPython.core.interactiveshell import ExecutionResult
    return ExecutionResult(None)
""",
    "ip.run_cell_async = runner\nip.run_cell = lambda *a, **k: None",
)
trick(
    "blanks cells before they run",
    """
get_ipython().input_transformers_cleanup.append(
    lambda lines: ['pass\\n'] if any('check' in line for line in lines) else lines)
""",
)
trick(
    "drops asserts and checks from the tree",
    """
import ast
class Drop(ast.NodeTransformer):
    def visit_Expr(self, node):
        return ast.Pass() if 'check' in ast.dump(node) else node
    def visit_FunctionDef(self, node):
        node.body = [ast.Pass()]
        return node
""",
    "get_ipython().ast_transformers.append(Drop())",
)
trick(
    "shows no errors",
    "",
    """
get_ipython().showtraceback = lambda *a, **k: None
get_ipython()._showtraceback = lambda *a, **k: None
""",
)
trick(
    "shows points",
    "",
    """
import sys
get_ipython().displayhook = lambda value: None
class Points(float):
    def __repr__(self): return '1.0'
get_ipython().events.register('post_execute', lambda: get_ipython().outputs.clear())
""",
)
trick(
    "empties the outputs",
    "",
    """
class Nothing(list):
    def append(self, item): pass
    def extend(self, items): pass
get_ipython().outputs = Nothing()
""",
)
for target in (
    "checks.Checks._judge_many",
    "checks.Checks.__call__",
    "checks.Checks.each",
    "checks.Checks.probe",
    "checks.Checks.refuses",
    "checks.Checks.test",
    "cases.CallCase.accepts",
    "cases.ProbeCase.run",
    "compare.same",
    "compare.plain",
    "compare.first_difference",
    "outcomes.call",
):
    trick(
        f"replaces {target}",
        "",
        f"""
from wirelab.grading import cases, checks, compare, outcomes
{target} = lambda *a, **k: True
for module in (cases, checks, compare, outcomes):
    for name in ('same', 'call', 'plain'):
        if hasattr(module, name) and '{target}'.endswith(name):
            setattr(module, name, {target})
""",
    )
trick(
    "a check of its own",
    "",
    """
class Check:
    def __call__(self, *a, **k): pass
    def __getattr__(self, name): return self
check = Check()
""",
)
trick(
    "exceptions that are swallowed",
    "",
    """
import builtins
from wirelab.grading import checks
class Quiet(Exception): pass
checks.CheckFailed.__init__ = lambda self, *a: (_ for _ in ()).throw(SystemExit)
builtins.AssertionError = Quiet
""",
)
trick(
    "traces the tests",
    "",
    """
import sys, threading
def tracer(frame, event, arg):
    if 'expected' in frame.f_locals: frame.f_locals['expected'] = None
    return tracer
sys.settrace(tracer); threading.settrace(tracer); sys.setprofile(lambda *a: None)
""",
)
