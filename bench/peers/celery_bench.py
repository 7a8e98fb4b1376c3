"""Measures Celery: enqueueing one after the other, or running tasks with a prefork worker."""

import json
import os
import subprocess
import sys
import time

import redis

request = json.loads(sys.argv[1])
os.environ["BENCH_REDIS_PORT"] = str(request["port"])

from celery_app import app, bench  # noqa: E402: it reads the port

data, tasks, warmup = request["data"], request["tasks"], request["warmup"]
results = redis.Redis(port=request["port"], db=1)


def enqueue(count, queue):
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(count):
            bench.apply_async((data,), producer=producer, queue=queue)


def wait_for(count):
    while results.dbsize() < count:
        time.sleep(0.01)
    return results.dbsize()


def run():
    """From the first stored result of a warm worker to the last.

    Told of a queue, it looks there only when its present BRPOP has ended, after up to a second.
    """
    command = [sys.executable, "-m", "celery", "-A", "celery_app", "worker", "-P", "prefork"]
    command += ["-c", str(request["concurrency"]), "-Q", "warmup"]
    here = os.path.dirname(os.path.abspath(__file__))
    worker = subprocess.Popen(
        command, cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        enqueue(warmup, "warmup")
        wait_for(warmup)
        enqueue(tasks, "bench")
        app.control.add_consumer("bench")
        first = wait_for(warmup + 1)
        started = time.perf_counter()
        last = wait_for(warmup + tasks)
        return (last - first) / (time.perf_counter() - started)
    finally:
        worker.terminate()
        worker.wait()


def enqueue_rate():
    for _ in range(warmup):
        bench.delay(data)
    started = time.perf_counter()
    for _ in range(tasks):
        bench.delay(data)
    return tasks / (time.perf_counter() - started)


print(json.dumps({"rate": run() if request.get("concurrency") else enqueue_rate()}))
