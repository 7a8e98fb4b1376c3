/** Running other programs, for what they print. */

/**
 * Runs a program to its end.
 * @returns what it wrote to standard output
 * @throws {Error} it is not there, or failed; with the last line that it wrote to standard error
 */
export async function output(
  program: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const { success, code, stdout, stderr } = await new Deno.Command(program, {
    args,
    ...options,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout).trim();
  const why = decoder.decode(stderr).trim().split("\n").at(-1);
  throw new Error(`${program} ended with exit code ${code}: ${why}`);
}

/** As `output`; undefined where the program is not there or fails. */
export async function tryOutput(program: string, args: string[]): Promise<string | undefined> {
  try {
    return await output(program, args);
  } catch {
    return undefined;
  }
}
