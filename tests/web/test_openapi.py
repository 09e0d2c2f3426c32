"""The OpenAPI document is kept: whatever it allows to be asked is answered as it says, never by a failure of ours."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.portal import Portal

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ASKED = {"few": 2, "many": 60}


@pytest.mark.parametrize("many", ["few", pytest.param("many", marks=pytest.mark.slow)])
@pytest.mark.parametrize("user", ["ent01", "gx10", "admin"])
def test_whatever_is_asked_is_answered_as_the_document_says(portal: Portal, user: str, many: str) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", portal.app)
    headers = {"Authorization": f"Bearer {portal.token(user)}"}
    wrong: dict[str, str] = {}
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an operation that cannot be read fails here

        @settings(
            max_examples=ASKED[many],
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            response = case.call(headers=headers)
            case.validate_response(response, checks=CHECKS)

        try:
            ask()
        except Exception as error:  # noqa: BLE001 - every operation is asked, and what is wrong told together
            wrong[operation.label] = str(error)
        except BaseExceptionGroup as group:
            wrong[operation.label] = str(group)
    assert not wrong, "\n\n".join(f"{name}: {text}" for name, text in wrong.items())
