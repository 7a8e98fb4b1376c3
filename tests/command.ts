/**
 * A command that ends by itself, run within this process, because that is quicker, unless it is an
 * executable that is to be tested.
 */

import process from "node:process";
import { run } from "../main.ts";
import { EXECUTABLE, Program } from "./program.ts";

export async function taskapp(
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  if (EXECUTABLE !== undefined) {
    const env = Object.entries(process.env).flatMap(([name, value = ""]) => [[name, value]]);
    const { code, stdout: out, stderr: err } = await Program.output(args, Object.fromEntries(env));
    return { code, out, err };
  }
  let out = "", err = "";
  const code = await run(args, {
    out: (text) => out += text,
    err: (text) => err += text,
    interactive: false,
  });
  return { code, out, err };
}
