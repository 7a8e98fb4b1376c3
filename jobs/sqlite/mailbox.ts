/**
 * How the processes that have one database open hear of each other. Each has a file beside it, its
 * mailbox, which it watches and keeps locked: a byte written there wakes it, and a lock that can be
 * had tells that its process is gone, however it ended.
 */

import { basename, dirname, join } from "node:path";

const WAKE = new Uint8Array([1]);
/** A file that nobody has locked may be about to be: only an older one was left behind. */
const LEFT_BEHIND_MS = 60_000;

export class Mailbox {
  readonly id = crypto.randomUUID().slice(0, 8);
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #watcher: Deno.FsWatcher | null;

  /**
   * @param database the path of the database
   * @param onMail called, perhaps once for several, when something was posted
   * @param onRemoved called when somebody has deleted the file, so that another is needed
   */
  constructor(database: string, onMail: () => void, onRemoved: () => void) {
    removeLeftBehind(database);
    const { mode } = Deno.statSync(database);
    this.#path = pathOf(database, this.id);
    this.#file = Deno.openSync(this.#path, { write: true, createNew: true });
    this.#file.lockSync(true);
    // Whoever may write to the database may post.
    if (mode !== null) Deno.chmodSync(this.#path, mode & 0o777);
    this.#watcher = watch(this.#path, onMail, onRemoved);
  }

  /** Whether mail is heard of; else look for it. */
  get heard(): boolean {
    return this.#watcher !== null;
  }

  close(): void {
    this.#watcher?.close();
    // Before it is unlocked, or another would take its process for one that was killed.
    remove(this.#path);
    this.#file.close();
  }
}

/** Wakes the owner of a mailbox. One that cannot be written to is not woken, and looks by itself. */
export function post(database: string, id: string): void {
  try {
    using file = Deno.openSync(pathOf(database, id), { write: true });
    file.writeSync(WAKE);
  } catch {
    // Gone, or another user's.
  }
}

/**
 * What has become of a mailbox's owner: "gone" where nobody holds the lock, "unknown" where there is
 * no file to tell.
 */
export function ownerOf(database: string, id: string): "alive" | "gone" | "unknown" {
  try {
    return isLocked(pathOf(database, id)) ? "alive" : "gone";
  } catch {
    return "unknown";
  }
}

/** Deletes the mailbox of an owner that is gone. */
export function removeMailbox(database: string, id: string): void {
  remove(pathOf(database, id));
}

function pathOf(database: string, id: string): string {
  return `${database}-peer-${id}`;
}

function isLocked(path: string): boolean {
  using file = Deno.openSync(path, { read: true });
  return !file.tryLockSync(true);
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Another was faster, or it is another user's.
  }
}

function removeLeftBehind(database: string): void {
  const folder = dirname(database);
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.startsWith(`${basename(database)}-peer-`)) continue;
    const path = join(folder, name);
    try {
      const changed = Deno.statSync(path).mtime?.getTime() ?? Infinity;
      if (Date.now() - changed > LEFT_BEHIND_MS && !isLocked(path)) remove(path);
    } catch {
      // Another was faster.
    }
  }
}

/** Null where the system has no more watches to give, or none at all. */
function watch(
  path: string,
  onChange: () => void,
  onRemoved: () => void,
): Deno.FsWatcher | null {
  let watcher: Deno.FsWatcher;
  try {
    watcher = Deno.watchFs(path);
  } catch {
    return null;
  }
  (async () => {
    for await (const { kind } of watcher) {
      if (kind === "modify") onChange();
      if (kind === "remove") onRemoved();
    }
  })();
  return watcher;
}
