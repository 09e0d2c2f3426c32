"""Whatever was published is lost: the sweeper finds the jobs, because the table is the truth."""

from __future__ import annotations

from tests.chaos.stage import Stage
from tests.web.portal import MONDAY


def test_a_broker_emptied_between_commit_and_pick_up_loses_nothing(valkey_stage: Stage) -> None:
    _, undisturbed = valkey_stage.undisturbed("submit")
    valkey_stage.set("drafted")
    valkey_stage.play("submit").end()
    _, _, queued = valkey_stage.content()
    assert queued == 1
    valkey_stage.empty_broker()
    assert valkey_stage.play("sweep", clock=MONDAY).end() == 1
    assert valkey_stage.recover("submit").against(undisturbed) == []
