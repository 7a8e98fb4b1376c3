/** The Python in which a module is installed, such as Debian's. */

import { tryOutput } from "../command.ts";

/** The first on the PATH, and the one that Debian's packages are for. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/** @returns the Python that has all of these modules; undefined where none has */
export async function python(...modules: string[]): Promise<string | undefined> {
  for (const path of PYTHONS) {
    const has = await tryOutput(path, ["-c", `import ${modules.join(", ")}`]);
    if (has !== undefined) return path;
  }
  return undefined;
}
