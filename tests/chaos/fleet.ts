/** The processes of a run: starts them, does to them what the plan says, and looks how they fare. */

import { setTimeout as sleep } from "node:timers/promises";
import { Program } from "../program.ts";
import type { Harm } from "./plan.ts";

/** Workers are not all alike. */
const KINDS = [["--pool", "async"], [], ["--max-tasks-per-child", "25"]];
/** More than the grace of a worker and all that it waits for in a broker that is away. */
const PATIENCE_MS = 30_000;
/** Of a worker, in seconds. */
const GRACE = 3;
export const SLOTS = 4;
/** One that is this young may not yet listen to signals, on a machine that is busy. */
const START_MS = 10_000;
/** Until then a process loads its code and fills its caches. */
const WARM_UP_MS = 20_000;
/** Of its memory, one a second: what lived for less says nothing of leaks. */
const MIN_SAMPLES = 40;

/** One process, from its start to its end. */
interface Life {
  program: Program;
  /** As the plan knows it, and how many were started before. */
  name: string;
  startedAt: number;
  /** MiB, at most one a second. */
  memory: { at: number; mib: number }[];
  expectedToEnd: boolean;
  hasEnded: boolean;
  /** Resolves when it has ended and what it printed has been read. */
  printed: Promise<void>;
}

/** When a worker could not work, by Unix time in ms; `to` is Infinity where it never could again. */
export interface Absence {
  worker: string;
  what: Harm;
  from: number;
  to: number;
}

export interface Member {
  readonly whom: "worker" | "server";
  readonly number: number;
  readonly port: number;
  life: Life;
  lives: number;
}

export class Fleet implements AsyncDisposable {
  readonly members: Member[] = [];
  readonly absences: Absence[] = [];
  readonly findings: string[] = [];
  readonly counts: Record<Harm | "restart" | "long stop", number> = {
    ...{ kill: 0, stop: 0, term: 0, impatient: 0, restart: 0, "long stop": 0 },
  };
  /** The most that a process has grown after its warm-up. */
  growth: { name: string; mib: number; minutes: number } | undefined;
  #sampling: ReturnType<typeof setInterval>;

  constructor(private readonly env: Record<string, string>, private readonly cwd?: string) {
    this.#sampling = setInterval(() => this.#sample(), 1000);
  }

  start(whom: "worker" | "server", number: number): void {
    const port = whom === "server" ? quietPort() : 0;
    this.members.push({ whom, number, port, lives: 1, life: this.#spawn(whom, number, port, 1) });
  }

  member(whom: "worker" | "server", number: number): Member {
    const found = this.members.find((each) => each.whom === whom && each.number === number);
    if (!found) throw new RangeError(`there is no ${whom} ${number}`);
    return found;
  }

  /** Harms one; resolves when it is up again. */
  async harm(member: Member, what: Harm, forMs: number, signal: AbortSignal): Promise<void> {
    const { life } = member;
    if (life.hasEnded) { // by itself, which is a finding
      member.lives++;
      member.life = this.#spawn(member.whom, member.number, member.port, member.lives);
      return;
    }
    const absence = { worker: life.name, what, from: Date.now(), to: Infinity };
    this.absences.push(absence);
    this.counts[what]++;
    if (what === "stop") {
      if (forMs > 10_000) this.counts["long stop"]++;
      life.program.signal("SIGSTOP");
      await sleep(forMs, undefined, { signal });
      if (!life.hasEnded) life.program.signal("SIGCONT");
      absence.to = Date.now();
      return;
    }
    life.expectedToEnd = true;
    this.#weigh(life);
    await this.#end(life, what);
    await life.printed;
    if (what === "impatient") absence.from = Date.now();
    await sleep(forMs, undefined, { signal });
    this.counts.restart++;
    member.lives++;
    member.life = this.#spawn(member.whom, member.number, member.port, member.lives);
  }

  async #end({ program, name, startedAt }: Life, what: Harm): Promise<void> {
    if (what === "kill") return void await program.kill("SIGKILL");
    const wasUp = Date.now() - startedAt > START_MS;
    program.signal("SIGTERM");
    const ended = new AbortController();
    const patience = what === "impatient" ? 1000 : PATIENCE_MS;
    const late = sleep(patience, null, { signal: ended.signal }).catch(() => null);
    const code = await Promise.race([program.ended, late]);
    ended.abort();
    if (code === null) await program[Symbol.asyncDispose](); // it may end in this moment
    if (code === null && what === "term") {
      this.findings.push(`${name} had not ended ${PATIENCE_MS / 1000} s after a TERM`);
    }
    if (code !== null && code !== 0 && wasUp) {
      this.findings.push(`${name} ended with ${code} after a TERM`);
    }
  }

  /** Looks at all that are up: whoever has ended did so by itself. */
  settle(): void {
    for (const { life } of this.members) this.#weigh(life);
  }

  #spawn(whom: "worker" | "server", number: number, port: number, lives: number): Life {
    const name = `${whom}${number}.${lives}`;
    const args = whom === "worker"
      ? [
        "work",
        "-n",
        name,
        "-c",
        `${SLOTS}`,
        "--grace",
        `${GRACE}`,
        ...KINDS[number % KINDS.length] ?? [],
      ]
      : ["serve", "--port", `${port}`];
    const program = Program.startPiped(args, this.env, this.cwd);
    const life: Life = {
      ...{ program, name, startedAt: Date.now(), memory: [], expectedToEnd: false },
      ...{ hasEnded: false, printed: Promise.resolve() },
    };
    life.printed = program.printed().then(({ code, stderr }) => {
      life.hasEnded = true;
      if (life.expectedToEnd) return;
      const said = stderr.trim().split("\n").slice(-3).join(" | ");
      this.findings.push(`${name} ended by itself, with code ${code}: ${said}`);
    });
    return life;
  }

  #sample(): void {
    const at = Date.now();
    for (const { life } of this.members) {
      const mib = residentMib(life.program.pid);
      if (mib !== null && at - life.startedAt > WARM_UP_MS) life.memory.push({ at, mib });
    }
  }

  /** How much more it has in the last quarter of its life than in the first after the warm-up. */
  #weigh({ name, memory }: Life): void {
    const quarter = Math.floor(memory.length / 4);
    const first = memory.at(0), last = memory.at(-1);
    if (memory.length < MIN_SAMPLES || !first || !last) return;
    const middle = (samples: Life["memory"]) =>
      samples.map(({ mib }) => mib).toSorted((a, b) => a - b)[samples.length >> 1] ?? NaN;
    const mib = middle(memory.slice(-quarter)) - middle(memory.slice(0, quarter));
    if (mib <= (this.growth?.mib ?? -Infinity)) return;
    this.growth = { name, mib, minutes: (last.at - first.at) / 60_000 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sampling);
    for (const { life } of this.members) {
      life.expectedToEnd = true;
      await life.program[Symbol.asyncDispose]();
      await life.printed;
    }
  }
}

/** A free port that no connection is given by chance while its server is away. */
function quietPort(): number {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch {
      // Taken: try another.
    }
  }
}

/** What a process has in memory; null where the system does not tell, or it has ended. */
export function residentMib(pid: number): number | null {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
    return kib === undefined ? null : Number(kib) / 1024;
  } catch {
    return null;
  }
}
