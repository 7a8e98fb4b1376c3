/** The theme: light, dark or as the system has it. `early.js` applies a stored one before the first paint. */

import { signal } from "@preact/signals";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "taskapp.theme";

/** What the reader has chosen. */
export const theme = signal<Theme>(applied());

/** Applies a theme and keeps it in this browser. */
export function setTheme(chosen: Theme): void {
  theme.value = chosen;
  const { dataset } = document.documentElement;
  if (chosen === "system") delete dataset["theme"];
  else dataset["theme"] = chosen;
  try {
    if (chosen === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen);
  } catch {
    // A browser that stores nothing: the theme lasts as long as the page.
  }
}

/** Calls back when the colours have changed, also with the system's, until what is returned is called. */
export function watchTheme(changed: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  const stop = theme.subscribe(changed);
  return () => {
    system.removeEventListener("change", changed);
    stop();
  };
}

function applied(): Theme {
  return THEMES.find((each) => each === document.documentElement.dataset["theme"]) ?? "system";
}
