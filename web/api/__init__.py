"""The REST interface under /api/v1 (design §6): flask-smorest resources, problems as application/problem+json."""

from flask import Flask
from flask_smorest import Api

from web.api import (
    agencies,
    approvals,
    audit,
    bulletins,
    certificates,
    changes,
    corrections,
    definitions,
    docs,
    editions,
    extensions,
    figures,
    filings,
    forms,
    instances,
    jobs,
    lookups,
    messages,
    migrations,
    papers,
    people,
    progress,
    seals,
    services,
    sms,
    sms_texts,
    staff,
    substitutions,
    task_inbox,
    terminations,
    tokens,
    working_days,
)
from web.api.problems import PROBLEM, Problem, answer_problems

BLUEPRINTS = (
    definitions.blueprint,
    instances.blueprint,
    migrations.blueprint,
    task_inbox.blueprint,
    messages.blueprint,
    jobs.blueprint,
    services.blueprint,
    forms.blueprint,
    filings.blueprint,
    approvals.blueprint,
    changes.blueprint,
    extensions.blueprint,
    certificates.blueprint,
    papers.blueprint,
    people.blueprint,
    progress.blueprint,
    terminations.blueprint,
    staff.blueprint,
    substitutions.blueprint,
    corrections.blueprint,
    seals.blueprint,
    tokens.blueprint,
    sms.blueprint,
    lookups.blueprint,
    agencies.blueprint,
    working_days.blueprint,
    editions.blueprint,
    bulletins.blueprint,
    sms_texts.blueprint,
    audit.blueprint,
    figures.blueprint,
)


class Interface(Api):
    """flask-smorest's, whose documented errors are the problems that are answered."""

    ERROR_SCHEMA = Problem

    def _register_responses(self) -> None:
        self.DEFAULT_RESPONSE_CONTENT_TYPE: str = PROBLEM
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE


def register(app: Flask) -> None:
    """Mount the interface, its OpenAPI document and its browsable pages."""
    app.config.update(
        API_TITLE="jigai",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
            "security": [{"token": []}],
        },
    )
    api = Interface(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint, url_prefix=f"/api/v1{blueprint.url_prefix or ''}")
    docs.register(app, api)
    answer_problems(app)
