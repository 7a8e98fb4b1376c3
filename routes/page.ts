/**
 * The page and its files, served from memory. Types are blanked out and modules put together here, when
 * the page is first asked for: nothing is built before.
 */

import { Hono } from "hono";
import { createHash } from "node:crypto";
import { stripTypeScriptTypes } from "node:module";
import { gzipSync } from "node:zlib";
import { FILES, INDEX, PACKAGES, REGISTRY, STYLES } from "../ui/assets.ts";
import { Modules } from "./page_modules.ts";

/** A file, and its short form once somebody has asked for that. */
interface Served {
  plain: Uint8Array<ArrayBuffer>;
  zipped: Uint8Array<ArrayBuffer> | null;
  type: string;
}

interface Site {
  index: Served;
  etag: string;
  /** By path below `/assets/`. */
  assets: Map<string, Served>;
}

const TYPES: { [extension: string]: string } = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  map: "application/json",
  svg: "image/svg+xml",
};

/** Serves `/` and `/assets/…`. */
export function page(): Hono {
  let built: Site | undefined;
  const site = () => built ??= build();
  const app = new Hono();

  app.get("/", ({ req, body }) => {
    const { index, etag } = site();
    const headers = {
      "cache-control": "no-cache",
      "content-security-policy": POLICY,
      "referrer-policy": "no-referrer",
      etag,
    };
    const known = req.header("if-none-match")?.split(/,\s*/).map((tag) => tag.replace(/^W\//, ""));
    if (known?.includes(etag)) return body(null, 304, headers);
    return send(index, req.header("accept-encoding"), headers);
  });

  app.get("/assets/:path{.+}", ({ req, text }) => {
    const asset = site().assets.get(req.param("path"));
    if (!asset) return text("There is no such file in this version of the page: reload it.", 404);
    return send(asset, req.header("accept-encoding"), {
      "cache-control": "public, max-age=31536000, immutable",
    });
  });

  return app;
}

function send(
  file: Served,
  accepted: string | undefined,
  headers: Record<string, string>,
): Response {
  const zip = accepted?.includes("gzip") ?? false;
  const body = zip ? file.zipped ??= new Uint8Array(gzipSync(file.plain)) : file.plain;
  return new Response(body, {
    headers: {
      ...headers,
      "content-type": file.type,
      "vary": "accept-encoding",
      "x-content-type-options": "nosniff",
      ...(zip && { "content-encoding": "gzip" }),
    },
  });
}

/** The file of the first visit: the frame of the page, and what starts it. */
const FIRST = "first.js";
const START = "ui/app.ts";

function build(): Site {
  const files = new Map(Object.entries(FILES));
  const sources = new Map(
    [...files].filter(([path]) => path.endsWith(".ts")).map((
      [path, text],
    ) => [path, strip(path, text)]),
  );
  const packages = new Map(Object.keys(PACKAGES).map((name) => [name, `npm/${name}.js`]));
  for (const [name, text] of Object.entries(PACKAGES)) sources.set(`npm/${name}.js`, text);

  const sent = new Map([...files].filter(([path]) => !path.endsWith(".ts")));
  sent.set("first.css", STYLES.join("\n"));
  const modules = new Modules(sources, packages);
  const first = modules.closure(START);
  const send = (path: string, paths: string[], before: string, after: string) => {
    const { code, map } = modules.file(paths, before, after);
    const name = path.slice(path.lastIndexOf("/") + 1);
    sent.set(path, `${code}//# sourceMappingURL=${name}.map\n`);
    sent.set(`${path}.map`, map);
  };
  send(FIRST, first, REGISTRY, `need(${JSON.stringify(START)});\n`);
  const known = new Set(first);
  const later = new Set(modules.loads(first));
  // What is loaded later may load more.
  for (const path of later) {
    const up = "../".repeat(path.split("/").length - 1);
    const paths = modules.closure(path).filter((each) => !known.has(each));
    send(`${path}.js`, paths, `import { define } from "${up}${FIRST}";`, "");
    for (const more of modules.loads(paths)) later.add(more);
  }

  const hash = createHash("sha256").update(JSON.stringify([...sent])).digest("hex").slice(0, 16);
  const index = INDEX.replaceAll("%ASSETS%", `/assets/${hash}`);
  return {
    index: served("index.html", index),
    etag: `"${createHash("sha256").update(index).digest("hex").slice(0, 16)}"`,
    assets: new Map([...sent].map(([path, text]) => [`${hash}/${path}`, served(path, text)])),
  };
}

/** Blanks out types and leaves every line and column where it is. */
function strip(path: string, source: string): string {
  try {
    return stripTypeScriptTypes(source);
  } catch (error) {
    throw new SyntaxError(`${path} has types that cannot be blanked out`, { cause: error });
  }
}

function served(path: string, text: string): Served {
  const plain = new TextEncoder().encode(text);
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)];
  if (!type) throw new TypeError(`No content type is known for ${path}: add it to TYPES`);
  return { plain, zipped: null, type };
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
