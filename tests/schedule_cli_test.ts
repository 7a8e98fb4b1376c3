import { assertEquals, assertMatch } from "@std/assert";
import { run } from "../main.ts";
import { startSqlite } from "./stores.ts";

Deno.test("taskapp schedule adds, lists, shows, changes, runs and deletes", async () => {
  await using store = await startSqlite();
  const taskapp = async (...args: string[]) => {
    let out = "", err = "";
    const code = await run(["schedule", ...args, "--broker", store.url], {
      out: (text) => out += text,
      err: (text) => err += text,
      interactive: false,
    });
    return { code, out, err };
  };
  const fine = async (...args: string[]) => {
    const { code, out, err } = await taskapp(...args);
    assertEquals([code, err], [0, ""]);
    return out;
  };
  /** Answers what is said in one line on standard error, where nothing is done. */
  const refused = async (...args: string[]) => {
    const { code, out, err } = await taskapp(...args);
    assertEquals([code, out, err.trim().split("\n").length], [2, "", 1], err);
    return err;
  };

  assertEquals(await fine("ls"), "NAME  TASK  SCHEDULE  NEXT  LAST\n");
  const cron = ["--cron", "30 2 * * *", "--timezone", "Europe/Berlin"];
  assertMatch(
    await fine("add", "nightly", "divide", "[1, 2]", ...cron, "--priority", "low"),
    /^nightly is due \d{4}-\d\d-\d\dT0[01]:30:00\.000Z\n$/,
  );
  await fine("add", "pulse", "create_task", "[1]", "--every", "60", "--expires", "30", "--paused");
  const [, nightly, pulse] = (await fine("ls")).split("\n");
  assertMatch(nightly ?? "", /^nightly +divide +30 2 \* \* \* Europe\/Berlin +20\S+Z +-$/);
  assertMatch(pulse ?? "", /^pulse +create_task +every 60 s +paused +-$/);
  const listed = JSON.parse(await fine("ls", "--json"));
  assertEquals(
    listed.map(({ name, priority, expires }: Record<string, unknown>) => {
      return [name, priority, expires];
    }),
    [["nightly", "low", null], ["pulse", null, 30]],
  );

  const id = (await fine("run", "pulse")).trim();
  assertMatch(await fine("show", "pulse"), new RegExp(`paused +true[^]*by hand  ${id}`));
  assertMatch(await fine("resume", "pulse"), /^pulse is due 20/);
  assertEquals(JSON.parse(await fine("show", "pulse", "--json")).next_times.length, 5);
  assertEquals(await fine("pause", "nightly"), "nightly is paused\n");
  const again = ["add", "nightly", "divide", "[1, 3]", "--every", "5"];
  assertMatch(
    await refused(...again),
    /There is a schedule named "nightly": replace it \(--replace, /,
  );
  // It stays paused.
  assertEquals(await fine(...again, "--replace"), "nightly is paused\n");
  assertEquals(await fine("rm", "nightly"), "nightly is deleted\n");

  await fine("add", "alone", "divide", "[1, 2]", "--every", "600", "--unique", "end");
  const first = await fine("run", "alone");
  const second = await taskapp("run", "alone");
  assertEquals([second.code, second.out], [0, first]);
  assertEquals(second.err, "It was started earlier, with the same unique key, and is PENDING\n");
  await fine("rm", "alone");

  for (const command of ["rm", "show", "run", "pause", "resume"]) {
    assertMatch(await refused(command, "nightly"), /^error: No schedule is named "nightly"\n/);
  }
  const wrong: [string[], RegExp][] = [
    [["divide", "[1, 2]"], /cron or every is needed/],
    [["divide", "[1, 2]", "--every", "5", "--cron", "* * * * *"], /exclude each other/],
    [["divide", "[1, 2]", "--cron", "0 0 31 2 *"], /never comes due/],
    [["divide", "[1, 2]", "--cron", "0 0 * * *", "--timezone", "Nowhere"], /IANA time zone/],
    [["divide", "[1, 2]", "--every", "0"], /whole number from 1/],
    [["divide", "[1, 2]", "--every", "1.5"], /whole number from 1/],
    [["divide", "[1, 2", "--every", "5"], /ARGS must be JSON/],
    [["divide", '["a", 2]', "--every", "5"], /args\.0/],
    [["nobody", "--every", "5"], /Unknown task "nobody"/],
    [["divide", "[1, 2]", "--every", "5", "--misfire", "some"], /Allowed choices are skip, last/],
    [["divide", "[1, 2]", "--every", "5", "--end", "2020-01-01"], /never come due/],
  ];
  for (const [args, message] of wrong) assertMatch(await refused("add", "s", ...args), message);
  assertMatch(await refused("add", "a b", "divide", "[1, 2]", "--every", "5"), /name: must be/);
  assertEquals(JSON.parse(await fine("ls", "--json")).length, 1);
});
