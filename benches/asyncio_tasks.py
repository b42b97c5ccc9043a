"""What asyncio's tasks and futures cost.

    asyncio_tasks.py                      times this interpreter
    asyncio_tasks.py --compare A B        runs itself under two interpreters in turn, prints a table
    asyncio_tasks.py ... --rounds N       N processes of each (default 5); the best time counts

Milliseconds of processor time. Runs under any Python 3.7 or later.
"""
import asyncio
import subprocess
import sys
import time


async def leaf(n):
    await asyncio.sleep(0)
    return n


async def tasks(n):
    """Many tasks at once, gathered."""
    return sum(await asyncio.gather(*[leaf(i) for i in range(n)]))


async def chain(n):
    """One task after the other: each turn of the loop runs one step."""
    total = 0
    for i in range(n):
        total += await asyncio.create_task(leaf(i))
    return total


async def queue(n):
    """A producer and a consumer."""
    items = asyncio.Queue(10)

    async def produce():
        for i in range(n):
            await items.put(i)
        await items.put(None)

    async def consume():
        total = 0
        while True:
            item = await items.get()
            if item is None:
                return total
            total += item

    return (await asyncio.gather(produce(), consume()))[1]


async def futures(n):
    """A future that the loop's next turn fulfils."""
    loop = asyncio.get_running_loop()
    for i in range(n):
        future = loop.create_future()
        loop.call_soon(future.set_result, i)
        await future


PROGRAMS = [(tasks, 20000), (chain, 20000), (queue, 40000), (futures, 40000)]


def measure():
    """Each program's best of three, in milliseconds."""
    times = {}
    for program, n in PROGRAMS:
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            asyncio.run(program(n))
            best = min(best, time.process_time() - start)
        times[program.__name__] = best * 1e3
    return times


def measure_other(interpreter):
    out = subprocess.run([interpreter, __file__], stdout=subprocess.PIPE, check=True).stdout
    return {name: float(ms) for name, ms in (line.split() for line in out.decode().splitlines())}


def compare(a, b, rounds):
    best = {a: {}, b: {}}
    for _ in range(rounds):
        for interpreter in (a, b):
            for name, ms in measure_other(interpreter).items():
                best[interpreter][name] = min(ms, best[interpreter].get(name, ms))
    print("| | ms in A | ms in B | A / B |")
    print("| --- | ---: | ---: | ---: |")
    for name, ms in best[a].items():
        print("| %s | %.0f | %.0f | %.2f |" % (name, ms, best[b][name], ms / best[b][name]))


def main(args):
    rounds = 5
    if "--rounds" in args:
        at = args.index("--rounds")
        rounds = int(args[at + 1])
        del args[at:at + 2]
    if args and args[0] == "--compare":
        compare(args[1], args[2], rounds)
    else:
        for name, ms in measure().items():
            print(name, "%.1f" % ms)


if __name__ == "__main__":
    main(sys.argv[1:])
