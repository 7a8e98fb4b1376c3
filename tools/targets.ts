/** The machines that executables can be made for. */

import { deno } from "./deno.ts";

/**
 * Deno's name of each, and the npm package with Deno's own executable for it. None for Windows: what
 * is packed with that needs a shell to unpack it.
 */
export const TARGETS = {
  "x86_64-unknown-linux-gnu": "@deno/linux-x64-glibc",
  "aarch64-unknown-linux-gnu": "@deno/linux-arm64-glibc",
  "x86_64-apple-darwin": "@deno/darwin-x64",
  "aarch64-apple-darwin": "@deno/darwin-arm64",
  "x86_64-pc-windows-msvc": null,
  "aarch64-pc-windows-msvc": null,
} as const;

export type Target = keyof typeof TARGETS;

export function isTarget(name: string): name is Target {
  return Object.hasOwn(TARGETS, name);
}

/**
 * Downloads this version of Deno for another machine, as npm packages are: from the registry that
 * .npmrc names, with its checksum compared.
 * @param name the npm package
 * @param folder a new one, to put it into
 * @returns the path of the executable; null if it cannot be had
 */
export async function downloadDeno(name: string, folder: string): Promise<string | null> {
  const [os = "", arch = ""] = name.replace("@deno/", "").split("-");
  await Deno.mkdir(folder);
  // Without this file, the package would be added to a project around the folder.
  await Deno.writeTextFile(`${folder}/package.json`, "{}");
  const args = ["install", "--os", os, "--arch", arch, `npm:${name}@${Deno.version.deno}`];
  const { success } = await deno(args, folder);
  return success ? `${folder}/node_modules/${name}/deno` : null;
}
