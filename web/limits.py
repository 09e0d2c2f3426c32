"""How often something may be tried: guessing passwords, scanning certificates."""

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(key_func=get_remote_address, default_limits=[])

LOG_IN = "20 per minute"
VERIFY = "60 per minute"
ASK_FOR_MERGE = "5 per hour"


def register(app: Flask) -> None:
    """Count in memory: one process serves an embedded installation; many share the limit roughly."""
    app.config.setdefault("RATELIMIT_STORAGE_URI", "memory://")
    limiter.init_app(app)
