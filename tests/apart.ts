import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

/**
 * Runs a program of tests/fixtures to its end; answers what it prints. For what concerns a whole
 * process: test files may share theirs.
 */
export async function apart(name: string): Promise<string> {
  const program = fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", program],
  }).output();
  const [out = "", err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(code, 0, err);
  return out;
}
