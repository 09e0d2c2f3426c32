"""The clock of one process or of all jumps, a day ahead or an hour back: nothing fires twice, nothing is lost."""

from __future__ import annotations

from datetime import timedelta

from tests.chaos import ledger
from tests.chaos.acts import LATER
from tests.chaos.gateway import taken
from tests.chaos.stage import Stage, Strike
from tests.web.portal import MONDAY

TOMORROW, AN_HOUR_AGO = MONDAY + timedelta(days=1), MONDAY - timedelta(hours=1)

ERRAND = [("started", None, "admin"), ("completed", "start", None), ("completed", "hour", None)]
ERRAND += [("completed", "tell", None)]
RECEPTION = [("started", None, None), ("completed", "arrival", None), ("completed", "received", None)]


def steps(stage: Stage) -> list[tuple[str, object]]:
    """Each case's process and steps."""
    return [(process, done) for process, _, _, done, _ in stage.ledger().cases]


def test_after_a_jump_ahead_every_timer_fires_once_though_two_sweep(clock_stage: Stage) -> None:
    clock_stage.set("loaded")
    for number in range(4):
        clock_stage.play("begin", key=f"begin-{number}").end()
    sweepers = [clock_stage.play("sweep", clock=TOMORROW, strike=Strike(1, "STOP")) for _ in range(2)]
    assert [sweeper.wait() for sweeper in sweepers] == ["stopped", "stopped"]
    for sweeper in sweepers:
        sweeper.go_on()
    for sweeper in sweepers:
        sweeper.end()
    clock_stage.play("settle", clock=TOMORROW).end()
    assert steps(clock_stage) == [("errand", ERRAND)] * 4 + [("reception", RECEPTION)] * 4
    assert clock_stage.ledger().wrong == []


def test_after_a_jump_back_nothing_fires_again_and_what_waits_keeps_its_time(clock_stage: Stage) -> None:
    clock_stage.set("waiting")
    clock_stage.play("settle", clock=LATER).end()
    clock_stage.play("begin", key="after", clock=LATER).end()
    fired = steps(clock_stage)
    assert clock_stage.play("sweep", clock=AN_HOUR_AGO).end() == 0
    assert clock_stage.play("sweep", clock=LATER).end() == 0
    assert steps(clock_stage) == fired
    clock_stage.play("settle", clock=LATER + timedelta(hours=1)).end()
    assert steps(clock_stage) == [("errand", ERRAND)] * 2 + [("reception", RECEPTION)] * 2


def test_a_command_given_after_a_jump_back_is_carried_out_in_order(clock_stage: Stage) -> None:
    _, undisturbed = clock_stage.undisturbed("accept")
    clock_stage.set("claimed")
    clock_stage.play("accept", clock=AN_HOUR_AGO).end()
    assert clock_stage.recover("accept").against(undisturbed) == []


def test_a_lease_holds_against_a_clock_that_is_behind(clock_stage: Stage) -> None:
    boundaries, undisturbed = clock_stage.undisturbed("deliver_sms")
    clock_stage.set("submitted")
    job_id = ledger.job(clock_stage.url, "detached")
    in_service = Strike(boundaries.index("before the gateway takes the message") + 1, "STOP")
    worker = clock_stage.play("deliver_sms", strike=in_service, job_id=job_id)
    assert worker.wait() == "stopped"
    assert clock_stage.play("deliver_sms", clock=AN_HOUR_AGO, job_id=job_id).end() is False
    assert clock_stage.play("deliver_sms", clock=MONDAY, job_id=job_id).end() is False
    worker.go_on()
    assert worker.end() is True
    assert len(taken(clock_stage.folder / "sms.log")) == 1
    assert clock_stage.recover("deliver_sms").against(undisturbed) == []
