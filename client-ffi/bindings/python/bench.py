"""The calls of `bench boundary`, over the boundary; prints CPU and median a call.

`python bench.py DIR`, where `bench boundary DIR --make` made the store.
"""

import asyncio
import statistics
import sys
import time
from pathlib import Path

from gridfold import FieldValue, Operation, RecordQuery, open_client

CALLS = 400


async def each(what, call):
    walls, before = [], time.process_time()
    for n in range(CALLS):
        start = time.perf_counter()
        await call(n)
        walls.append(time.perf_counter() - start)
    burned = (time.process_time() - before) * 1e6 / CALLS
    print(f"python {what}: {burned:.0f} us CPU a call, median {statistics.median(walls) * 1e6:.0f} us")


async def main(store):
    async with open_client(store, bytes([7] * 32)) as phone:
        page = await phone.list(RecordQuery(form="visit", limit=50))
        ids = [r.id for r in page.items]

        async def edit(n):
            minutes = FieldValue.INTEGER(number=n % 500)
            await phone.edit(ids[n % 50], [Operation.SET(field="minutes", value=minutes)])

        await each("status", lambda _: phone.status())
        await each("get", lambda n: phone.get(ids[n % 50]))
        await each("list of 50", lambda _: phone.list(RecordQuery(form="visit", limit=50)))
        await each("edit", edit)


asyncio.run(main(Path(sys.argv[1]) / "store"))
