/** Style sheets that belong to one page, loaded with it. */

const loaded = new Map<string, Promise<void>>();

/** Loads sheets of styles/ that are not there yet; waits until they count. */
export async function loadStyles(names: string[]): Promise<void> {
  await Promise.all(names.map((name) => {
    const wait = loaded.get(name) ?? load(new URL(`./styles/${name}.css`, import.meta.url).href);
    loaded.set(name, wait);
    wait.catch(() => loaded.delete(name));
    return wait;
  }));
}

/** Loads one by its address. */
function load(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sheet = document.createElement("link");
    sheet.rel = "stylesheet";
    sheet.href = address;
    sheet.onload = () => resolve();
    sheet.onerror = () => {
      sheet.remove();
      reject(new Error("The styles of this page cannot be loaded."));
    };
    document.head.append(sheet);
  });
}
