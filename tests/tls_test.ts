/** TLS between the program and its Redis, with certificates of a private CA. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Certificates } from "./certificates.ts";
import { freePort } from "./ports.ts";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { MASTER, TestSentinel } from "./sentinels.ts";
import { until } from "./until.ts";

/** A Redis with TLS on a port besides its own. */
async function startTls(
  dir: string,
  certificate: string,
  clients: "yes" | "no",
): Promise<{ redis: TestRedis; port: number }> {
  const port = freePort();
  const redis = await TestRedis.start({
    args: [
      ...["--tls-port", `${port}`, "--tls-ca-cert-file", `${dir}/ca.pem`],
      ...["--tls-cert-file", `${dir}/${certificate}.pem`],
      ...["--tls-key-file", `${dir}/${certificate}.key`, "--tls-auth-clients", clients],
    ],
  });
  return { redis, port };
}

Deno.test("TLS: with a private CA and a client certificate all works, and what is wrong is said", async () => {
  await using made = await Certificates.make();
  const { dir: cwd } = made;
  await Promise.all([
    made.sign("here", "DNS:localhost,IP:127.0.0.1"),
    made.sign("elsewhere", "DNS:elsewhere.example"),
    made.sign("client", "DNS:client"),
  ]);
  const [open, closed, other] = await Promise.all([
    startTls(cwd, "here", "no"),
    startTls(cwd, "here", "yes"),
    startTls(cwd, "elsewhere", "no"),
  ]);
  await using _open = open.redis;
  await using _closed = closed.redis;
  await using _other = other.redis;
  const ca = "ssl_ca_certs=ca.pem";

  const wrong: [url: string, code: number, line: RegExp][] = [
    [`rediss://127.0.0.1:${open.port}`, 2, /that nobody known vouches for \(.*\?ssl_ca_certs=/],
    [`rediss://127.0.0.1:${open.port}?ssl_ca_certs=other-ca.pem`, 2, /that nobody known vouches/],
    [`rediss://127.0.0.1:${other.port}?${ca}`, 2, /a certificate for another name \(/],
    [`rediss://127.0.0.1:${closed.port}?${ca}`, 2, /wants a client certificate, .*ssl_certfile=/],
    [
      `rediss://127.0.0.1:${open.port}?ssl_ca_certs=none.pem`,
      2,
      /ssl_ca_certs in the broker's URL names none\.pem, which cannot be read: No such file/,
    ],
    [`rediss://127.0.0.1:${open.port}?ssl_ca_certs=ca.key`, 2, /is not certificates in PEM form/],
    [
      `rediss://127.0.0.1:${open.port}?${ca}&ssl_certfile=client.pem&ssl_keyfile=here.key`,
      2,
      /The key in here\.key is not that of the certificate in client\.pem/,
    ],
    [`redis://127.0.0.1:${open.port}`, 1, /is not reachable \(.*; with TLS .*rediss:/],
    [`rediss://127.0.0.1:${open.redis.port}`, 1, /is not reachable \(.* without redis:/],
  ];
  await Promise.all(wrong.map(async ([url, expected, line]) => {
    const { code, stdout, stderr } = await Program.output(
      ["call", "divide", "[1, 2]"],
      { TASKAPP_BROKER: url },
      cwd,
    );
    assertEquals([code, stdout], [expected, ""], stderr);
    assertMatch(stderr, /^error: [^\n]+\n$/);
    assertMatch(stderr, line);
  }));
  for (const args of [["serve", "--port", "0"], ["work"]]) {
    const broker = `rediss://127.0.0.1:${closed.port}?${ca}`;
    const { code, stderr } = await Program.output(args, { TASKAPP_BROKER: broker }, cwd);
    assertEquals(code, 2, stderr);
    assertMatch(stderr, /wants a client certificate/);
  }

  await using sentinel = await TestSentinel.start(closed.port, [
    ...["port 0", "tls-port PORT", "tls-replication yes", `tls-ca-cert-file ${cwd}/ca.pem`],
    ...[`tls-cert-file ${cwd}/here.pem`, `tls-key-file ${cwd}/here.key`],
  ]);
  const withClient = `${ca}&ssl_certfile=client.pem&ssl_keyfile=client.key`;
  for (
    const url of [
      `rediss://localhost:${open.port}/1?${ca}`,
      `rediss://127.0.0.1:${closed.port}?${withClient}`,
      `rediss-sentinel://127.0.0.1:${sentinel.port}?master=${MASTER}&${withClient}`,
    ]
  ) {
    const env = { TASKAPP_BROKER: url };
    const port = freePort();
    await using _server = Program.start(["serve", "--port", `${port}`], env, cwd);
    await using _worker = Program.start(["work", "-c", "1"], env, cwd);
    const args = ["call", "long_running_task", "[0.05]", "--watch"];
    const { code, stderr } = await Program.output(args, env, cwd);
    assertEquals(code, 0, stderr);
    await until(async () => {
      const response = await fetch(`http://127.0.0.1:${port}/workers`).catch(() => undefined);
      return response?.ok === true && (await response.json()).workers.length === 1;
    });
    const { stdout } = await Program.output(["config", "work"], env, cwd);
    assert(stdout.includes(url), stdout);
  }
});
