/** The language of the search box. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import {
  complete,
  parseQuery,
  type Qualifier,
  QUALIFIERS,
  termText,
  withoutTerm,
  withTerm,
} from "../ui/query.ts";

const NOW = Date.parse("2030-01-31T12:00:00Z");
const parsed = (text: string) => parseQuery(text, NOW);
const filterOf = (text: string) => {
  const { filter, problem } = parsed(text);
  assertEquals(problem, "");
  return filter;
};

Deno.test("qualifiers and words become a filter", () => {
  assertEquals(filterOf(""), {});
  assertEquals(filterOf("  "), {});
  assertEquals(
    filterOf(
      'name:webhook queue:mail worker:taskapp@web-1 args:"a b" error:timeout id:0190 dead:true',
    ),
    {
      name: "webhook",
      queue: "mail",
      worker: "taskapp@web-1",
      args: "a b",
      error: "timeout",
      id: "0190",
      dead: true,
    },
  );
  assertEquals(filterOf("connection refused"), { text: "connection refused" });
  assertEquals(filterOf("NAME:x timeout"), { name: "x", text: "timeout" });
  assertEquals(filterOf('text:"no route" to'), { text: "no route to" });
  assertEquals(filterOf("state:failure,Retry"), { state: "FAILURE,RETRY" });
  assertEquals(filterOf('args:"say \\"hi\\""'), { args: 'say "hi"' });
});

Deno.test("times are so long ago, or a moment", () => {
  assertEquals(filterOf("since:1h until:90s"), {
    since: "2030-01-31T11:00:00.000Z",
    until: "2030-01-31T11:58:30.000Z",
  });
  assertEquals(filterOf("since:2030-01-01T10:00Z"), { since: "2030-01-01T10:00:00.000Z" });
  const day = filterOf("since:2030-01-01").since ?? "";
  assertEquals(new Date(day).getTime(), new Date(2030, 0, 1).getTime());
});

Deno.test("what has a colon and is no qualifier is refused, or a text in quotes or an address", () => {
  assertStringIncludes(parsed("quue:mail").problem, "There is no qualifier quue:");
  assertEquals(filterOf('"quue:mail"'), { text: "quue:mail" });
  assertEquals(filterOf("https://example.com/a"), { text: "https://example.com/a" });
});

Deno.test("what is wrong is said, with what would be right", () => {
  assertStringIncludes(parsed("state:BROKEN").problem, "FAILURE");
  assertStringIncludes(parsed("state:FAILURE,").problem, "FAILURE");
  assertStringIncludes(parsed("since:yesterday").problem, "2h");
  assertStringIncludes(parsed("since:2030-99-99").problem, "2h");
  assertStringIncludes(parsed("dead:no").problem, "true");
  assertStringIncludes(parsed("name:a name:b").problem, "twice");
});

Deno.test("a qualifier that is still being typed does not count", () => {
  assertEquals(filterOf("queue:mail name:"), { queue: "mail" });
  assertEquals(filterOf('args:"'), {});
  assertEquals(filterOf('args:"a b'), { args: "a b" });
});

Deno.test("terms are taken out and put in", () => {
  const text = "queue:mail timeout state:FAILURE";
  const { terms } = parsed(text);
  assertEquals(terms.map((term) => withoutTerm(text, term)), [
    "timeout state:FAILURE",
    "queue:mail state:FAILURE",
    "queue:mail timeout",
  ]);
  assertEquals(withTerm(text, "state", null), "queue:mail timeout");
  assertEquals(withTerm(text, "queue", "a b"), 'timeout state:FAILURE queue:"a b"');
  assertEquals(withTerm("", "name", "x"), "name:x");
  assertEquals(withTerm("  state:A x state:B ", "state", null), "x");
});

Deno.test("what is being typed is completed", () => {
  const known = { name: ["webhook", "web", "divide", "my web"] };
  const texts = (text: string, caret = text.length) =>
    complete(text, caret, known).choices.map((choice) => choice.text);
  assertEquals(texts(""), Object.keys(QUALIFIERS).map((key) => `${key}:`));
  assertEquals(texts("s"), ["schedule:", "state:", "since:"]);
  assertEquals(texts("name:we"), ["name:webhook ", "name:web ", 'name:"my web" ']);
  assertEquals(texts("name:zzz"), []);
  assertEquals(texts("state:FAILURE,ret"), ["state:FAILURE,RETRY "]);
  assertEquals(texts("x queue:"), []);
  assertEquals(texts("http://x"), []);
  const { from, to } = complete("a name:we b", 9, known);
  assertEquals([from, to], [2, 9]);
});

Deno.test("every value of a qualifier is read as it was written", () => {
  const keys = (Object.keys(QUALIFIERS) as Qualifier[])
    .filter((key) => !["state", "since", "until", "dead"].includes(key));
  fc.assert(fc.property(
    fc.uniqueArray(fc.constantFrom(...keys)),
    fc.array(fc.string({ minLength: 1, unit: "grapheme" }), { minLength: 12, maxLength: 12 }),
    (chosen, values) => {
      const wanted = Object.fromEntries(chosen.map((key, index) => [key, values[index] ?? "x"]));
      const text = Object.entries(wanted)
        .map(([key, value]) => termText(key as Qualifier, value)).join(" ");
      assertEquals(filterOf(text), wanted);
    },
  ));
});
