"""
The HTTP and WebSocket side of a Celery application, as FastAPI's and Celery's tutorials write it: a handler
that calls `.delay`, and a handler per WebSocket with a manager that sends each message to all of them.
A task's progress comes over Redis pub/sub, which is how a worker's process reaches a web process.
"""

import asyncio
import os

import redis.asyncio as redis
from celery import Celery
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from pydantic import BaseModel

URL = os.environ["BENCH_REDIS"]

celery = Celery("bench", broker=URL, backend=URL)
app = FastAPI()


@celery.task(name="create_task")
def create_task(length):
    return length


class Call(BaseModel):
    name: str
    args: list


@app.post("/tasks", status_code=202)
def start(call: Call):
    task = celery.tasks[call.name].delay(*call.args)
    return {"task_id": task.id, "status": "PENDING"}


@app.post("/async/tasks", status_code=202)
async def start_async(call: Call):
    """Without a thread for each request; `.delay` holds the loop up, which is still faster."""
    return start(call)


@app.get("/healthz")
def healthz():
    return {"status": "ok"}


class Manager:
    def __init__(self):
        self.connections = []

    async def connect(self, websocket):
        await websocket.accept()
        self.connections.append(websocket)

    def disconnect(self, websocket):
        self.connections.remove(websocket)

    async def broadcast(self, message):
        for connection in list(self.connections):
            await connection.send_text(message)


manager = Manager()


@app.websocket("/ws")
async def live(websocket: WebSocket):
    await manager.connect(websocket)
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        manager.disconnect(websocket)


async def forward():
    pubsub = redis.from_url(URL, decode_responses=True).pubsub()
    await pubsub.subscribe("task_events")
    async for message in pubsub.listen():
        if message["type"] == "message":
            await manager.broadcast(message["data"])


@app.on_event("startup")
async def listen():
    app.state.forwarding = asyncio.create_task(forward())
