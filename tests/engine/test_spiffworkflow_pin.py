"""What our classes override in SpiffWorkflow, or call of its private methods, is as it was when they were written.

SpiffWorkflow keeps no promises about these names. When one of these tests fails, read the changed methods of the
library beside ours, mend what has to be, and write down the new sums.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pkgutil
from importlib.metadata import version

import engine

PINNED = "3.2.0"

RELIED_ON = {
    "SpiffWorkflow.task:Task": ["__init__", "_ready", "complete", "has_state"],
    "SpiffWorkflow.workflow:Workflow": ["__init__"],
    "SpiffWorkflow.specs.base:TaskSpec": ["__init__"],
    "SpiffWorkflow.specs.WorkflowSpec:WorkflowSpec": ["__init__", "_add_notify"],
}
"""What is not overridden but called, by class."""

SUMS = {
    "SpiffWorkflow.bpmn.specs.bpmn_process_spec:BpmnProcessSpec.__init__": "4c0511ce1defb2f1",
    "SpiffWorkflow.bpmn.specs.bpmn_task_spec:BpmnTaskSpec.__init__": "1345082eb723ed77",
    "SpiffWorkflow.bpmn.specs.bpmn_task_spec:BpmnTaskSpec._update_hook": "facd2e4174bcf5cd",
    "SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin:BpmnSpecMixin.__init__": "ab73ceb47a8015a7",
    "SpiffWorkflow.bpmn.util.subworkflow:BpmnBaseWorkflow.__init__": "0ab21b97ab24e0d8",
    "SpiffWorkflow.bpmn.util.subworkflow:BpmnBaseWorkflow.get_tasks_iterator": "d238edf6a8b16727",
    "SpiffWorkflow.bpmn.util.subworkflow:BpmnSubWorkflow.__init__": "db2b701bf21b28a0",
    "SpiffWorkflow.bpmn.util.subworkflow:BpmnSubWorkflow._calculate_depth": "e67055a362abf3df",
    "SpiffWorkflow.bpmn.util.subworkflow:BpmnSubWorkflow.collect_log_extras": "88ba8bf3377bcdee",
    "SpiffWorkflow.bpmn.workflow:BpmnWorkflow.__init__": "3a81d03cfd844e1a",
    "SpiffWorkflow.bpmn.workflow:BpmnWorkflow.do_engine_steps": "0dddd74053a531e3",
    "SpiffWorkflow.specs.WorkflowSpec:WorkflowSpec.__init__": "fdb80d81cf1dd708",
    "SpiffWorkflow.specs.WorkflowSpec:WorkflowSpec._add_notify": "2522e219845e960e",
    "SpiffWorkflow.specs.base:TaskSpec.__init__": "df987d5843e7f374",
    "SpiffWorkflow.specs.base:TaskSpec._on_cancel": "c05a2f4bc3de2f28",
    "SpiffWorkflow.specs.base:TaskSpec._on_complete": "95d4b21bfa422d45",
    "SpiffWorkflow.specs.base:TaskSpec._on_ready": "c0c43ec078d31a59",
    "SpiffWorkflow.specs.base:TaskSpec._predict": "e205cac4587d51d4",
    "SpiffWorkflow.specs.base:TaskSpec._run": "dac36fd701341359",
    "SpiffWorkflow.specs.base:TaskSpec._run_hook": "90902266396ae98f",
    "SpiffWorkflow.specs.base:TaskSpec._update": "6b138d31ca684e6b",
    "SpiffWorkflow.specs.base:TaskSpec._update_hook": "8e93b378bc2bafc8",
    "SpiffWorkflow.task:Task.__init__": "5d98d6df6c602dfb",
    "SpiffWorkflow.task:Task._ready": "4c051bb2c2a3d259",
    "SpiffWorkflow.task:Task._set_state": "86c4c1d22dc9b70f",
    "SpiffWorkflow.task:Task.cancel": "16a6cc6f7ea48468",
    "SpiffWorkflow.task:Task.complete": "3ad34f7ae962ad90",
    "SpiffWorkflow.task:Task.has_state": "51bfc706797e11e1",
    "SpiffWorkflow.task:Task.run": "976c46e260fe7f72",
    "SpiffWorkflow.workflow:Workflow.__init__": "a179a75739481275",
    "SpiffWorkflow.workflow:Workflow.collect_log_extras": "888ba42a9b91ba27",
    "SpiffWorkflow.workflow:Workflow.get_tasks_iterator": "21a687473d8c7aad",
}


def ours() -> list[type]:
    """Our subclasses of the library's classes."""
    found: list[type] = []
    for module in pkgutil.iter_modules(engine.__path__):
        for member in vars(importlib.import_module(f"engine.{module.name}")).values():
            is_ours = inspect.isclass(member) and member.__module__ == f"engine.{module.name}"
            if is_ours and any(_is_library(base) for base in member.__mro__):
                found.append(member)
    return found


def overridden() -> set[str]:
    """The library's methods that one of our classes replaces: `module:Class.method`."""
    found = set()
    for cls in ours():
        for base in filter(_is_library, cls.__mro__):
            shared = {name for own in cls.__mro__[:-1] if not _is_library(own) for name in vars(own)} & vars(
                base
            ).keys()
            methods = {name for name in shared if _source(vars(base)[name])}
            found |= {f"{base.__module__}:{base.__qualname__}.{name}" for name in methods}
    return found


def _is_library(cls: type) -> bool:
    return cls.__module__.startswith("SpiffWorkflow")


def _source(member: object) -> str:
    function = member.fget if isinstance(member, property) else member
    return inspect.getsource(function) if inspect.isfunction(function) else ""


def current() -> dict[str, str]:
    named = overridden() | {f"{cls}.{method}" for cls, methods in RELIED_ON.items() for method in methods}
    sums = {}
    for name in sorted(named):
        module, _, path = name.partition(":")
        cls, _, method = path.partition(".")
        source = _source(vars(getattr(importlib.import_module(module), cls))[method])
        sums[name] = hashlib.sha256(source.encode()).hexdigest()[:16]
    return sums


def test_spiffworkflow_is_the_version_that_the_engine_was_written_for() -> None:
    assert version("SpiffWorkflow") == PINNED, f"engine/ overrides private methods of SpiffWorkflow {PINNED}"


def test_the_library_s_methods_that_we_override_or_rely_on_have_not_changed() -> None:
    now = current()
    changed = sorted(name for name in SUMS.keys() & now.keys() if SUMS[name] != now[name])
    assert changed == [], f"SpiffWorkflow changed what engine/ overrides or calls: {', '.join(changed)}"


def test_every_method_that_we_override_or_rely_on_is_listed() -> None:
    now = current()
    assert now.keys() - SUMS.keys() == set(), "engine/ overrides methods of SpiffWorkflow that are not in SUMS"
    assert SUMS.keys() - now.keys() == set(), "SUMS lists methods of SpiffWorkflow that engine/ no longer overrides"
