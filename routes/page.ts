/** The page and its files, served from memory. Nothing is bundled; types are blanked out here. */

import { Hono } from "hono";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { stripTypeScriptTypes } from "node:module";
import { gzipSync } from "node:zlib";
import { FILES, INDEX, PACKAGES } from "../ui/assets.ts";

/** A file in both of its forms. */
interface Served {
  plain: Uint8Array<ArrayBuffer>;
  zipped: Uint8Array<ArrayBuffer>;
  type: string;
}

interface Site {
  index: Served;
  etag: string;
  policy: string;
  /** By path below `/assets/`. */
  assets: Map<string, Served>;
}

const TYPES: { [extension: string]: string } = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  ts: "text/javascript; charset=utf-8",
};

/** Serves `/` and `/assets/…`. */
export function page(): Hono {
  let built: Site | undefined;
  const site = () => built ??= build();
  const app = new Hono();

  app.get("/", ({ req, body }) => {
    const { index, etag, policy } = site();
    const headers = {
      "cache-control": "no-cache",
      "content-security-policy": policy,
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
  { plain, zipped, type }: Served,
  accepted: string | undefined,
  headers: Record<string, string>,
): Response {
  const zip = accepted?.includes("gzip") ?? false;
  return new Response(zip ? zipped : plain, {
    headers: {
      ...headers,
      "content-type": type,
      "vary": "accept-encoding",
      "x-content-type-options": "nosniff",
      ...(zip && { "content-encoding": "gzip" }),
    },
  });
}

function build(): Site {
  const files = new Map(
    Object.entries(FILES).map((
      [path, text],
    ) => [path, path.endsWith(".ts") ? strip(path, text) : text]),
  );
  for (const [name, text] of Object.entries(PACKAGES)) files.set(packagePath(name), text);
  const hash = createHash("sha256").update(JSON.stringify([...files])).digest("hex").slice(0, 16);
  const base = `/assets/${hash}`;

  const imports = JSON.stringify({
    imports: Object.fromEntries(
      Object.keys(PACKAGES).map((name) => [name, `${base}/${packagePath(name)}`]),
    ),
  });
  // Browsers do not load import maps from files, and the policy lets only this one stand inline.
  const tags = [
    `<script type="importmap">${imports}</script>`,
    ...modulesOf(START, files).map((path) => `<link rel="modulepreload" href="${base}/${path}">`),
  ];
  const index = INDEX.replaceAll("%ASSETS%", base).replace("<!--modules-->", tags.join("\n    "));
  return {
    index: served("index.html", index),
    etag: `"${createHash("sha256").update(index).digest("hex").slice(0, 16)}"`,
    policy: policy(createHash("sha256").update(imports).digest("base64")),
    assets: new Map([...files].map(([path, text]) => [`${hash}/${path}`, served(path, text)])),
  };
}

/** The module that starts the page. */
const START = "ui/app.ts";

/** A module and all that it imports at once; what it loads later by `import()` is not among them. */
function modulesOf(start: string, files: Map<string, string>): string[] {
  const found = new Set([start]);
  for (const path of found) {
    for (const specifier of importsOf(files.get(path) ?? "")) {
      const target = specifier.startsWith(".")
        ? new URL(specifier, `file:///${path}`).pathname.slice(1)
        : packagePath(specifier);
      if (!files.has(target)) {
        throw new TypeError(`${path} imports ${target}: list it in ui/assets`);
      }
      found.add(target);
    }
  }
  return [...found];
}

/** What a module whose types are blanked out imports, also where it is one long line. */
function importsOf(source: string): string[] {
  const pattern =
    /\b(?:import|export)\b[^"'`;()]*?from\s*["']([^"']+)["']|\bimport\s*["']([^"']+)["']/g;
  return [...source.matchAll(pattern)].map(([, from, bare]) => from ?? bare ?? "");
}

/** Blanks out types and leaves every line and column where it is. */
function strip(path: string, source: string): string {
  try {
    return stripTypeScriptTypes(source);
  } catch (error) {
    throw new SyntaxError(`${path} has types that cannot be blanked out`, { cause: error });
  }
}

function packagePath(name: string): string {
  return `npm/${name}.js`;
}

function served(path: string, text: string): Served {
  const plain = new TextEncoder().encode(text);
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)];
  if (!type) throw new TypeError(`No content type is known for ${path}: add it to TYPES`);
  return { plain, zipped: new Uint8Array(gzipSync(Buffer.from(plain))), type };
}

function policy(importMapHash: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${importMapHash}'`,
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
