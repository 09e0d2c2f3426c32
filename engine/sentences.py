"""A sentence for people, in both languages. Those of deployment: `diagram_`, `event_`, `decision_sentences`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sentence:
    """What is wrong and what to do, in both languages; each may use `{facts}`."""

    zh: str
    en: str
    remedy_zh: str = ""
    remedy_en: str = ""
