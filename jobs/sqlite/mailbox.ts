/**
 * How the processes that have one database open hear of each other. Each has a file beside it, its
 * mailbox, which it watches and keeps locked: a byte written there wakes it, and a lock that can be
 * had tells that its process is gone, however it ended.
 */

const WAKE = new Uint8Array([1]);

export class Mailbox {
  readonly id = crypto.randomUUID().slice(0, 8);
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #watcher: Deno.FsWatcher | null;

  /**
   * @param database the path of the database
   * @param onMail called, perhaps once for several, when something was posted
   */
  constructor(database: string, onMail: () => void) {
    this.#path = pathOf(database, this.id);
    this.#file = Deno.openSync(this.#path, { write: true, createNew: true });
    this.#file.lockSync(true);
    this.#watcher = watch(this.#path, onMail);
  }

  /** Whether mail is heard of; else look for it. */
  get heard(): boolean {
    return this.#watcher !== null;
  }

  close(): void {
    this.#watcher?.close();
    // Before the file is closed, or another could take it for an abandoned one of the same name.
    remove(this.#path);
    this.#file.close();
  }
}

/** Wakes the owner of a mailbox, if it still has one. */
export function post(database: string, id: string): void {
  try {
    using file = Deno.openSync(pathOf(database, id), { write: true });
    file.writeSync(WAKE);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Whether a mailbox has lost its owner; what it left is removed. */
export function isAbandoned(database: string, id: string): boolean {
  const path = pathOf(database, id);
  try {
    using file = Deno.openSync(path, { write: true });
    if (!file.tryLockSync(true)) return false;
    remove(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

function pathOf(database: string, id: string): string {
  return `${database}-peer-${id}`;
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Null where the system has no more watches to give, or none at all. */
function watch(path: string, onChange: () => void): Deno.FsWatcher | null {
  let watcher: Deno.FsWatcher;
  try {
    watcher = Deno.watchFs(path);
  } catch {
    return null;
  }
  (async () => {
    for await (const { kind } of watcher) {
      if (kind === "modify") onChange();
    }
  })();
  return watcher;
}
