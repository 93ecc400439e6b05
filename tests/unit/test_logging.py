"""What is logged of a failure: where it was, and nothing of anybody."""

import pytest
import structlog

from engage.commands.running import log_as


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_log_of_a_failure_says_where_and_holds_no_variable(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    log_as(log_format)
    email = "ann@example.net"
    try:
        raise RuntimeError("this went wrong") if email else SystemExit
    except RuntimeError:
        structlog.get_logger().exception("request failed")
    said = capsys.readouterr().err
    assert "this went wrong" in said
    assert "test_log_of_a_failure" in said
    assert email not in said
