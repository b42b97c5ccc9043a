# Futures and tasks of the native module: their states, errors, callbacks and finalisers.
import asyncio
import collections.abc
import contextvars
import gc
import warnings
import weakref

# After asyncio: CPython 3.13 has two copies of the module otherwise.
import _asyncio

warnings.simplefilter("ignore", RuntimeWarning)

Future, Task = _asyncio.Future, _asyncio.Task
print(asyncio.Future is Future, asyncio.Task is Task, issubclass(Task, Future))


def attempt(function, *args, **kwargs):
    try:
        print(function(*args, **kwargs))
    except BaseException as e:
        print(f"{type(e).__name__}: {e}")


class Loop(asyncio.SelectorEventLoop):
    def call_exception_handler(self, context):
        shown = {k: v if isinstance(v, str) else type(v).__name__ for k, v in context.items()}
        print("handler:", shown)


loop = Loop()

# ---- before __init__ ----
bare = Future.__new__(Future)
for name in ["result", "exception", "cancel", "get_loop", "done", "cancelled"]:
    attempt(getattr(bare, name))
attempt(bare.set_result, 1)
attempt(iter, bare)
attempt(repr, bare)
print(bare._loop, bare._asyncio_future_blocking)
del bare

# ---- states ----
future = Future(loop=loop)
print(future, future._state, future.done(), future.cancelled(), future._callbacks)
attempt(future.result)
attempt(future.exception)
attempt(Future, 1)
attempt(Future, loop=1)
attempt(Future, other=1)
future.set_result([1, 2])
print(future, future.result(), future.exception(), future._result)
attempt(future.set_result, 2)
attempt(future.set_exception, ValueError())
print(future.cancel())

future = Future(loop=loop)
print(future.cancel("why"), future.cancel(), future.cancelled(), future._cancel_message)
for method in [future.result, future.exception]:
    try:
        method()
    except asyncio.CancelledError as e:
        print(e.args)

future = Future(loop=loop)
attempt(future.set_exception, 5)
attempt(future.set_exception, int)
future.set_exception(ZeroDivisionError)
print(future._log_traceback, repr(future.exception()), future._log_traceback)
attempt(future.result)

future = Future(loop=loop)
future.set_exception(StopIteration(3))
error = future.exception()
print(repr(error), repr(error.__cause__))


# ---- attributes ----
def set_and_delete(name, value):
    attempt(setattr, future, name, value)
    attempt(delattr, future, name)


future = Future(loop=loop)
set_and_delete("_asyncio_future_blocking", "x")
set_and_delete("_log_traceback", True)
set_and_delete("_cancel_message", "m")
set_and_delete("_state", "m")
print(future._asyncio_future_blocking, future._log_traceback, future._cancel_message)
future.extra = 1
print(future.extra, Future[int], Task[int])

# ---- callbacks ----
ready = loop._ready
calls = []
future = Future(loop=loop)
for _ in range(3):
    future.add_done_callback(calls.append)
future.add_done_callback(print)
print(len(future._callbacks), future.remove_done_callback(calls.append), len(future._callbacks))
print(future.remove_done_callback(print), future._callbacks, future.remove_done_callback(1))


class Evil:
    def __call__(self, future):
        calls.append("evil")

    def __eq__(self, other):
        if other is int:
            future.remove_done_callback(Future)
            future.add_done_callback(len)
        return NotImplemented


future.add_done_callback(Evil())
future.add_done_callback(Future)
print(future.remove_done_callback(int), len(future._callbacks) >= 2)
future.cancel()
print(future._callbacks, len(ready) >= 2)
ready.clear()
future.add_done_callback(calls.append)
print(len(ready), ready[0]._callback.__name__, ready[0]._args == (future,))
ready.clear()

variable = contextvars.ContextVar("variable", default="outer")
context = contextvars.copy_context()
context.run(variable.set, "inner")
future = Future(loop=loop)
future.add_done_callback(lambda f: calls.append(variable.get()), context=context)
future.add_done_callback(lambda f: calls.append(variable.get()))
future.set_result(None)
loop.call_soon(loop.stop)
loop.run_forever()
print(calls)

# ---- the iterator ----
future = Future(loop=loop)
iterator = future.__await__()
print(next(iterator) is future, future._asyncio_future_blocking)
attempt(next, iterator)
future._asyncio_future_blocking = False
print(iterator.send(5) is future)
future.set_result("done")
try:
    iterator.send(None)
except StopIteration as e:
    print("StopIteration", e.value)
iterator = iter(Future(loop=loop))
attempt(iterator.throw, 1)
attempt(iterator.throw, KeyError("thrown"))
attempt(next, iterator)
iterator = iter(Future(loop=loop))
iterator.close()
attempt(next, iterator)


# ---- what nobody retrieved ----
future = Future(loop=loop)
future.set_exception(ValueError("lost"))
del future


class Named(Future):
    def __del__(self):
        print("__del__ of a subclass")
        super().__del__()


future = Named(loop=loop)
future.set_exception(ValueError("lost too"))
del future
future = Named(loop=loop)
future.set_exception(ValueError("found"))
future._log_traceback = False
del future
future = Future(loop=loop)
future.set_exception(ValueError("in a cycle"))
future.me = future
gone = weakref.ref(future)
del future
gc.collect()
print(gone())


# ---- tasks ----
async def answer():
    return 42


async def wait(future):
    return await future


attempt(Task)
attempt(Task, 5, loop=loop)
task = Task(wait(Future(loop=loop)), loop=loop)
ready.clear()
del task
gc.collect()

task = Task(answer(), loop=loop, name=5)
print(task.get_name(), task._must_cancel, task._fut_waiter, task.cancelling(), task.get_context() is not None)
task.set_name(6.5)
step = ready[0]._callback
print(task.get_name(), type(step).__name__, step.__self__ is task, task in asyncio.all_tasks(loop))
attempt(step, 1)
attempt(task.set_result, 1)
attempt(task.set_exception, ValueError())
print(loop.run_until_complete(task), task.done(), asyncio.all_tasks(loop))
print(task.cancel(), task.cancelling(), task.get_coro().cr_frame)
attempt(setattr, task, "_must_cancel", True)


async def introduced(loop):
    me = asyncio.current_task()
    print(me is asyncio.current_task(loop), me in asyncio.all_tasks(), asyncio.get_running_loop() is loop)
    future = loop.create_future()
    other = loop.create_task(wait(future), name="other")
    await asyncio.sleep(0)
    print(other._fut_waiter is future, future._callbacks[0][0].__qualname__, future)
    print(other.cancel("enough"), other.cancelling(), other.cancelled(), other.uncancel(), other.uncancel())
    try:
        await other
    except asyncio.CancelledError as e:
        print(e.args, other.cancelled())

    class Yields:
        def __init__(self, value):
            self.value = value

        def __await__(self):
            return (yield self.value)

    for wrong in [1, "text"]:
        try:
            await Yields(wrong)
        except RuntimeError as e:
            print(e)
    for wrong in [loop.create_future(), me, (i for i in ())]:
        try:
            await Yields(wrong)
        except RuntimeError as e:
            print(str(e).split(" in task ")[0].split(" itself")[0])
    try:
        await me
    except RuntimeError as e:
        print(str(e).split(":")[0])
    foreign = Loop()
    try:
        await Future(loop=foreign)
    except RuntimeError as e:
        print(str(e).rpartition("attached")[2])
    foreign.close()

    class Like:
        """Something like a future."""
        _asyncio_future_blocking = False

        def __init__(self):
            self.callbacks = []

        def get_loop(self):
            return loop

        def add_done_callback(self, function, *, context):
            print("added", function.__name__, type(context).__name__)
            loop.call_soon(function, self, context=context)

        def result(self):
            raise KeyError("like")

        def __await__(self):
            self._asyncio_future_blocking = True
            yield self
            return "never"

    try:
        await Like()
    except KeyError as e:
        print(repr(e))


loop.run_until_complete(introduced(loop))


# ---- cancelled at its end, and while something else is thrown ----
async def ends(loop):
    asyncio.current_task().cancel("late")
    return 1


async def stubborn():
    while True:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError as e:
            print("caught", e.args, asyncio.current_task().cancelling())
            if asyncio.current_task().cancelling() == 2:
                return "at last"


async def cancelled(loop):
    try:
        await loop.create_task(ends(loop))
    except asyncio.CancelledError as e:
        print("late:", e.args)
    task = loop.create_task(stubborn())
    for _ in range(2):
        await asyncio.sleep(0)
        task.cancel()
    print(await task)


loop.run_until_complete(cancelled(loop))


# ---- exceptions ----
async def fails(kind):
    raise kind("from a task")


for kind in [ValueError, asyncio.CancelledError]:
    attempt(loop.run_until_complete, fails(kind))
for kind in [SystemExit, KeyboardInterrupt]:
    task = loop.create_task(fails(kind))
    attempt(loop.run_forever)
    print(repr(task.exception()))


# ---- eager tasks ----
async def eager(loop):
    done = Task(answer(), loop=loop, eager_start=True)
    print(done.done(), done.result(), done.get_coro())
    outer = asyncio.current_task()
    seen = []

    async def inner():
        seen.append(asyncio.current_task() is not outer)
        variable.set("eager")
        await asyncio.sleep(0)
        seen.append(variable.get())

    task = Task(inner(), loop=loop, eager_start=True)
    print(seen, asyncio.current_task() is outer, variable.get(), task.done(), task in asyncio.all_tasks())
    await task
    print(seen)


loop.run_until_complete(eager(loop))


# ---- coroutines of other kinds, and classes of one's own ----
class Coroutine:
    """A coroutine by its methods."""

    def __init__(self):
        self.left = 2

    def send(self, value):
        if self.left == 0:
            raise StopIteration("by hand")
        self.left -= 1
        return None

    def throw(self, *args):
        raise args[0]

    def close(self):
        pass

    def __await__(self):
        return self


collections.abc.Coroutine.register(Coroutine)
print(loop.run_until_complete(Task(Coroutine(), loop=loop)))


class MyTask(Task):
    def add_done_callback(self, function, **kwargs):
        print("a callback")
        super().add_done_callback(function, **kwargs)


loop.set_task_factory(lambda loop, coro, **kwargs: MyTask(coro, loop=loop, **kwargs))
print(loop.run_until_complete(wait(loop.create_task(answer()))))
loop.set_task_factory(None)


# ---- a deep chain of awaits ----
async def deep(n):
    if n:
        return await deep(n - 1)
    await asyncio.sleep(0)
    return "bottom"


print(loop.run_until_complete(deep(500)))

# ---- debugging ----
loop.set_debug(True)
loop.slow_callback_duration = 1000
future = Future(loop=loop)
print(type(future._source_traceback).__name__, future._source_traceback[-1].name)
future.set_exception(ValueError())
del future
loop.close()
