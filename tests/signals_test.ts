import { assertEquals } from "@std/assert";
import { apart } from "./apart.ts";

Deno.test("signals that come together are one, a later one is another", async () => {
  assertEquals(await apart("signals.ts"), "2 signals, 1 stop(s)\n3 signals, 2 stop(s)\n");
});
