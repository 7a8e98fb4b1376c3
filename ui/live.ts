/** The one WebSocket of the page: what it follows, and how it comes back when it is lost. */

import type { ClientMessage, ServerMessage, Topic } from "../jobs/wire.ts";

export type Link = "connecting" | "open" | "lost";

export interface LiveOptions {
  url: string;
  /** The tasks to follow, each with the number of its last known event. */
  tasks(): Map<string, number>;
  topics(): Topic[];
  onMessage(message: ServerMessage): void;
  onLink(link: Link): void;
}

/** Milliseconds from one try to the next; the last holds for all further ones. */
const BACKOFF = [300, 600, 1200, 2400, 4500];

/** A try that has no answer after this many milliseconds has failed. */
const TRY_TIMEOUT = 4000;

/** Ids in one message, to stay below what a server reads. */
const IDS_PER_MESSAGE = 200;

export class Live {
  #socket: WebSocket | null = null;
  #followed = new Set<string>();
  #topics = "";
  #failures = 0;
  #triedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  #options: LiveOptions;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Connects now; also when the next try would be later, or when the present link seems dead. */
  connect(): void {
    if (this.#socket) this.#options.onLink("lost");
    this.#drop();
    this.#triedAt = Date.now();
    const socket = new WebSocket(this.#options.url);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lost(socket), TRY_TIMEOUT);
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#failures = 0;
      // Says at once what it wants, because who never asks is sent the events of all tasks.
      this.#send({ subscribe: {} });
      this.sync();
      this.#options.onLink("open");
    };
    socket.onmessage = ({ data }) => {
      const messages: ServerMessage | ServerMessage[] = JSON.parse(data);
      // A server of an older version sends them one by one, while servers are upgraded.
      for (const message of Array.isArray(messages) ? messages : [messages]) {
        this.#options.onMessage(message);
      }
    };
    socket.onclose = () => this.#lost(socket);
  }

  /** Closes the socket and tries no more, until it is told to connect again. */
  stop(): void {
    this.#drop();
    this.#options.onLink("connecting");
  }

  /** Brings what the server sends in line with what is wanted. */
  sync(): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#syncTopics();
    const wanted = this.#options.tasks();
    const added = [...wanted].filter(([id]) => !this.#followed.has(id));
    const dropped = [...this.#followed].filter((id) => !wanted.has(id));
    for (const ids of chunks(added)) this.#send({ subscribe: Object.fromEntries(ids) });
    for (const ids of chunks(dropped)) this.#send({ unsubscribe: ids });
    this.#followed = new Set(wanted.keys());
  }

  #syncTopics(): void {
    const topics = this.#options.topics().sort();
    if (topics.join() === this.#topics) return;
    this.#topics = topics.join();
    this.#send({ topics });
  }

  #send(message: ClientMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    this.#drop();
    this.#options.onLink("lost");
    // From try to try, so that a try that hangs does not add to the wait.
    const next = this.#triedAt + retryAfter(this.#failures++, Math.random());
    this.#timer = setTimeout(() => this.connect(), Math.max(100, next - Date.now()));
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    this.#followed.clear();
    this.#topics = "";
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}

/**
 * Milliseconds from a try that failed to the next one.
 * @param failures how many tries have failed before that one
 * @param jitter 0 to 1; spreads the pages that one server has lost
 */
export function retryAfter(failures: number, jitter: number): number {
  const longest = BACKOFF.at(-1) ?? 0;
  return (BACKOFF[failures] ?? longest) * (0.8 + 0.2 * jitter);
}

function chunks<T>(items: T[]): T[][] {
  const count = Math.ceil(items.length / IDS_PER_MESSAGE);
  return Array.from(
    { length: count },
    (_, index) => items.slice(index * IDS_PER_MESSAGE, (index + 1) * IDS_PER_MESSAGE),
  );
}
