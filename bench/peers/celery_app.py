"""Celery as its guides say for many short tasks: Redis, JSON, and more tasks prefetched."""

import os
import time

from celery import Celery

port = os.environ["BENCH_REDIS_PORT"]
# The results have a database of their own, so that they can be counted.
app = Celery(
    "bench", broker=f"redis://127.0.0.1:{port}/0", backend=f"redis://127.0.0.1:{port}/1"
)
app.conf.worker_prefetch_multiplier = 64


@app.task(name="bench")
def bench(data):
    if "sleepMs" in data:
        time.sleep(data["sleepMs"] / 1000)
    return len(data.get("text", ""))
