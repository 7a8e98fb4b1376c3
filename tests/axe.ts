/** What axe-core finds wrong with a page for who does not see it, or not well. */

import axe from "axe-core";
import type { Page } from "playwright-core";

/** Of each violation its rule, what it wants, and where; none is an empty list. */
export async function violations(page: Page): Promise<string[]> {
  // Evaluated by the browser itself, as the policy of the page lets no script in.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<axe.AxeResults>("axe.run(document)");
  return violations.map(({ id, help, nodes }) =>
    `${id}: ${help}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`
  );
}

/** The same in both themes. */
export async function violationsInBothThemes(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    found.push(...(await violations(page)).map((violation) => `${colorScheme}: ${violation}`));
  }
  return found;
}
