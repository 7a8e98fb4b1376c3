import { html } from "htm/preact";

const PATHS = {
  access:
    "M8 1.8 2.8 3.7v3.6c0 3.2 2.1 5.6 5.2 6.9 3.1-1.3 5.2-3.7 5.2-6.9V3.7zM8 6v3.4M6.6 7.7h2.8",
  add: "M8 3v10M3 8h10",
  audit: "M4 2.5h8v11H4zM6 5.5h4M6 8h4M6 10.5h2.5",
  back: "M10 3.5 5.5 8l4.5 4.5",
  bolt: "M9 1.8 3.6 9h4l-.8 5.2L12.4 7h-4z",
  close: "m4 4 8 8m0-8-8 8",
  copy: "M5.5 5.5v-2h7v7h-2m-7-5h7v7h-7z",
  dead: "M8 2 1.8 13.2h12.4zM8 6.2v3.4M8 11.4v.1",
  done: "m3.5 8.5 3 3 6-7",
  down: "m4 6 4 4 4-4",
  edit: "m3 13 .6-2.8 7-7 2.2 2.2-7 7zM9.4 4.4l2.2 2.2",
  external: "M6.5 3.5h-3v9h9v-3M9 3h4v4M13 3 7.5 8.5",
  eye:
    "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6Z",
  filter: "M2.5 4h11M4.5 8h7M6.5 12h3",
  info: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 7.3v3.5M8 5.2v.1",
  key: "M10.2 2.5a3.3 3.3 0 1 0 0 6.6 3.3 3.3 0 0 0 0-6.6ZM7.8 8.2 2.5 13.5M4.6 11.4l1.6 1.6",
  laptop: "M3.5 3.5h9v6.5h-9zM1.5 12.5h13",
  logout: "M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  moon: "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6Z",
  more: "M3.5 7.6v.8M8 7.6v.8M12.5 7.6v.8",
  next: "M6 3.5 10.5 8 6 12.5",
  overview: "M2.5 13.5v-4M6.2 13.5v-8M9.8 13.5v-6M13.5 13.5v-11",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  play: "M5 3.5v9l7-4.5z",
  queues: "M8 2 2 5l6 3 6-3zM2 8l6 3 6-3M2 11l6 3 6-3",
  retry: "M13 8a5 5 0 1 1-1.5-3.6M13 2.5v3h-3",
  schedules: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 4.8V8l2.2 1.6",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.3 10.3l3.4 3.4",
  stop: "M4 4h8v8H4z",
  sun:
    "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  system: "M2.5 2.8h11v4h-11zM2.5 9.2h11v4h-11zM5 4.8v.1M5 11.2v.1",
  table: "M2.5 3.5h11v9h-11zM2.5 6.7h11M6.5 6.7v5.8",
  tasks: "M6 4h7.5M6 8h7.5M6 12h7.5M2.6 4h.1M2.6 8h.1M2.6 12h.1",
  trash: "M2.8 4.2h10.4M6.2 4V2.5h3.6V4M4.2 4.2l.6 9.3h6.4l.6-9.3M6.8 7v4M9.2 7v4",
  user: "M8 2.5a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4ZM2.8 13.5c.5-2.6 2.5-4 5.2-4s4.7 1.4 5.2 4",
  workers:
    "M4.5 4.5h7v7h-7zM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14",
} as const;

export type IconName = keyof typeof PATHS;

/** A line drawing of 16 by 16; what it means must be said next to it. */
export function Icon({ name }: { name: IconName }) {
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
