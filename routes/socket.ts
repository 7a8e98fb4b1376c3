/** A watcher's WebSocket: the messages that it sends and understands. */

import { z } from "@hono/zod-openapi";
import type { Broker } from "../jobs/broker.ts";
import { type Topic, TOPICS } from "../jobs/wire.ts";
import { Batched, type Channel, Single } from "./channel.ts";
import type { Hub } from "./hub.ts";
import { inputErrors } from "./problem.ts";
import type { TopicClient, Topics } from "./topics.ts";
import { BROKER_AWAY, HIGH, MAX_FOLLOWED, type Sink, Watcher } from "./watcher.ts";

const MAX_MESSAGE = 64 * 1024;

const MESSAGE_TOO_BIG = 1009;
const POLICY_VIOLATION = 1008;
const UNKNOWN_TASK = 4404;

/** A ping goes out when a client has been silent for so long; one that does not answer is gone. */
const IDLE_TIMEOUT_S = 30;

const Id = z.string().min(1).max(128);

const Message = z.strictObject({
  subscribe: z.union([z.array(Id), z.record(Id, z.int().min(0))], {
    error: "must be a list of task ids, or an object of task ids and numbers",
  }).optional(),
  unsubscribe: z.array(Id).optional(),
  topics: z.array(z.enum(TOPICS)).optional(),
});

/** What a socket shows: every task until it chooses tasks or topics, or one task. */
export type Subject = "all" | { id: string; after: number | undefined };

/** What sockets are served from. */
export interface LiveParts {
  hub: Hub;
  topics: Topics;
  broker: Broker;
}

/**
 * Answers the request to open a WebSocket and serves it.
 * @param batch whether the client wants several messages in a frame
 * @param onOpen told how to end it, answers what to do when it has ended
 * @throws {TypeError} the request is no such request
 */
export function openSocket(
  request: Request,
  { hub, topics, broker }: LiveParts,
  subject: Subject,
  batch: boolean,
  onOpen: (end: (code: number, reason: string) => void) => () => void,
): Response {
  const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_TIMEOUT_S });
  // A client that went away before it was open never closes: nothing may be held for it until then.
  socket.onopen = () => {
    const channel = batch ? new Batched(socket, hub.pulse) : new Single(socket);
    const watcher = new Watcher(hub, broker, sinkOf(channel, subject));
    if (subject === "all") watcher.followAll();
    else watcher.follow(subject.id, subject.after);
    const topicClient = topicClientOf(channel);
    const onEnd = onOpen((code, reason) => watcher.close(code, reason));
    let open = true;
    const choose = (chosen: Topic[]) => topics.watch(topicClient, chosen);
    socket.onmessage = ({ data }) => receive(channel, watcher, choose, data);
    socket.onclose = () => {
      // Deno tells twice of a client that stopped answering.
      if (open) onEnd();
      open = false;
      choose([]);
      watcher.close();
    };
  };
  return response;
}

function sinkOf(channel: Channel, subject: Subject): Sink {
  return {
    snapshot: (task) => channel.send({ type: "snapshot", task }),
    event: ({ message }) => channel.sendText(message),
    events: channel.sendAll && ((batch) => channel.sendAll?.(batch)),
    unknown(id) {
      channel.send({ type: "unknown", task_id: id });
      if (subject !== "all") channel.close(UNKNOWN_TASK, "No such task");
    },
    notice: (detail) => channel.send({ type: "error", detail }),
    buffered: () => channel.buffered(),
    close: (code, reason) => channel.close(code, reason),
  };
}

function topicClientOf(channel: Channel): TopicClient {
  return {
    tell(text) {
      const keepsUp = channel.buffered() <= HIGH;
      if (keepsUp) channel.sendText(text);
      return keepsUp;
    },
    away: () => channel.send({ type: "error", detail: BROKER_AWAY }),
  };
}

function receive(
  channel: Channel,
  watcher: Watcher,
  choose: (topics: Topic[]) => void,
  data: unknown,
): void {
  // Every message may be answered; who does not read the answers may not ask for more.
  if (channel.buffered() > HIGH) return watcher.close(POLICY_VIOLATION, "Read before you send");
  if (typeof data !== "string" || data.length > MAX_MESSAGE) {
    return watcher.close(MESSAGE_TOO_BIG, `Messages are text of at most ${MAX_MESSAGE} bytes`);
  }
  const message = parse(data);
  if (typeof message === "string") return channel.send({ type: "error", detail: message });
  if (message.topics) {
    watcher.followOnlyChosen();
    choose(message.topics);
  }
  for (const id of message.unsubscribe ?? []) watcher.unfollow(id);
  if (message.subscribe) {
    watcher.followOnlyChosen();
    const { subscribe } = message;
    const wanted = Array.isArray(subscribe)
      ? subscribe.map((id) => [id, undefined] as const)
      : Object.entries(subscribe);
    for (const [id, after] of wanted) {
      if (watcher.size >= MAX_FOLLOWED) {
        const detail = `One socket can watch ${MAX_FOLLOWED} tasks: unsubscribe from some first`;
        return channel.send({ type: "error", detail });
      }
      watcher.follow(id, after);
    }
  }
}

/** The message, or a sentence on what is wrong with it. */
function parse(text: string): z.infer<typeof Message> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'Messages are JSON: {"subscribe": [task ids]}, {"unsubscribe": [task ids]} or ' +
      '{"topics": [names]}';
  }
  const parsed = Message.safeParse(value);
  if (parsed.success) return parsed.data;
  return inputErrors(parsed.error, "message").map(({ path, message }) => `${path}: ${message}`)
    .join("; ");
}
