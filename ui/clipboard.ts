import { toast } from "./notices.ts";

/** Copies a text; says so where the browser does not let the page. Answers whether it did. */
export async function copyText(text: string): Promise<boolean> {
  // Absent on pages that were not loaded over HTTPS or from this machine.
  const clipboard: Clipboard | undefined = navigator.clipboard;
  try {
    if (!clipboard) throw new Error("no clipboard");
    await clipboard.writeText(text);
    return true;
  } catch {
    toast({ text: "This browser lets only pages over HTTPS copy. Select the text instead." });
    return false;
  }
}
