"""A phone on the command line: `python samples/phone --dir DIR COMMAND`. See README.md."""

import asyncio
import sys

import account
import exchange
import faults
import records
import work
from arguments import read_arguments
from phone import open_phone
from texts import Texts

COMMANDS = account.COMMANDS | records.COMMANDS | work.COMMANDS | exchange.COMMANDS


def main(words: list[str]) -> int:
    """Runs one command; gives the exit code that README.md names."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows another one; nothing ends for it.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    args, say = read_arguments(words)

    async def run() -> int:
        async with open_phone(args, say) as phone:
            try:
                await COMMANDS[args.command](phone, args)
            except faults.KNOWN as error:
                return await faults.tell_of_phone(phone, error)
        return 0

    return guarded(run, say)


def guarded(run: faults.Run, say: Texts) -> int:
    """Runs to an exit code, whatever happens."""
    try:
        return asyncio.run(run())
    except KeyboardInterrupt:
        print(say("stopped"), file=sys.stderr)
        return faults.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough.
        sys.stderr.close()
        return 0
    except Exception as error:
        return faults.tell(say, error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
