import { html } from "htm/preact";

const PATHS = {
  back: "M10 3.5 5.5 8l4.5 4.5",
  close: "m4 4 8 8m0-8-8 8",
  copy: "M5.5 5.5v-2h7v7h-2m-7-5h7v7h-7z",
  done: "m3.5 8.5 3 3 6-7",
  eye:
    "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6Z",
  play: "M5 3.5v9l7-4.5z",
};

/** A line drawing of 16 by 16; what it means must be said next to it. */
export function Icon({ name }: { name: keyof typeof PATHS }) {
  return html`
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d=${PATHS[name]} />
    </svg>
  `;
}

/** The mark of the program: a ring of progress around a finished task. */
export function Mark() {
  return html`
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path class="track" d="M16 7a9 9 0 1 1 0 18 9 9 0 0 1 0-18Z" />
      <path d="M16 7a9 9 0 1 1-8.56 6.22" />
      <path d="m12 16.3 3 2.9 5.2-6" />
    </svg>
  `;
}
