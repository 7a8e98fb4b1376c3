/** Style sheets that are loaded when they are needed; those of a page count only while it is shown. */

const loaded = new Map<string, Promise<HTMLLinkElement>>();
const ofPages = new Map<string, HTMLLinkElement>();

/** Loads sheets of styles/ that are not there yet, and lets them count from then on. */
export async function loadStyles(names: string[]): Promise<void> {
  await Promise.all(names.map(sheet));
}

/** Loads the sheets of a page, for `onlyStyles`. */
export async function loadPageStyles(names: string[]): Promise<void> {
  await Promise.all(names.map(async (name) => {
    const link = await sheet(name);
    if (ofPages.has(name)) return;
    ofPages.set(name, link);
    // Another page is still shown.
    if (link.sheet) link.sheet.disabled = true;
  }));
}

/** Lets these sheets count and no other page's: two pages may mean different things by a name. */
export function onlyStyles(names: string[]): void {
  for (const [name, { sheet }] of ofPages) {
    if (sheet) sheet.disabled = !names.includes(name);
  }
}

function sheet(name: string): Promise<HTMLLinkElement> {
  const wait = loaded.get(name) ?? load(name);
  loaded.set(name, wait);
  wait.catch(() => loaded.delete(name));
  return wait;
}

function load(name: string): Promise<HTMLLinkElement> {
  return new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(`./styles/${name}.css`, import.meta.url).href;
    link.onload = () => resolve(link);
    link.onerror = () => {
      link.remove();
      reject(new Error("The styles of this page cannot be loaded."));
    };
    document.head.append(link);
  });
}
