"""schemathesis over every operation of the served document, with a token that may do everything.

No 5xx, no status, media type, header or body that the document does not promise, 405 with `Allow` for every other
method, and no operation that answers without a token what it keeps for those who have one.

`PASSERELLE_SCHEMATHESIS_EXAMPLES` says how many examples each operation gets (default: few, for every commit).
"""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from gateway.domain.access import Scope
from tests.builders import HOME
from tests.entrypoints.http import ask, token_of
from tests.gateways import House

EXAMPLES = int(os.environ.get("PASSERELLE_SCHEMATHESIS_EXAMPLES", "3"))
PHASES = "examples,coverage,fuzzing,stateful"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
PROGRAM = shutil.which("schemathesis", path=str(Path(sys.executable).parent)) or ""
needs_schemathesis = pytest.mark.skipif(
    not PROGRAM and not os.environ.get("PASSERELLE_REQUIRE_SERVICES"), reason="schemathesis is not installed"
)


async def run(house: House, token: dict[str, str], place: Path) -> tuple[int, str]:
    """One run; its exit status and what it printed."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *("run", f"{house.gateway.http_url}/openapi.json", "--phases", PHASES, "--max-examples", str(EXAMPLES)),
        *("--checks", ",".join(CHECKS), "--header", f"Authorization: {token['Authorization']}"),
        *("--seed", "1", "--suppress-health-check", "all", "--generation-database", "none"),
        *("--continue-on-failure", "--request-timeout", "20", "--warnings", "off", "--no-color"),
        cwd=place,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, told.decode()


@needs_schemathesis
async def test_the_gateway_answers_as_its_document_says(house: House, tmp_path: Path) -> None:
    token = await token_of(house, None, *Scope)
    # something to be found by every operation that reads
    await house.shows(await house.door(), await house.person(HOME))
    status, told = await run(house, token, tmp_path)
    sys.stdout.write(told[told.find("SUMMARY") :])
    assert status == 0, told
    assert (await ask(house, "GET", "/v1/tokens", **token)).status == 200, "the run went on with a token that counts"
    assert await house.chain_holds()
