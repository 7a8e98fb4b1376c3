/** Packs Deno and the bundled program behind a shell script that unpacks and runs them. */

import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import launcher from "./launcher.sh" with { type: "text" };

/** The script is filled up to this size, so that it can say where what follows it begins. */
const SCRIPT_BYTES = 4096;

export interface Contents {
  /** Path of the Deno to pack. */
  deno: string;
  /** The program's folder, and what is in it. */
  dist: string;
  files: string[];
  version: string;
  /** The machine that this Deno is for. */
  target: string;
  /** Flags for `deno run`. */
  permissions: string[];
}

/** Writes the executable. */
export async function packSelfExtracting(output: string, contents: Contents): Promise<void> {
  const { deno, dist, files, version, target, permissions } = contents;
  const paths = [
    ...files.map((name) => [name, `${dist}/${name}`] as const),
    ["deno", deno] as const,
  ];
  const hash = createHash("sha256").update(permissions.join(" "));
  const parts: Uint8Array[] = [];
  const steps: string[] = [];
  let start = SCRIPT_BYTES + 1;
  for (const [name, path] of paths) {
    const packed = await promisify(gzip)(await Deno.readFile(path));
    steps.push(`unpack ${name} ${start} ${packed.length}`);
    start += packed.length;
    parts.push(packed);
    hash.update(packed);
  }
  const script = launcher
    .replaceAll("@VERSION@", version)
    .replaceAll("@TARGET@", target)
    .replace("@HASH@", hash.digest("hex").slice(0, 16))
    .replace("@UNPACK@", steps.join(" &&\n      "))
    .replace("@PERMISSIONS@", permissions.join(" "));
  const padded = new TextEncoder().encode(script.padEnd(SCRIPT_BYTES, "\n"));
  if (padded.length !== SCRIPT_BYTES) {
    throw new RangeError(`The launcher must be ASCII of at most ${SCRIPT_BYTES} bytes`);
  }
  await Deno.writeFile(output, ReadableStream.from([padded, ...parts]), { mode: 0o755 });
}
