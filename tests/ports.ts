/** Ports for what tests start. */

import { tmpdir } from "node:os";

/**
 * They lie below those that connections going out are given: one of these would keep a stopped server
 * from coming back. Each file that runs has a range to itself, which it keeps by a lock until it ends,
 * because others run beside it, and what it starts may take its time to listen.
 */
const RANGES = { first: 20_000, count: 150, ports: 80 };
const { range } = takeRange();
let taken = 0;

function takeRange(): { range: number; lock: Deno.FsFile } {
  const dir = `${tmpdir()}/taskapp-test-ports-${Deno.uid() ?? ""}`;
  Deno.mkdirSync(dir, { recursive: true });
  const start = Math.floor(Math.random() * RANGES.count);
  for (let i = 0; i < RANGES.count; i++) {
    const range = (start + i) % RANGES.count;
    const lock = Deno.openSync(`${dir}/${range}`, { create: true, write: true });
    if (lock.tryLockSync(true)) return { range, lock };
    lock.close();
  }
  throw new Error(`All ranges of ports are locked in ${dir}`);
}

/** A port on the loopback address that nothing listens on, and that was not given just now. */
export function freePort(): number {
  for (;;) {
    const port = RANGES.first + range * RANGES.ports + taken++ % RANGES.ports;
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
