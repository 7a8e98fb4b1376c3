/** Topics: figures that the server sends again whenever they change, while somebody looks at them. */

import { type Signal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Topic, TopicData } from "../../jobs/wire.ts";
import { addPart, syncSoon } from "./connection.ts";

const newest: { [T in Topic]: Signal<TopicData[T] | null> } = {
  counts: signal(null),
  queues: signal(null),
  workers: signal(null),
  history: signal(null),
  schedules: signal(null),
  dead: signal(null),
};

/** How many components look at each topic. */
const watchers = new Map<Topic, number>();

/** The newest of a topic, which is watched while the component is shown; null until it is known. */
export function useTopic<T extends Topic>(topic: T): TopicData[T] | null {
  useEffect(() => {
    change(topic, 1);
    return () => change(topic, -1);
  }, [topic]);
  return newest[topic].value;
}

addPart({
  topics: () => [...watchers.keys()],
  receive(message) {
    if (message.type !== "topic") return;
    const { topic, data } = message;
    (newest[topic] as Signal<typeof data | null>).value = data;
  },
});

function change(topic: Topic, by: 1 | -1): void {
  const count = (watchers.get(topic) ?? 0) + by;
  if (count > 0) watchers.set(topic, count);
  else watchers.delete(topic);
  syncSoon();
}
