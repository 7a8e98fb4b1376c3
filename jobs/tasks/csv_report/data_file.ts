/** Which files a task may read. */

import { realpath, stat } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";

/**
 * Finds a .csv file in the folder that TASKAPP_DATA_DIR names.
 * @param path as the caller gave it, seen from that folder
 * @returns its path, free of links behind the folder, and its size in bytes
 * @throws {Deno.errors.NotCapable} the folder is none of those that the program may read
 * @throws {Error} the folder is not set, or the path leads out of it or to no regular .csv file
 */
export async function dataFile(path: string): Promise<{ path: string; bytes: number }> {
  const folder = Deno.env.get("TASKAPP_DATA_DIR");
  if (!folder) {
    throw new Error("Files cannot be read: TASKAPP_DATA_DIR must name the folder to read from");
  }
  const root = resolve(folder);
  const realRoot = await realpath(root).catch((error) => {
    if (error instanceof Deno.errors.NotCapable) {
      throw new Deno.errors.NotCapable(
        "Files cannot be read: taskapp may not read the folder in TASKAPP_DATA_DIR; have it in the " +
          "working directory, /data or /var/lib/taskapp",
      );
    }
    throw new Error("Files cannot be read: the folder in TASKAPP_DATA_DIR does not exist");
  });
  // Before anything is looked up, so that the answer tells nothing about files outside.
  const wanted = resolve(root, path);
  if (path.split(/[/\\]/).includes("..") || !isInside(root, wanted)) throw outside(path);
  const real = await realpath(wanted).catch(() => {
    throw new Error(`There is no file "${path}" in the data folder`);
  });
  if (!isInside(realRoot, real)) throw outside(path);
  // The permission is for the folder as it was named, which may be a link itself.
  const file = resolve(root, relative(realRoot, real));
  const stats = await stat(file);
  if (!stats.isFile()) throw new Error(`"${path}" is not a regular file`);
  // Whatever else lies here is not the caller's; and a process that opens and closes a SQLite file it
  // works on loses its locks there, https://www.sqlite.org/howtocorrupt.html (2.2).
  if (!/\.csv$/i.test(file)) {
    throw new Error(`"${path}" is not named .csv; only such files are read`);
  }
  return { path: file, bytes: stats.size };
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== ".." && !way.startsWith(`..${sep}`);
}

function outside(path: string): Error {
  return new Error(`"${path}" leads out of the data folder; only files inside it can be read`);
}
