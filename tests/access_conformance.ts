/** What every broker must do for the login. Each case gets an empty store. */

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { MAX_AUDIT, MAX_RECORDS } from "../jobs/access_store.ts";
import { type Broker, InvalidCursorError } from "../jobs/broker.ts";
import { connectBroker } from "../jobs/connect.ts";
import type { TestStore } from "./stores.ts";

type Case = (connect: () => Broker) => Promise<void>;

const cases: Record<string, Case> = {
  "a record is there for every process until it is removed": async (connect) => {
    const { access } = connect();
    assertEquals(await access.read(null), { revision: 0, records: new Map() });
    assertEquals(await access.put("user ü:1", '{"a":1}', null), "stored");
    const other = connect().access;
    const first = await other.read(null);
    assertEquals(first?.records, new Map([["user ü:1", '{"a":1}']]));
    assertEquals(await other.put("user ü:1", null, '{"a":1}'), "stored");
    const second = await access.read(first?.revision ?? 0);
    assertEquals(second?.records, new Map());
    assertNotEquals(second?.revision, first?.revision);
  },

  "who knows the revision is told of changes only": async (connect) => {
    const { access } = connect();
    await access.put("secret", "x", null);
    const { revision = -1 } = await access.read(null) ?? {};
    assertEquals(await access.read(revision), null);
    await access.put("secret", "y", "x");
    assertEquals((await access.read(revision))?.records.get("secret"), "y");
  },

  "of those who change what they have read, one does": async (connect) => {
    const stores = [connect().access, connect().access, connect().access];
    const outcomes = await Promise.all(
      stores.map(({ put }, i) => put.call(stores[i], "secret", `of ${i}`, null)),
    );
    assertEquals(outcomes.toSorted(), ["changed", "changed", "stored"]);
    const [access] = stores;
    assertEquals(await access?.put("secret", null, "of nobody"), "changed");
    assertEquals(await access?.put("none", "x", "before"), "changed");
    const { records } = await access?.read(null) ?? {};
    assertEquals(records?.get("secret"), `of ${outcomes.indexOf("stored")}`);
  },

  "there are no more records than it says, and those there are can be changed": async (connect) => {
    const { access } = connect();
    for (let first = 0; first < MAX_RECORDS; first += 100) {
      const some = Array.from({ length: 100 }, (_, i) => `user ${first + i}`);
      await Promise.all(some.map((field) => access.put(field, "x", null)));
    }
    assertEquals(await access.put("user too much", "x", null), "full");
    assertEquals(await access.put("user 7", "y", "x"), "stored");
    assertEquals(await access.put("user 8", null, "x"), "stored");
    assertEquals(await access.put("user again", "x", null), "stored");
  },

  "what is spent is spent for all until its time is over": async (connect) => {
    const [one, two] = [connect().access, connect().access];
    const answers = await Promise.all([one.spend("a", 1000), two.spend("a", 1000)]);
    assertEquals(answers.toSorted(), [false, true]);
    assertEquals(await two.spend("b", 60_000), true);
    await sleep(1050);
    assertEquals(await one.spend("a", 1000), true);
    assertEquals(await one.spend("b", 1000), false);
  },

  "the audit trail is read from the newest on": async (connect) => {
    const { access } = connect();
    assertEquals(await access.audit(10), []);
    const before = Date.now();
    for (let i = 0; i < 25; i++) await access.note(`{"ü":${i}}`);
    const seen: string[] = [];
    let cursor: string | undefined;
    while (seen.length < 25) {
      const page = await connect().access.audit(10, cursor);
      for (const { at } of page) assert(Math.abs(at - before) < 60_000);
      seen.push(...page.map(({ body }) => body));
      cursor = page.at(-1)?.cursor;
    }
    assertEquals(seen, Array.from({ length: 25 }, (_, i) => `{"ü":${24 - i}}`));
    for (const wrong of ["x", "1-x", "-1", "1; DROP"]) {
      await assertRejects(() => access.audit(10, wrong), InvalidCursorError);
    }
  },

  "the audit trail keeps the newest": async (connect) => {
    const { access } = connect();
    for (let first = 0; first < MAX_AUDIT + 500; first += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, i) => access.note(`${first + i}`)));
    }
    const all = await access.audit(MAX_AUDIT + 1000);
    assertEquals(all.length, MAX_AUDIT);
    assertEquals(all[0]?.body, `${MAX_AUDIT + 499}`);
  },
};

/** Runs all cases against a store. */
export function testAccess(kind: string, start: () => Promise<TestStore>): void {
  for (const [name, check] of Object.entries(cases)) {
    Deno.test(`${kind}: ${name}`, async () => {
      await using store = await start();
      const brokers: Broker[] = [];
      try {
        await check(() => {
          const broker = connectBroker(store.url);
          brokers.push(broker);
          return broker;
        });
      } finally {
        await Promise.all(brokers.map((broker) => broker.close()));
      }
    });
  }
}
