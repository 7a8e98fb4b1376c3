import { assertEquals } from "@std/assert";
import { rm } from "node:fs/promises";
import config from "../deno.json" with { type: "json" };

/** Runs the program with another text in place of one of its tasks. */
async function withTask(replace: (text: string) => string) {
  const file = new URL("../jobs/tasks/divide.ts", import.meta.url);
  const dir = await Deno.makeTempDir({ prefix: "taskapp-definition-" });
  try {
    const text = replace(await Deno.readTextFile(file))
      .replaceAll('"../', `"${new URL("..", file)}`);
    await Deno.writeTextFile(`${dir}/divide.ts`, text);
    // A map of its own stands instead of the program's, and has to say what that leaves to Deno.
    const folders = Object.entries(config.imports)
      .map(([name, target]) => [`${name}/`, `${target.replace(/^npm:/, "npm:/")}/`]);
    const imports = {
      ...config.imports,
      ...Object.fromEntries(folders),
      [file.href]: `${dir}/divide.ts`,
    };
    await Deno.writeTextFile(`${dir}/imports.json`, JSON.stringify({ imports }));
    const main = new URL("../main.ts", import.meta.url).pathname;
    const args = [
      "run",
      "-A",
      "--import-map",
      `${dir}/imports.json`,
      main,
      "call",
      "divide",
      "[1, 2]",
    ];
    const env = { TASKAPP_BROKER: `sqlite:${dir}/taskapp.db` };
    const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, env }).output();
    return { code, err: new TextDecoder().decode(stderr) };
  } finally {
    await rm(dir, { recursive: true });
  }
}

Deno.test("another task in the place of one is a task like the others", async () => {
  assertEquals(await withTask((text) => text), { code: 0, err: "" });
});

Deno.test("a mistake in a definition is one line, and ends the program with code 2", async () => {
  const { code, err } = await withTask((text) =>
    text.replace("\n  input:", "\n  unique: true, input:")
  );
  assertEquals([code, err], [
    2,
    'error: Task "divide": unique must be "start", "end" or seconds from 0.001 to 31622400, not true\n',
  ]);
});
