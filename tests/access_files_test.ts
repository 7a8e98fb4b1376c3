/** The files with users and tokens, the commands that write them, and a server that reads them. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { AccessFileError, parseCredentials } from "../jobs/access_file.ts";
import { hashPassword, hashToken, newToken, verifyPassword } from "../jobs/access_secrets.ts";
import { run } from "../main.ts";
import { Program } from "./program.ts";
import { until } from "./until.ts";

const PASSWORD = "correct horse battery staple";
const HASH = `$scrypt$ln=15,r=8,p=1$${"a".repeat(22)}$${"b".repeat(43)}`;

Deno.test("a file says who and as what, and a mistake in it is named by its line", () => {
  const lines = ["# people", "", `alice:admin:${HASH}`, `  bob@x.org:viewer:${HASH}  `, "\r"];
  assertEquals(parseCredentials("user", lines.join("\n"), "f"), [
    { name: "alice", role: "admin", hash: HASH },
    { name: "bob@x.org", role: "viewer", hash: HASH },
  ]);
  const token = hashToken(newToken());
  const mistakes: ["user" | "token", string, string][] = [
    ["user", "alice", "f, line 2: must be name:role:hash, as in alice:admin:$scrypt$…"],
    [
      "user",
      `alice:admin:${HASH}:x`,
      "f, line 2: must be name:role:hash, as in alice:admin:$scrypt$…",
    ],
    ["user", `:admin:${HASH}`, "f, line 2: a name must have from 1 to 64 letters"],
    ["user", `a b:admin:${HASH}`, "f, line 2: a name must have from 1 to 64 letters"],
    [
      "user",
      `alice:root:${HASH}`,
      "f, line 2: the role of alice must be one of viewer, operator, admin",
    ],
    [
      "user",
      "alice:admin:secret",
      "f, line 2: what follows alice:admin: is no hash; taskapp user add",
    ],
    ["user", `alice:admin:${token}`, "f, line 2: what follows alice:admin: is no hash"],
    [
      "user",
      `alice:admin:${HASH.replace("15", "30")}`,
      "f, line 2: what follows alice:admin: is no",
    ],
    [
      "token",
      `ci:admin:${HASH}`,
      "f, line 2: what follows ci:admin: is no hash; taskapp token add",
    ],
    ["token", `ci:admin:${token}\nci:viewer:${token}`, "f, line 3: ci is there twice"],
  ];
  for (const [kind, text, complaint] of mistakes) {
    const { message } = assertThrows(
      () => parseCredentials(kind, `# first\n${text}`, "f"),
      AccessFileError,
    );
    assert(message.startsWith(complaint), message);
    assert(!message.includes("secret") && !message.includes(token), message);
  }
});

Deno.test("only the password is verified, whatever else is tried", async () => {
  const hash = await hashPassword(PASSWORD);
  const other = await hashPassword(PASSWORD);
  assert(hash !== other, "each has a salt of its own");
  assertEquals(await verifyPassword(PASSWORD, hash), true);
  for (const wrong of ["", `${PASSWORD} `, PASSWORD.slice(1), hash]) {
    assertEquals(await verifyPassword(wrong, hash), false, wrong);
  }
  assertEquals(await verifyPassword(PASSWORD, undefined), false);
  // The same letters, typed another way.
  const umlaut = await hashPassword("p\u00e4ssword");
  assertEquals(await verifyPassword("pa\u0308ssword", umlaut), true);
});

interface Output {
  code: number;
  out: string;
  err: string;
}

class Place implements AsyncDisposable {
  private constructor(readonly dir: string) {}

  static async make(): Promise<Place> {
    return new Place(await mkdtemp(`${tmpdir()}/taskapp-files-`));
  }

  get users(): string {
    return `${this.dir}/users`;
  }

  get tokens(): string {
    return `${this.dir}/tokens`;
  }

  /** Runs a command; what is typed answers its questions, one after the other. */
  async run(args: string[], typed: string[] = [], isTerminal = false): Promise<Output> {
    let out = "", err = "";
    const code = await run(args, {
      out: (text) => out += text,
      err: (text) => err += text,
      interactive: false,
      secret: () => typed.shift() ?? null,
      ...isTerminal && { confirm: () => true },
    });
    return { code, out, err };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.dir, { recursive: true });
  }
}

Deno.test("taskapp user adds, changes, lists and removes, and leaves the rest of the file alone", async () => {
  await using place = await Place.make();
  const user = (args: string[], ...typed: string[]) =>
    place.run(["user", ...args, "--users-file", place.users], typed);
  assertEquals(await user(["add", "alice", "--role", "admin"], PASSWORD), {
    code: 0,
    out: "alice may log in as admin\n",
    err: "",
  });
  assertEquals((Deno.statSync(place.users).mode ?? 0) & 0o777, 0o600);
  // A server of the same group may read it, and has to learn of those who are removed.
  Deno.chmodSync(place.users, 0o640);
  const isRoot = Deno.uid() === 0;
  if (isRoot) Deno.chownSync(place.users, 65534, 65533);
  Deno.writeTextFileSync(place.users, `# people\n\n${Deno.readTextFileSync(place.users)}# end`);
  assertEquals((await user(["add", "bob", "-r", "viewer"], "bob's password")).code, 0);
  const before = Deno.readTextFileSync(place.users).split("\n");
  assertMatch(before.join("\n"), /^# people\n\nalice:admin:\S+\n# end\nbob:viewer:\S+\n$/);
  assertEquals(
    (await user(["passwd", "alice"], "another password")).out,
    "alice has a new password\n",
  );
  const after = Deno.readTextFileSync(place.users).split("\n");
  assertEquals(before.map((line, i) => line === after[i]), [true, true, false, true, true, true]);
  const { mode, uid, gid } = Deno.statSync(place.users);
  assertEquals((mode ?? 0) & 0o777, 0o640);
  if (isRoot) assertEquals([uid, gid], [65534, 65533]);
  const alice = after[2]?.split(":")[2];
  assertEquals(await verifyPassword("another password", alice), true);
  assertEquals((await user(["list"])).out, "NAME   ROLE\nalice  admin\nbob    viewer\n");
  assertEquals((await user(["remove", "alice"])).code, 0);
  assertMatch(Deno.readTextFileSync(place.users), /^# people\n\n# end\nbob:viewer:\S+\n$/);
  assertEquals([...Deno.readDirSync(place.dir)].length, 1);
  assert(!Deno.readTextFileSync(place.users).includes("bob's"));
});

Deno.test("taskapp token prints a token once and keeps its hash", async () => {
  await using place = await Place.make();
  const token = (...args: string[]) => place.run(["token", ...args, "--tokens-file", place.tokens]);
  const { out } = await token("add", "ci", "--role", "operator");
  assertMatch(out, /^tap_[\w-]{43}\n$/);
  assertEquals(Deno.readTextFileSync(place.tokens), `ci:operator:${hashToken(out.trim())}\n`);
  assertEquals((await token("list")).out, "NAME  ROLE\nci    operator\n");
  assertMatch(
    (await token("add", "ci", "--role", "viewer")).err,
    /ci is in .* already; remove it to/,
  );
  assertEquals((await token("remove", "ci")).code, 0);
  assertEquals(Deno.readTextFileSync(place.tokens), "");
  assertMatch((await token("remove", "ci")).err, /has no token ci\n$/);
});

Deno.test("what is not said right is said in one line, with exit code 2", async () => {
  await using place = await Place.make();
  const { users, tokens } = place;
  Deno.writeTextFileSync(users, `alice:admin:${HASH}\n\nbob:boss:${HASH}\n`);
  Deno.writeTextFileSync(tokens, "# none yet\n");
  const broker = ["-b", `sqlite:${place.dir}/db`];
  const add = ["user", "add", "carol", "--role", "viewer", "--users-file", `${place.dir}/new`];
  const cases: [string[], RegExp, string[]?, boolean?][] = [
    [
      ["serve", "--users-file", users, ...broker],
      /^error: .*users, line 3: the role of bob must be one/,
    ],
    [["serve", "--users-file", `${users}x`, ...broker], /usersx cannot be read: No such file/],
    [["serve", "--tokens-file", tokens, ...broker], /nobody is in there .* taskapp token add NAME/],
    [
      ["serve", "--no-auth", "--users-file", users, ...broker],
      /--no-auth and --users-file contradict/,
    ],
    [["serve", "--mask", ",", ...broker], /must be names of fields, such as password/],
    [["serve", "--mask", "*", ...broker], /must be names of fields, such as password/],
    [
      ["serve", "--trusted-proxies", "10.0.0.0/33", ...broker],
      /is no address, nor a range such as/,
    ],
    [["serve", "--trusted-proxies", "proxy", ...broker], /"proxy" is no address/],
    [["dev", "--host", "0.0.0.0", ...broker], /for others run serve with --users-file and work/],
    [["user", "list"], /say which file: --users-file FILE or TASKAPP_USERS_FILE/],
    [["user", "list", "--users-file", users], /users, line 3: the role of bob/],
    [["user", "add", "x:y", "--role", "viewer", "--users-file", users], /must have from 1 to 64/],
    [
      ["user", "add", "carol", "--role", "boss", "--users-file", users],
      /must be one of viewer, op/,
    ],
    [["user", "add", "carol", "--users-file", users], /required option '-r, --role <role>'/],
    [["user", "passwd", "carol", "--users-file", `${place.dir}/new`], /new has no user carol/],
    [add, /a password must have from 8 to 256 characters/, ["short"]],
    [add, /no password was given/, []],
    [add, /the two passwords differ: try again/, [PASSWORD, "something else"], true],
    [
      ["user", "add", "c", "-r", "viewer", "--users-file", `${place.dir}/no/u`],
      /no folder .*\/no/,
      [
        PASSWORD,
      ],
    ],
  ];
  for (const [args, complaint, typed, isTerminal] of cases) {
    const { code, out, err } = await place.run(args, typed, isTerminal);
    assertEquals([code, out], [2, ""], `${args.join(" ")}: ${err}`);
    assertMatch(err, complaint);
    assertMatch(err, /^error: [^\n]+\n$/);
  }
});

Deno.test("a server wants a login from its files on, and tells no secret to anybody", async () => {
  await using place = await Place.make();
  const lines = (...args: string[]) =>
    place.run([...args, "--users-file", place.users], [PASSWORD]);
  assertEquals((await lines("user", "add", "alice", "--role", "admin")).code, 0);
  const { out } = await place.run([
    "token",
    "add",
    "ci",
    "-r",
    "operator",
    "--tokens-file",
    place.tokens,
  ]);
  const token = out.trim();
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const env = {
    TASKAPP_BROKER: "sqlite:taskapp.db",
    TASKAPP_USERS_FILE: "users",
    TASKAPP_TOKENS_FILE: "tokens",
    TASKAPP_HOST: "0.0.0.0", // a login is enough to be reachable
    TASKAPP_PORT: `${port}`,
    TASKAPP_LOGLEVEL: "debug",
    TASKAPP_MASK: "password",
  };
  await using server = Program.startPiped(["serve"], env, place.dir);
  const url = `http://127.0.0.1:${port}`;
  const isUp = async () => {
    const response = await fetch(`${url}/healthz`).catch(() => null);
    await response?.body?.cancel();
    return response?.ok ?? false;
  };
  await until(isUp);
  const seen: string[] = [];
  const get = async (
    path: string,
    headers: Record<string, string> = {},
    init: RequestInit = {},
  ) => {
    const response = await fetch(url + path, { ...init, headers });
    const text = await response.text();
    seen.push(text);
    return { status: response.status, text };
  };
  assertEquals((await get("/queues")).status, 401);
  assertEquals((await get("/queues", { authorization: "Bearer tap_wrong" })).status, 401);
  assertEquals((await get("/", {})).status, 200);
  const bearer = { authorization: `Bearer ${token}` };
  for (const path of ["/queues", "/metrics", "/system", "/openapi.json", "/me"]) {
    assertEquals((await get(path, bearer)).status, 200, path);
  }
  const json = { "content-type": "application/json" };
  const login = (password: string) =>
    get("/login", json, { method: "POST", body: JSON.stringify({ user: "alice", password }) });
  assertEquals((await login("wrong password")).status, 401);
  const me = await login(PASSWORD);
  assertEquals([me.status, JSON.parse(me.text).role], [200, "admin"]);
  const basic = { authorization: `Basic ${btoa(`alice:${PASSWORD}`)}` };
  assertEquals((await get("/users", basic)).status, 200);
  assertEquals((await get("/tokens", basic)).status, 200);
  const config = await Program.output(["config", "serve"], env, place.dir);
  assertMatch(config.stdout, /^TASKAPP_USERS_FILE +users +variable TASKAPP_USERS_FILE$/m);
  const printed = await server.stop();
  seen.push(printed.stdout, printed.stderr, config.stdout, config.stderr);
  assertEquals(printed.code, 0);
  const hashes = [place.users, place.tokens].map((file) =>
    Deno.readTextFileSync(file).split(":")[2]
  );
  for (
    const secret of [
      PASSWORD,
      "wrong password",
      token,
      ...hashes.map((hash) => `${hash}`.trim()),
    ]
  ) {
    assert(secret.length > 8);
    for (const text of seen) assert(!text.includes(secret), `${secret} in ${text.slice(0, 500)}`);
  }
});
