/** What Redis keeps beside its tasks, compared with what the tasks say. */

import type { Redis } from "ioredis";
import { PREFIX } from "../jobs/redis/keys.ts";

/** Numbers by name; what is absent is 0. */
class Numbers extends Map<string, number> {
  add(name: string | undefined, by = 1): void {
    if (name !== undefined) this.set(name, (this.get(name) ?? 0) + by);
  }
}

/**
 * Answers each number, list and place of a lane that is not as the tasks and lists say. Names of queues
 * must be without colons.
 */
export async function wrongAccounts(redis: Redis): Promise<string[]> {
  const keys = (await redis.keys(`${PREFIX}*`)).map((key) => key.slice(PREFIX.length));
  const keysOf = (kind: string) => keys.filter((key) => key.startsWith(`${kind}:`));
  const listAt = (key: string) => redis.lrange(PREFIX + key, 0, -1);
  const scheduled = new Set(await redis.zrange(`${PREFIX}scheduled`, "0", "-1"));
  const [active, running, delayed] = [new Numbers(), new Numbers(), new Numbers()];
  const [laned, stale] = [new Numbers(), new Numbers()];
  const held = new Map<string, string[]>();
  for (const key of keysOf("task")) {
    const { status = "", queue, worker = "", concurrency_key } = await redis.hgetall(PREFIX + key);
    const id = key.slice("task:".length);
    if (scheduled.has(id)) {
      delayed.add(queue);
    } else if (status === "PENDING") {
      stale.add(queue, -1); // it is in a list, and of what is there the rest is stale
    } else if (status === "STARTED" || status === "PROGRESS") {
      active.add(queue);
      running.add(concurrency_key);
      held.set(`active:${worker}`, [...held.get(`active:${worker}`) ?? [], id]);
    }
  }

  const wrong: string[] = [];
  const aside = await Promise.all([...keysOf("blocked"), ...keysOf("held")].map(listAt));
  for (const key of [...keysOf("queue"), ...keysOf("lane")]) {
    const [kind, queue] = key.split(":");
    const { length } = await listAt(key);
    stale.add(queue, length);
    if (kind === "queue") continue;
    laned.add(queue, length);
    const [, place = "", lane = ""] = /^lane:(\S+) (.+)$/.exec(key) ?? [];
    const counted = await redis.hget(`${PREFIX}lanes:${place}`, lane);
    const inRotation = (await listAt(`rotation:${place}`)).filter((each) => each === lane);
    const isAside = aside.flat().filter((each) => each === `${place} ${lane}`);
    const places = inRotation.length + isAside.length;
    if (counted !== `${length}`) wrong.push(`${key} holds ${length}, not ${counted}`);
    if (places !== 1) wrong.push(`${key} has ${places} places`);
  }

  const numbers = {
    active_in: active,
    running,
    scheduled_in: delayed,
    laned_in: laned,
    stale_in: stale,
  };
  for (const [key, counted] of Object.entries(numbers)) {
    const said = await redis.hgetall(PREFIX + key);
    for (const name of new Set([...counted.keys(), ...Object.keys(said)])) {
      const [is, says] = [counted.get(name) ?? 0, Number(said[name] ?? 0)];
      if (is !== says) wrong.push(`${key} says ${says} of ${name}, where there are ${is}`);
    }
  }
  for (const key of new Set([...held.keys(), ...keysOf("active")])) {
    const [is, says] = [held.get(key) ?? [], await listAt(key)];
    if (`${is.toSorted()}` !== `${says.toSorted()}`) {
      wrong.push(`${key} is ${says}, where ${is} run`);
    }
  }
  return wrong;
}
