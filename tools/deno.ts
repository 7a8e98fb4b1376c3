import { fileURLToPath } from "node:url";

/** The project's folder, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Runs the Deno that runs this, in `cwd`. */
export async function deno(
  args: string[],
  cwd = Deno.cwd(),
): Promise<{ success: boolean; stderr: string }> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd }).output();
  return { success, stderr: new TextDecoder().decode(stderr) };
}
