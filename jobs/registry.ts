/** The tasks that this program knows, by name. */

import type { NamedTaskLimits } from "./broker.ts";
import { UnknownTaskError } from "./errors.ts";
import { DEFAULT_QUEUE, type TaskHandle } from "./task.ts";
import type { TaskType } from "./wire.ts";

export class Registry {
  readonly #tasks: ReadonlyMap<string, TaskHandle>;

  /** @throws {TypeError} two tasks have the same name */
  constructor(tasks: readonly TaskHandle[]) {
    this.#tasks = new Map(tasks.map((task) => [task.name, task]));
    if (this.#tasks.size !== tasks.length) {
      throw new TypeError("Two tasks have the same name: each needs one of its own");
    }
  }

  /** @throws {UnknownTaskError} naming the tasks that exist */
  get(name: string): TaskHandle {
    const task = this.#tasks.get(name);
    if (!task) throw new UnknownTaskError(name, this.names());
    return task;
  }

  names(): string[] {
    return [...this.#tasks.keys()].sort();
  }

  all(): TaskHandle[] {
    return this.names().map((name) => this.get(name));
  }

  /**
   * What a page needs to draw the forms of all tasks, by name.
   * @param limits what was set at run time
   */
  describe(limits: NamedTaskLimits[]): TaskType[] {
    const byName = new Map(limits.map((each) => [each.name, each]));
    return this.all().map((task) => task.describe(byName.get(task.name)));
  }

  /** The default queue and every queue that a task names. */
  queues(): string[] {
    return [...new Set([DEFAULT_QUEUE, ...this.all().map((task) => task.queue)])];
  }
}
