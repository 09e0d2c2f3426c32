"""Every table of the records, imported: whoever makes or migrates the tables imports this."""

from records import (
    agencies,
    announcements,
    attachments,
    calendar,
    certificates,
    enterprises,
    filings,
    industry,
    notices,
    policies,
    regions,
    sms,
    users,
)

__all__ = [
    "agencies",
    "announcements",
    "attachments",
    "calendar",
    "certificates",
    "enterprises",
    "filings",
    "industry",
    "notices",
    "policies",
    "regions",
    "sms",
    "users",
]
