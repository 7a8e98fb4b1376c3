import { Registry } from "../jobs/registry.ts";

/** This program's tasks. They are loaded now: a command that asks for none starts without them. */
export async function loadRegistry(): Promise<Registry> {
  const { tasks } = await import("../jobs/tasks/mod.ts");
  return new Registry(tasks);
}
