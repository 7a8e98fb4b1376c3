/** Telling workers what to do, and what became of it. */

import type { WorkerCommand, WorkerInfo } from "../../jobs/wire.ts";
import { ApiError } from "../api.ts";
import { getWorker, sendCommand } from "../api/workers.ts";
import { confirm } from "../components/confirm.ts";
import { plural } from "../format.ts";
import { toast } from "../notices.ts";

/** A worker that has not answered by then will not do it any more. */
const ANSWER_MS = 13_000;
const LOOK_EVERY_MS = 300;

interface Answer {
  done: boolean;
  text: string;
}

/** Tells a worker, and says in a toast what it answered. */
export async function tell(name: string, command: WorkerCommand): Promise<void> {
  const { done, text } = await ask(name, command);
  toast({
    kind: done ? "good" : "bad",
    text: `${name} ${text}`,
    ...(done && command.command === "quiet" && {
      undo: () => tell(name, { command: "resume" }),
    }),
  });
}

/** Tells several workers the same, and says in one toast what came of it. */
export async function tellAll(names: string[], command: WorkerCommand): Promise<void> {
  const answers = await Promise.all(names.map(async (name) => {
    try {
      return { name, ...await ask(name, command) };
    } catch (error) {
      return { name, done: false, text: error instanceof Error ? error.message : String(error) };
    }
  }));
  const done = answers.filter((answer) => answer.done);
  const failed = answers.filter((answer) => !answer.done);
  if (done.length > 0) {
    toast({ kind: "good", text: `${command.command}: ${plural(done.length, "worker")} did so.` });
  }
  for (const { name, text } of failed) toast({ kind: "bad", text: `${name} ${text}` });
}

/** Asks the reader first. */
export async function shutDown(workers: WorkerInfo[]): Promise<void> {
  const [first] = workers;
  if (!first) return;
  const running = workers.reduce((sum, worker) => sum + worker.running.length, 0);
  const who = workers.length === 1 ? first.name : plural(workers.length, "worker");
  const sure = await confirm({
    title: `Shut down ${who}?`,
    text: (running === 0
      ? "Nothing runs there now. "
      : `${plural(running, "task")} may end first, or go back to the queue. `) +
      "What supervises the process may start it again.",
    action: "Shut down",
  });
  if (!sure) return;
  if (workers.length === 1) await tell(first.name, { command: "shutdown" });
  else await tellAll(workers.map(({ name }) => name), { command: "shutdown" });
}

/** Sends a command and waits for its outcome. */
async function ask(name: string, command: WorkerCommand): Promise<Answer> {
  const { command_id } = await sendCommand(name, command);
  for (const deadline = Date.now() + ANSWER_MS; Date.now() < deadline;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const last = await lastCommand(name);
    if (last === "gone") return { done: command.command === "shutdown", text: "is gone." };
    if (last?.id === command_id) return { done: last.done, text: last.outcome };
  }
  return { done: false, text: `has not answered: ${command.command} may not have been done.` };
}

async function lastCommand(name: string): Promise<WorkerInfo["last_command"] | "gone"> {
  try {
    return (await getWorker(name)).last_command;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return "gone";
    if (error instanceof ApiError && (error.status === 0 || error.status === 503)) return null;
    throw error;
  }
}
