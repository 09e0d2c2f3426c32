"""Roles: what somebody may be entrusted with, of officials and of the three administrators (R193).

The three administrators are kept apart (三员分立): who arranges the system, who lets people in, and who reads what both
have done. Nobody is two of them; the database holds to that, too (`records/users.py`).
"""

from collections.abc import Collection
from enum import StrEnum


class OfficialRole(StrEnum):
    """What an official of an agency does: the lanes of the diagrams, and SUPERVISOR, which no lane has."""

    HANDLER = "handler"
    REVIEWER = "reviewer"
    SIGNER = "signer"
    SUPERVISOR = "supervisor"


class AdminRole(StrEnum):
    """What an administrator does."""

    SYSTEM = "admin"
    """系统管理员: agencies, staff, calendar, editions, notices, texts, jobs."""
    SECURITY = "security"
    """安全管理员: confirms what is granted, closes and opens accounts, sees who logged in."""
    AUDIT = "auditor"
    """审计管理员: reads and verifies the record of everything, and changes nothing."""


OVERSEEING = frozenset((AdminRole.SYSTEM, AdminRole.AUDIT))
"""The administrators who may look at every enterprise's matters: to help, and to examine."""


def is_administrator(roles: Collection[str]) -> bool:
    """Whether these are an administrator's roles: just one of the three."""
    return len(roles) == 1 and set(roles) <= set(AdminRole)


def are_of_official(roles: Collection[str]) -> bool:
    """Whether these are an official's roles: at least one."""
    return bool(roles) and set(roles) <= set(OfficialRole)
