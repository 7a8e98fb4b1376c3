import { html } from "htm/preact";
import { Tabs } from "../components/tabs.ts";
import { href } from "../route.ts";

/** The two views of the page. */
export function WorkersTabs({ current, count }: { current: "" | "limits"; count?: number }) {
  const tabs = [
    { id: "", label: "Processes", count, href: href("workers") },
    { id: "limits", label: "Task limits", href: href("workers", null, { view: "limits" }) },
  ];
  return html`<${Tabs} label="Views of workers" tabs=${tabs} current=${current} />`;
}
