/** Toasts: what an action has to say. They go away by themselves. */

import { signal } from "@preact/signals";

export interface Toast {
  id: number;
  text: string;
  kind: "info" | "good" | "bad";
  /** Where to see what has come of it. */
  link?: { text: string; href: string };
  /** Takes back what was done, where that can be. */
  undo?: () => unknown;
}

const SHOWN_MS = 6000;
/** To take something back needs longer than to read that it was done. */
const UNDO_MS = 10_000;
const MAX_TOASTS = 4;

export const toasts = signal<Toast[]>([]);

let lastId = 0;
const timers = new Map<number, ReturnType<typeof setTimeout>>();

/** Says something for a few seconds. The same text twice is said once. */
export function toast(said: Omit<Partial<Toast>, "id"> & { text: string }): void {
  const { text, kind = "info", link, undo } = said;
  const others = toasts.peek().filter((other) => other.text !== text);
  const shown = { id: ++lastId, text, kind, ...(link && { link }), ...(undo && { undo }) };
  toasts.value = [...others, shown].slice(-MAX_TOASTS);
  letGo(shown);
}

/** Says what went wrong, in the server's words where it is the server that refused. */
export function toastError(error: unknown): void {
  toast({ kind: "bad", text: error instanceof Error ? error.message : String(error) });
}

export function dismiss(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  toasts.value = toasts.peek().filter((shown) => shown.id !== id);
}

/** Keeps all toasts while they are read, and lets them go after that. */
export function holdToasts(hold: boolean): void {
  for (const shown of toasts.peek()) {
    clearTimeout(timers.get(shown.id));
    if (!hold) letGo(shown);
  }
}

function letGo({ id, undo }: Toast): void {
  timers.set(id, setTimeout(() => dismiss(id), undo ? UNDO_MS : SHOWN_MS));
}
