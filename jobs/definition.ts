/** Whether a task is defined right: a mistake is to stop the program at its start. */

import { InvalidDefinitionError, InvalidOptionError } from "./errors.ts";
import { checkFlowPolicy } from "./flow.ts";
import { checkFields, checkPriority, checkQueue, checkSeconds, checkSoftLimit } from "./options.ts";
import { checkRetryPolicy } from "./retry.ts";
import type { TaskDefinition, TaskSchema } from "./task.ts";
import { NAME_PATTERN } from "./wire.ts";

const DEFINITION_FIELDS = {
  name: true,
  description: true,
  input: true,
  run: true,
  queue: true,
  priority: true,
  timeLimit: true,
  softTimeLimit: true,
  maxRetries: true,
  autoretryFor: true,
  dontAutoretryFor: true,
  retryBackoff: true,
  retryBackoffMax: true,
  retryJitter: true,
  retryDelay: true,
  unique: true,
  uniqueKey: true,
  concurrencyKey: true,
  concurrencyLimit: true,
  rateLimit: true,
  onLost: true,
} satisfies Record<keyof TaskDefinition<TaskSchema, unknown>, true>;

/** @throws {InvalidDefinitionError} naming the first field that is wrong, and what would be right */
export function checkDefinition(definition: TaskDefinition<TaskSchema, unknown>): void {
  const { name, queue, priority, timeLimit, softTimeLimit } = definition;
  if (!NAME_PATTERN.test(name)) {
    throw new InvalidDefinitionError(`Task name "${name}" does not match ${NAME_PATTERN.source}`);
  }
  try {
    checkFields(definition, DEFINITION_FIELDS);
    checkQueue(queue);
    checkPriority(priority);
    checkSeconds("time_limit", timeLimit);
    checkSeconds("soft_time_limit", softTimeLimit);
    checkSoftLimit(softTimeLimit, timeLimit);
    checkRetryPolicy(definition);
    checkFlowPolicy(definition);
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error;
    throw new InvalidDefinitionError(`Task "${name}": ${inCode(error.message)}`);
  }
}

/** The names of fields as they are written in a definition: HTTP has them with underscores. */
function inCode(message: string): string {
  return message.replaceAll(/\b[a-z]+(?:_[a-z]+)+\b/g, (name) => {
    const field = name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    return Object.hasOwn(DEFINITION_FIELDS, field) ? field : name;
  });
}
