/** Style sheets of pages: each page looks the same whichever was shown before it. */

import { assert, assertEquals } from "@std/assert";
import { PageContent } from "./page_content.ts";
import { PageSite, settled } from "./page_kit.ts";

Deno.test("no page changes how another looks", async () => {
  await using site = await PageSite.start({ worker: false });
  await using _content = await PageContent.start(site);
  const page = await site.open();
  const styleOf = (selector: string) =>
    page.evaluate<string[]>(`{
      const { display, gap, color, marginTop } = getComputedStyle(
        document.querySelector(${JSON.stringify(selector)}),
      );
      [display, gap, color, marginTop];
    }`);
  await page.goto(`${site.url}/#/system`);
  await settled(page);
  const alone = await styleOf("main .stack");
  for (const hash of ["#/schedules", "#/tasks", "#/workers", "#/start", "#/system"]) {
    await page.goto(`${site.url}/${hash}`);
    await settled(page);
  }
  assertEquals(await styleOf("main .stack"), alone);

  // Sheets of components are for every page: a plot's axes lie upon its canvas.
  for (const hash of ["#/queues/archive", "#/system", "#/queues/archive"]) {
    await page.goto(`${site.url}/${hash}`);
    await settled(page);
  }
  const over = page.locator(".u-over").first();
  await over.waitFor({ state: "attached" });
  const [inner, canvas] = [
    await over.boundingBox(),
    await page.locator("canvas").first().boundingBox(),
  ];
  assert(inner && canvas && inner.y >= canvas.y && inner.y < canvas.y + canvas.height / 2);
  site.noComplaints();
});
