"""Worker processes of a bench, asked over pipes: one JSON object a line, one answer a question."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

END_S = 10.0
LINE_LIMIT = 16 * 1024 * 1024
Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class WorkerFault(Exception):  # noqa: N818 - a fault of the bench, told as such
    """A worker died or answered with a fault."""


@dataclass(slots=True)
class Worker:
    """The asking side of one worker process."""

    name: str
    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, module: str, *args: str) -> "Worker":
        """Start ``python -m module args``; its standard error stays ours."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *args,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_LIMIT,
        )
        return cls(module.rpartition(".")[2], process)

    async def ask(self, what: str, **details: Any) -> dict[str, Any]:
        """Ask for one thing and wait for the answer; WorkerFault if there is none."""
        await self.tell(what, **details)
        return await self.answer()

    async def tell(self, what: str, **details: Any) -> None:
        """Ask for one thing without waiting."""
        if self.process.stdin is None:
            raise WorkerFault(f"{self.name} takes no questions")
        self.process.stdin.write(json.dumps({"do": what, **details}).encode() + b"\n")
        await self.process.stdin.drain()

    async def answer(self) -> dict[str, Any]:
        """The answer to the oldest question."""
        if self.process.stdout is None:
            raise WorkerFault(f"{self.name} gives no answers")
        line = await self.process.stdout.readline()
        if not line:
            code = await self.process.wait()
            raise WorkerFault(f"the {self.name} process ended with exit {code}")
        answer: dict[str, Any] = json.loads(line)
        if "fault" in answer:
            raise WorkerFault(f"{self.name}: {answer['fault']}")
        return answer

    async def stop(self) -> None:
        """Close its questions, so that it ends; kill it if it does not within ten seconds."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            async with asyncio.timeout(END_S):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def serve(handlers: Mapping[str, Handler]) -> None:
    """The answering side: read questions from standard input until it ends, one after another."""
    loop = asyncio.get_running_loop()
    questions = asyncio.StreamReader(limit=LINE_LIMIT)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(questions), sys.stdin)
    while line := await questions.readline():
        question: dict[str, Any] = json.loads(line)
        try:
            answer = await handlers[question.pop("do")](question)
        except Exception as error:  # noqa: BLE001 - whatever went wrong is the asker's to report
            answer = {"fault": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
