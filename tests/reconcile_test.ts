import { assertEquals } from "@std/assert";
import { Reconciler } from "../jobs/reconcile.ts";

const A = { id: "a", token: 1 };
const B = { id: "b", token: 1 };
const nothing = new Map<string, number>();
const held = new Set<string>();
const isHeld = (id: string) => held.has(id);

Deno.test("a task that the broker has under another token, or not at all, is lost", () => {
  const mine = new Map([["a", 1], ["b", 1], ["c", 1]]);
  const { lost } = new Reconciler().compare(mine, [{ id: "a", token: 2 }, B], isHeld);
  assertEquals(lost, [A, { id: "c", token: 1 }]);
});

Deno.test("a task that only the broker knows of is unheard of when it is seen again", () => {
  const reconciler = new Reconciler();
  const seen = () => reconciler.compare(nothing, [A], isHeld).unheard;
  assertEquals([seen(), seen()], [[], [A]]);
  assertEquals(reconciler.compare(nothing, [B], isHeld).unheard, []);
  assertEquals([seen(), seen()], [[], [A]]);
});

Deno.test("a claim that is slow to answer may be theirs: its tasks are not handed back", () => {
  const reconciler = new Reconciler();
  const seen = () => reconciler.compare(nothing, [A], isHeld).unheard;
  reconciler.claimBegins();
  assertEquals([seen(), seen(), seen()], [[], [], []]);
  reconciler.claimEnds(); // it failed, so that they are nobody's
  reconciler.claimBegins(); // begun after they were seen, so that it cannot be theirs
  assertEquals(seen(), [A]);
  reconciler.claimEnds();
});

Deno.test("a task that the claim's answer brings is not unheard of", () => {
  const reconciler = new Reconciler();
  reconciler.claimBegins();
  reconciler.compare(nothing, [A], isHeld);
  reconciler.claimEnds();
  held.add("a");
  assertEquals(reconciler.compare(new Map([["a", 1]]), [A], isHeld), { lost: [], unheard: [] });
  held.clear();
});
