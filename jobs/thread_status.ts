/**
 * What the main thread and one thread know of each other at any moment, in memory that both share: a
 * thread in a busy loop answers no message.
 */

/** It waits for a message; */
const IDLE = 0;
/** takes tasks for as long as there are any; */
const AWAKE = 1;
/** has posted an outcome, and waits until the main thread has it; */
const HOLDING = 2;
/** or takes no more, ever. */
const CLOSED = 3;

const [MODE, LEAVING, BEGUN, ENDED, USED_KIB, FIELDS] = [0, 1, 2, 3, 4, 5];

export class ThreadStatus {
  readonly #fields: Int32Array;

  constructor(readonly shared = new SharedArrayBuffer(4 * FIELDS)) {
    this.#fields = new Int32Array(shared);
  }

  /** How many tasks have ended. */
  get ended(): number {
    return this.#get(ENDED);
  }

  /** How many tasks have begun. */
  get begun(): number {
    return this.#get(BEGUN);
  }

  /** What the thread used when it last said so; null before that. */
  get usedMiB(): number | null {
    return this.#get(USED_KIB) / 1024 || null;
  }

  noteUsed(mib: number): void {
    Atomics.store(this.#fields, USED_KIB, Math.ceil(mib * 1024));
  }

  get isIdle(): boolean {
    return this.#get(MODE) === IDLE;
  }

  /** Whether it is to take no more tasks. */
  get isLeaving(): boolean {
    return this.#get(LEAVING) === 1;
  }

  /** The main thread wants it to go when its task has ended, or not any more. */
  set isLeaving(leaving: boolean) {
    Atomics.store(this.#fields, LEAVING, leaving ? 1 : 0);
  }

  /** Wakes an idle thread: whoever gets true sees to it that it works. */
  wake(): boolean {
    return this.#step(IDLE, AWAKE);
  }

  /** The main thread has what was posted: the thread is to go on. */
  goOn(): boolean {
    return this.#step(HOLDING, AWAKE);
  }

  /** Keeps an idle thread from ever taking a task; false where it is not idle. */
  close(): boolean {
    return this.#step(IDLE, CLOSED);
  }

  rest(): void {
    Atomics.store(this.#fields, MODE, IDLE);
  }

  hold(): void {
    Atomics.store(this.#fields, MODE, HOLDING);
  }

  noteBegin(): void {
    Atomics.add(this.#fields, BEGUN, 1);
  }

  noteEnd(): void {
    Atomics.add(this.#fields, ENDED, 1);
  }

  #get(field: number): number {
    return Atomics.load(this.#fields, field);
  }

  #step(from: number, to: number): boolean {
    return Atomics.compareExchange(this.#fields, MODE, from, to) === from;
  }
}
