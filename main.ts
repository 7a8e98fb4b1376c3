/** taskapp: a task queue in one program. See docs/architecture.md for the way from here. */

import { CommanderError } from "commander";
import { type Io, UsageError } from "./cli/io.ts";
import { createProgram } from "./cli/program.ts";
import { BrokerRefusedError, BrokerUnavailableError } from "./jobs/broker.ts";
import { InvalidDefinitionError } from "./jobs/errors.ts";
import { hiddenPrompt, readLine } from "./lib/hidden_prompt.ts";

/**
 * Runs a command line.
 * @returns the exit code: 0 done, 1 it failed, 2 it was not said right
 */
export async function run(args: string[], io: Io): Promise<number> {
  let code = 0;
  try {
    const program = createProgram(io, (exitCode) => code = exitCode);
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (
      error instanceof UsageError || error instanceof BrokerRefusedError ||
      error instanceof InvalidDefinitionError
    ) {
      io.err(`error: ${error.message}\n`);
      return 2;
    }
    if (error instanceof BrokerUnavailableError) {
      io.err(`error: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

if (import.meta.main) {
  const encoder = new TextEncoder();
  const code = await run(Deno.args, {
    out: (text) => void Deno.stdout.writeSync(encoder.encode(text)),
    err: (text) => void Deno.stderr.writeSync(encoder.encode(text)),
    interactive: Deno.stdout.isTerminal(),
    ...(Deno.stdin.isTerminal() && { confirm }),
    secret: Deno.stdin.isTerminal() ? hiddenPrompt : readLine,
  });
  Deno.exit(code);
}
