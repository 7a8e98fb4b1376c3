/** Style sheets that belong to one page: loaded with it, and in force only while it is shown. */

const loaded = new Map<string, Promise<void>>();
const links = new Map<string, HTMLLinkElement>();

/** Loads sheets of styles/ that are not there yet; waits until they are. */
export async function loadStyles(names: string[]): Promise<void> {
  await Promise.all(names.map((name) => {
    const wait = loaded.get(name) ?? load(name);
    loaded.set(name, wait);
    wait.catch(() => loaded.delete(name));
    return wait;
  }));
}

/** Lets these sheets count and no other page's: two pages may mean different things by a name. */
export function onlyStyles(names: string[]): void {
  for (const [name, { sheet }] of links) {
    if (sheet) sheet.disabled = !names.includes(name);
  }
}

function load(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(`./styles/${name}.css`, import.meta.url).href;
    link.onload = () => {
      // Another page is still shown.
      if (link.sheet) link.sheet.disabled = true;
      resolve();
    };
    link.onerror = () => {
      link.remove();
      links.delete(name);
      reject(new Error("The styles of this page cannot be loaded."));
    };
    links.set(name, link);
    document.head.append(link);
  });
}
