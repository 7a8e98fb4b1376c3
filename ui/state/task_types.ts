import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { TaskType } from "../../jobs/wire.ts";
import { listTaskTypes } from "../api/tasks.ts";
import { attempt } from "./connection.ts";

const taskTypes = signal<TaskType[] | null>(null);

/** The tasks that can be started, asked for when first needed; null until they are known. */
export function useTaskTypes(): TaskType[] | null {
  useEffect(() => {
    if (taskTypes.peek() !== null) return;
    void attempt(async () => {
      taskTypes.value = (await listTaskTypes()).task_types;
    });
  }, []);
  return taskTypes.value;
}
