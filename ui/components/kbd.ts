import { html } from "htm/preact";

const NAMES: { [key: string]: string } = {
  ArrowDown: "↓",
  ArrowUp: "↑",
  Enter: "Enter",
  Escape: "Esc",
  Mod: /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl",
};

/** Keys as they stand on the keyboard; a space between those that are pressed one after the other. */
export function Kbd({ keys }: { keys: string }) {
  return html`
    <span class="keys">
      ${keys.split(" ").map((key, index) => html`<kbd key=${index}>${NAMES[key] ?? key}</kbd>`)}
    </span>
  `;
}
