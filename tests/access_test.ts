import { assertEquals, assertThrows } from "@std/assert";
import { isRoute, ruleOf, RULES } from "../routes/access_rules.ts";
import { Secured } from "./access_kit.ts";
import { TestApp } from "./routes_app.ts";
import { startSqlite } from "./stores.ts";

Deno.test("without users and tokens everyone is an admin", async () => {
  await using test = TestApp.on(await startSqlite());
  const response = await test.get("/me");
  assertEquals(response.status, 200);
  assertEquals(await response.json(), {
    auth: false,
    user: null,
    role: "admin",
    via: "open",
    read_only: false,
    expires_at: null,
  });
});

Deno.test("every route has a rule, and one without is refused", async () => {
  await using test = TestApp.on(await startSqlite());
  const routes = test.app.routes.filter(isRoute);
  assertEquals(routes.length > 40, true);
  for (const route of routes) ruleOf(route);
  const names = routes.map(({ method, path }) =>
    `${method} ${path.replaceAll(/:(\w+)(\{[^/]*\})?/g, "{$1}")}`
  );
  assertEquals(Object.keys(RULES).filter((name) => !names.includes(name)), [], "rules of no route");
  assertThrows(() => ruleOf({ method: "POST", path: "/tasks/:id/x" }), TypeError, "has no rule");
});

Deno.test("the interface's description says which role each route needs, and how to log in", async () => {
  await using secured = await Secured.start();
  const response = await secured.request("GET", "/openapi.json", secured.bearer("viewer"));
  const { paths, components } = await response.json();
  assertEquals(Object.keys(components.securitySchemes), ["token", "password", "session"]);
  assertEquals(paths["/users"].post.description, "Needs the role admin.");
  assertEquals(paths["/users"].post.security, [{ token: [] }, { password: [] }, { session: [] }]);
  assertEquals(paths["/healthz"].get.security, []);
  await using open = TestApp.on(await startSqlite());
  const plain = await (await open.get("/openapi.json")).json();
  assertEquals(plain.components.securitySchemes, undefined);
});
