import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { onStopSignal } from "../lib/signals.ts";
import { until } from "./until.ts";

Deno.test("signals that come together are one, a later one is another", async () => {
  let stops = 0;
  const stopListening = onStopSignal(() => void stops++);
  try {
    // As when a runner passes on a signal that its child has had already.
    for (let time = 1; time <= 2; time++) {
      Deno.kill(Deno.pid, "SIGTERM");
      await until(() => stops === 1);
    }
    await sleep(300);
    assertEquals(stops, 1);
    Deno.kill(Deno.pid, "SIGTERM");
    await until(() => stops === 2);
  } finally {
    stopListening();
  }
});
