/**
 * The queue of a pool of threads, in memory that they share: the main thread puts tasks in, and each
 * thread takes the next when it is free, without a message. So none waits behind another while a thread
 * is free, and what has not begun can be taken back although no thread answers.
 *
 * A task is in a cell, whose state says who may touch it. Each step is one atomic exchange:
 *
 *     FREE → READY → FREE       put, and taken back, by the main thread
 *     READY → RUNNING(thread)   begun, by that thread
 *     RUNNING → DONE            its outcome is in the cell, by that thread
 *     RUNNING → POSTED(thread)  its outcome comes as a message, by that thread
 *     RUNNING → STOPPED         by the main thread: from then on nothing the thread does counts
 *     DONE, POSTED → FREE       taken note of, by the main thread
 *
 * A STOPPED cell is free again some seconds later: until it has died, its thread may look into it.
 */

import { Buffer } from "node:buffer";

const [FREE, READY, DONE, STOPPED] = [0, 1, 2, 3];
/** A thread that is ended lives no longer. */
const DEATH_MS = 5000;
/** Of the first thread; each has this and the next number for RUNNING and POSTED. */
const FIRST_THREAD = 4;

/** Tasks with longer arguments, and longer results, are sent as messages. */
const CELL_BYTES = 4096;
const HEADER_BYTES = 32;
const MAX_CHARS = (CELL_BYTES - HEADER_BYTES) / 2;
/** Cells are made in such numbers, */
const CELLS_AT_ONCE = 64;
/** and there are never more: twice the threads that a worker may have. */
const MAX_CELLS = 20_032;
/** Places in the order in which tasks are taken, more than there are cells. */
const PLACES = 32_768;

/** Where in `order` the next task is taken, and the next is put; whether the main thread was rung for. */
const [HEAD, TAIL, RUNG, FIRST_PLACE] = [0, 1, 2, 3];
/** Within a cell: 32-bit integers, */
const [STATE, CHARS] = [0, 1];
/** and 64-bit numbers. */
const [BEGUN_AT, RAN_MS] = [1, 2];

/** What threads are given to take part. */
export interface SharedQueue {
  order: SharedArrayBuffer;
  cells: SharedArrayBuffer;
}

/** What has become of a task that was put in; `at`: since when, Unix time in ms, 0 for a moment ago. */
export type Fate =
  | { state: "ready" }
  | { state: "running" | "posted"; thread: number; at: number }
  | { state: "done"; at: number; ms: number };

export class ThreadQueue {
  readonly #order: Int32Array;
  /** Cells that the views below show. Views that grow with their memory are slow. */
  #cells = 0;
  #states: Int32Array = new Int32Array();
  #numbers: Float64Array = new Float64Array();
  #chars: Uint16Array = new Uint16Array();
  #bytes: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  /** Cells that are free; of the main thread, */
  readonly #free: number[] = [];
  /** and those that will be, the first stopped first. */
  readonly #stopped: { cell: number; at: number }[] = [];

  constructor(readonly shared: SharedQueue = share()) {
    this.#order = new Int32Array(shared.order);
  }

  // ---- The main thread ----

  /**
   * Puts a task at the end.
   * @param text what a thread needs to know of it; where it does not fit, the thread gets null instead
   * @returns its cell
   */
  put(text: string): number {
    if (this.#free.length === 0 && !this.#regain()) this.#grow();
    const cell = this.#free.pop();
    if (cell === undefined) throw new Error("invariant: more tasks than a worker may hold");
    this.#write(cell, text);
    this.#numbers[numberOf(cell, BEGUN_AT)] = 0;
    Atomics.store(this.#states, stateOf(cell), READY);
    const tail = Atomics.load(this.#order, TAIL);
    this.#order[placeOf(tail)] = cell;
    Atomics.store(this.#order, TAIL, tail + 1 | 0);
    this.#skip();
    return cell;
  }

  /** Takes back what has not begun; false where it has. */
  takeBack(cell: number): boolean {
    if (!this.#step(cell, READY, FREE)) return false;
    this.#free.push(cell);
    return true;
  }

  /** Keeps a thread from ending what it runs in a cell; false where it has ended it. */
  stop(cell: number, thread: number): boolean {
    const stopped = this.#step(cell, running(thread), STOPPED) ||
      this.#step(cell, posted(thread), STOPPED);
    if (stopped) this.#stopped.push({ cell, at: performance.now() });
    return stopped;
  }

  /** Frees a cell whose outcome is known. */
  release(cell: number): void {
    Atomics.store(this.#states, stateOf(cell), FREE);
    this.#free.push(cell);
  }

  /** What has become of the task in a cell. */
  fateOf(cell: number): Fate {
    const state = Atomics.load(this.#states, stateOf(cell));
    if (state === READY) return { state: "ready" };
    const at = this.#numbers[numberOf(cell, BEGUN_AT)] ?? 0;
    if (state === DONE) {
      return { state: "done", at, ms: this.#numbers[numberOf(cell, RAN_MS)] ?? 0 };
    }
    const thread = state - FIRST_THREAD;
    return { state: thread % 2 === 0 ? "running" : "posted", thread: thread >> 1, at };
  }

  /** The outcome in a cell that is done. */
  outcome(cell: number): string {
    return this.#read(cell) ?? "";
  }

  /** Whether a thread that looks would find a task. */
  get hasReady(): boolean {
    this.#skip();
    return Atomics.load(this.#order, HEAD) !== Atomics.load(this.#order, TAIL);
  }

  /** The main thread takes note of what was done: whoever ends a task from now on rings again. */
  answer(): void {
    Atomics.store(this.#order, RUNG, 0);
  }

  // ---- A thread ----

  /** Begins the next task; answers its cell, or -1 where none waits. */
  take(thread: number): number {
    while (true) {
      const head = Atomics.load(this.#order, HEAD);
      if (head === Atomics.load(this.#order, TAIL)) return -1;
      const cell = this.#order[placeOf(head)] ?? 0;
      if (cell >= this.#cells) this.#view();
      const taken = this.#step(cell, READY, running(thread));
      Atomics.compareExchange(this.#order, HEAD, head, head + 1 | 0);
      if (!taken) continue; // by another, or taken back
      this.#numbers[numberOf(cell, BEGUN_AT)] = Date.now();
      return cell;
    }
  }

  /** What was put; null where it was too long. */
  text(cell: number): string | null {
    return this.#read(cell);
  }

  /**
   * Ends a task with its outcome in its cell.
   * @param outcome where that is too long or null, it has to be posted
   * @returns null where the task was stopped meanwhile
   */
  end(cell: number, thread: number, outcome: string | null, ms: number): "done" | "post" | null {
    this.#numbers[numberOf(cell, RAN_MS)] = ms;
    const fits = outcome !== null && this.#write(cell, outcome);
    if (!this.#step(cell, running(thread), fits ? DONE : posted(thread))) return null;
    return fits ? "done" : "post";
  }

  /** Whether the main thread is to be rung for: false where someone has already. */
  ring(): boolean {
    return Atomics.compareExchange(this.#order, RUNG, 0, 1) === 0;
  }

  // ---- Both ----

  #step(cell: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#states, stateOf(cell), from, to) === from;
  }

  /** Passes over what was taken back. */
  #skip(): void {
    while (true) {
      const head = Atomics.load(this.#order, HEAD);
      if (head === Atomics.load(this.#order, TAIL)) return;
      const cell = this.#order[placeOf(head)] ?? 0;
      if (cell >= this.#cells) this.#view();
      if (Atomics.load(this.#states, stateOf(cell)) === READY) return;
      Atomics.compareExchange(this.#order, HEAD, head, head + 1 | 0);
    }
  }

  #regain(): boolean {
    const [first] = this.#stopped;
    if (first === undefined || performance.now() - first.at < DEATH_MS) return false;
    this.#stopped.shift();
    this.release(first.cell);
    return true;
  }

  #grow(): void {
    const { cells } = this.shared;
    const first = cells.byteLength / CELL_BYTES;
    cells.grow(cells.byteLength + CELLS_AT_ONCE * CELL_BYTES);
    this.#view();
    for (let i = CELLS_AT_ONCE; i-- > 0;) this.#free.push(first + i);
  }

  /** Shows all cells that there are by now. */
  #view(): void {
    const { cells } = this.shared;
    const { byteLength } = cells;
    this.#states = new Int32Array(cells, 0, byteLength / 4);
    this.#numbers = new Float64Array(cells, 0, byteLength / 8);
    this.#chars = new Uint16Array(cells, 0, byteLength / 2);
    this.#bytes = Buffer.from(cells, 0, byteLength);
    this.#cells = byteLength / CELL_BYTES;
  }

  #write(cell: number, text: string): boolean {
    const fits = text.length <= MAX_CHARS;
    this.#states[cell * (CELL_BYTES / 4) + CHARS] = fits ? text.length : -1;
    if (!fits) return false;
    const first = (cell * CELL_BYTES + HEADER_BYTES) / 2;
    for (let i = 0; i < text.length; i++) this.#chars[first + i] = text.charCodeAt(i);
    return true;
  }

  #read(cell: number): string | null {
    const chars = this.#states[cell * (CELL_BYTES / 4) + CHARS] ?? -1;
    if (chars < 0) return null;
    const first = cell * CELL_BYTES + HEADER_BYTES;
    return this.#bytes.toString("utf16le", first, first + 2 * chars);
  }
}

function share(): SharedQueue {
  return {
    order: new SharedArrayBuffer(4 * (FIRST_PLACE + PLACES)),
    cells: new SharedArrayBuffer(0, { maxByteLength: MAX_CELLS * CELL_BYTES }),
  };
}

function stateOf(cell: number): number {
  return cell * (CELL_BYTES / 4) + STATE;
}

function numberOf(cell: number, which: number): number {
  return cell * (CELL_BYTES / 8) + which;
}

/** Numbers of tasks run on for ever, places do not. */
function placeOf(number: number): number {
  return FIRST_PLACE + (number & PLACES - 1);
}

function running(thread: number): number {
  return FIRST_THREAD + 2 * thread;
}

function posted(thread: number): number {
  return FIRST_THREAD + 2 * thread + 1;
}
