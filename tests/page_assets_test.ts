import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { page } from "../routes/page.ts";
import { PAGE_NAMES } from "../ui/address.ts";

const app = page();

/** What the page's HTML refers to. */
async function assetPaths(): Promise<string[]> {
  const html = await (await app.request("/")).text();
  return [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? "");
}

Deno.test("the page is asked for each time, and answered with 304 while it is the same", async () => {
  const response = await app.request("/");
  assertEquals(response.headers.get("cache-control"), "no-cache");
  const etag = response.headers.get("etag") ?? "";
  assertStringIncludes(await response.text(), '<div id="app">');
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const again = await app.request("/", { headers: { "if-none-match": known } });
    assertEquals(again.status, 304);
    assertEquals(again.headers.get("etag"), etag);
  }
  const other = await app.request("/", { headers: { "if-none-match": '"other"' } });
  assertEquals(other.status, 200);
});

Deno.test("the page's policy lets nothing in from elsewhere, and no inline code", async () => {
  const response = await app.request("/");
  const policy = response.headers.get("content-security-policy") ?? "";
  assertStringIncludes(policy, "default-src 'none'");
  assertEquals(policy.includes("unsafe"), false);
  assertEquals(policy.includes("http"), false);
});

Deno.test("every file of the page is there, kept for ever, and of a type that is not guessed", async () => {
  const paths = await assetPaths();
  assert(paths.length > 10);
  for (const path of paths) {
    const response = await app.request(path);
    assertEquals(response.status, 200, path);
    assertEquals(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    const type = /\.[jt]s$/.test(path)
      ? "text/javascript"
      : /\.css$/.test(path)
      ? "text/css"
      : "svg";
    assertStringIncludes(response.headers.get("content-type") ?? "", type);
  }
});

Deno.test("every import of the page's modules leads to a file that is served", async () => {
  const { imports } = await importMap();
  const seen = new Set((await assetPaths()).filter((path) => /\.[jt]s$/.test(path)));
  for (const path of seen) {
    const response = await app.request(path);
    const source = await response.text();
    assertEquals(response.status, 200, path);
    for (const [, name = ""] of source.matchAll(/(?:from|import) ?\(?"([^"]+)"/g)) {
      seen.add(imports[name] ?? new URL(name, `http://taskapp${path}`).pathname);
    }
  }
  const pages = [...seen].filter((path) => /\/ui\/pages\/\w+\.ts$/.test(path));
  assert(pages.length >= PAGE_NAMES.length, "the pages are loaded when they are opened");
});

Deno.test("the styles of every page are served", async () => {
  const [path = ""] = await assetPaths();
  const at = (file: string) => path.replace(/ui\/.*/, `ui/${file}`);
  const pages = await (await app.request(at("pages.ts"))).text();
  const lists = [...pages.matchAll(/styles: \[([^\]]*)\]/g)].map(([, list = ""]) => list);
  assertEquals(lists.length, PAGE_NAMES.length);
  for (const [, name] of lists.join().matchAll(/"(\w+)"/g)) {
    assertEquals((await app.request(at(`styles/${name}.css`))).status, 200, name);
  }
});

Deno.test("files are compressed for who takes that, and a first visit loads little", async () => {
  let bytes = 0;
  for (const path of ["/", ...await assetPaths()]) {
    const headers = { "accept-encoding": "gzip, br" };
    const response = await app.request(path, { headers });
    assertEquals(response.headers.get("content-encoding"), "gzip");
    const zipped = new Uint8Array(await response.arrayBuffer());
    bytes += zipped.length;
    const text = await new Response(
      new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip")),
    ).text();
    assertEquals(text, await (await app.request(path)).text());
  }
  assert(bytes < 64 * 1024, `${bytes} bytes`);
});

Deno.test("a file of another version of the page is not found", async () => {
  const [path = ""] = await assetPaths();
  const other = path.replace(/[0-9a-f]{16}/, "0123456789abcdef");
  assertEquals((await app.request(other)).status, 404);
  assertEquals((await app.request("/assets/")).status, 404);
});

async function importMap(): Promise<{ imports: Record<string, string> }> {
  const html = await (await app.request("/")).text();
  return JSON.parse(/<script type="importmap">(.*?)<\/script>/.exec(html)?.[1] ?? "{}");
}
