"""The log: one line an event on stderr, since stdout is what a command answers. Never the values of local variables."""

import logging
import sys

import structlog


def configure() -> None:
    """Set the log up, unless whoever embeds us has done so."""
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            # A traceback with its locals would show people's names and numbers.
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # Looked up at each line: a test or a service manager may have put another stream there.
        logger_factory=lambda *args: structlog.PrintLogger(sys.stderr),
    )
