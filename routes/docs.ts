/** `/openapi.json` and `/docs`: the interface described, and tried out without internet. */

import { OpenAPIHono } from "@hono/zod-openapi";
import { SESSION_COOKIE } from "./access_login.ts";
import { ruleOf } from "./access_rules.ts";

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>taskapp: interface</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
<script src="docs/swagger-ui-bundle.js" defer></script>
<script src="docs/start.js" defer></script>
</head>
<body><div id="swagger-ui"></div></body>
</html>
`;

const START =
  `SwaggerUIBundle({ url: "openapi.json", dom_id: "#swagger-ui", validatorUrl: null });\n`;

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const CACHED = { "cache-control": "public, max-age=3600" };

/** How a client may say who it is. */
const SCHEMES = {
  token: { type: "http", scheme: "bearer" },
  password: { type: "http", scheme: "basic" },
  session: { type: "apiKey", in: "cookie", name: SESSION_COOKIE },
} as const;

/**
 * The routes of the documentation.
 * @param documented the app whose routes it lists
 * @param auth whether anybody has to log in
 */
export function docsRoutes(documented: OpenAPIHono, version: string, auth: boolean): OpenAPIHono {
  const app = new OpenAPIHono();
  let description: string | undefined;

  app.get("/openapi.json", (c) => {
    description ??= JSON.stringify(describe(documented, version, auth));
    return c.body(description, 200, { "content-type": "application/json" });
  });

  app.get("/docs", (c) => c.html(PAGE, 200, { "content-security-policy": CSP }));

  // Imported when asked for: reading these two megabytes would slow every start.
  app.get("/docs/swagger-ui.css", async (c) => {
    const { default: css } = await import("swagger-ui-dist/swagger-ui.css", {
      with: { type: "text" },
    });
    return c.body(css, 200, { "content-type": "text/css; charset=utf-8", ...CACHED });
  });
  app.get("/docs/swagger-ui-bundle.js", async (c) => {
    const { default: script } = await import("swagger-ui-dist/swagger-ui-bundle.js", {
      with: { type: "text" },
    });
    return c.body(script, 200, { "content-type": "text/javascript; charset=utf-8", ...CACHED });
  });
  app.get("/docs/start.js", (c) => {
    return c.body(START, 200, { "content-type": "text/javascript; charset=utf-8", ...CACHED });
  });

  return app;
}

function describe(documented: OpenAPIHono, version: string, auth: boolean) {
  const document = documented.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "taskapp", version, description: "Starts tasks and tells how they are." },
  });
  if (!auth) return document;
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(item)) {
      const { role } = ruleOf({ method: method.toUpperCase(), path });
      operation.security = role === "public"
        ? []
        : Object.keys(SCHEMES).map((name) => ({ [name]: [] }));
      if (role !== "public") operation.description = `Needs the role ${role}.`;
    }
  }
  return { ...document, components: { ...document.components, securitySchemes: SCHEMES } };
}
