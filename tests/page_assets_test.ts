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

Deno.test("every file of a first visit is there, kept for ever, and of a type that is not guessed", async () => {
  const paths = await assetPaths();
  assertEquals(paths.map((path) => path.split("/").at(-1)), [
    "early.js",
    "icon.svg",
    "first.css",
    "first.js",
  ]);
  for (const path of paths) {
    const response = await app.request(path);
    assertEquals(response.status, 200, path);
    assertEquals(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    const type = /\.js$/.test(path) ? "text/javascript" : /\.css$/.test(path) ? "text/css" : "svg";
    assertStringIncludes(response.headers.get("content-type") ?? "", type);
  }
});

Deno.test("the modules and the styles of every page are served", async () => {
  const first = await asset("first.js");
  const modules = new Set(loadsOf(first));
  for (const path of modules) {
    const code = await asset(`${path}.js`);
    // A name that is declared twice, for example, would show only in the browser.
    new Function("define", code.replace(/^import .*/, ""));
    for (const more of loadsOf(code)) modules.add(more);
    const { sections } = JSON.parse(await asset(`${path}.js.map`));
    const [{ offset, map }] = sections.slice(-1);
    assertEquals(map.sources, [path]);
    assertStringIncludes(code.split("\n")[offset.line - 1] ?? "", `"${path}"($exports`);
  }
  const pages = loadsOf(first).filter((path) => path.startsWith("ui/pages/"));
  assertEquals(pages.length, PAGE_NAMES.length);
  const lists = [...first.matchAll(/styles: \[([^\]]*)\]/g)].map(([, list = ""]) => list);
  assertEquals(lists.length, PAGE_NAMES.length);
  for (const [, name] of lists.join().matchAll(/"(\w+)"/g)) await asset(`ui/styles/${name}.css`);
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
  assert(bytes < 100 * 1024, `${bytes} bytes`);
});

Deno.test("the first visit to no page loads more than 150 kB", async () => {
  const first = await assetPaths();
  const base = first.find((path) => path.includes("/ui/"))?.replace(/ui\/.*/, "") ?? "";
  const pages = (await asset("first.js")).matchAll(
    /(\w+): \{[^{}]*styles: \[([^\]]*)\][^{}]*\$load\("([^"]+)"\)/g,
  );
  const sizes: { [page: string]: number } = {};
  for (const [, name = "", styles = "", module = ""] of pages) {
    const modules = new Set([module]);
    for (const path of modules) {
      for (const more of loadsOf(await asset(`${path}.js`))) modules.add(more);
    }
    const sheets = [...styles.matchAll(/\w+/g)].map(([sheet]) => `ui/styles/${sheet}.css`);
    const files = [...modules].map((path) => `${path}.js`).concat(sheets).map((path) =>
      base + path
    );
    sizes[name] = 0;
    for (const path of ["/", ...first, ...files]) sizes[name] += await sent(path);
  }
  assertEquals(Object.keys(sizes).sort(), [...PAGE_NAMES].sort());
  const tooLarge = Object.entries(sizes).filter(([, bytes]) => bytes > 150_000);
  assertEquals(tooLarge, []);
});

Deno.test("a file of another version of the page is not found", async () => {
  const [path = ""] = await assetPaths();
  const other = path.replace(/[0-9a-f]{16}/, "0123456789abcdef");
  assertEquals((await app.request(other)).status, 404);
  assertEquals((await app.request("/assets/")).status, 404);
});

/** The modules that a file loads by `import()`. */
function loadsOf(code: string): string[] {
  return [...code.matchAll(/\$load\("(ui\/[^"]+)"\)/g)].map(([, path = ""]) => path);
}

/** How many bytes a browser is sent of a file. */
async function sent(path: string): Promise<number> {
  const response = await app.request(path, { headers: { "accept-encoding": "gzip" } });
  assertEquals(response.status, 200, path);
  return (await response.arrayBuffer()).byteLength;
}

/** The text of a file of the page. */
async function asset(path: string): Promise<string> {
  const [known = ""] = await assetPaths();
  const response = await app.request(known.replace(/ui\/.*/, path));
  const text = await response.text();
  assertEquals(response.status, 200, path);
  return text;
}
