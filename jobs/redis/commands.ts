/** Commands to workers in Redis. */

import { COMMAND_MS, type CommandStore, MAX_COMMANDS, type SentCommand } from "../command_store.ts";
import { type Script, scripts } from "./scripts.ts";

export class RedisCommands implements CommandStore {
  constructor(
    private readonly run: (script: Script, args: (string | number)[]) => Promise<unknown>,
  ) {}

  async send(worker: string, command: SentCommand): Promise<boolean> {
    const args = [worker, command.id, JSON.stringify(command), COMMAND_MS, MAX_COMMANDS];
    return await this.run(scripts.commandSend, args) === 1;
  }

  async take(worker: string): Promise<SentCommand[]> {
    const bodies = await this.run(scripts.commandTake, [worker, COMMAND_MS]) as string[];
    return bodies.map((body) => JSON.parse(body));
  }
}
