import { html } from "htm/preact";
import type { Tone } from "./badge.ts";

interface SparklineProps {
  /** Oldest first; null is a gap. */
  values: (number | null)[];
  /** What it shows, in words. */
  label: string;
  tone?: Tone;
}

const WIDTH = 100;
const HEIGHT = 24;

/** The course of a figure at the size of a word. */
export function Sparkline({ values, label, tone = "accent" }: SparklineProps) {
  const most = Math.max(1, ...values.map((value) => value ?? 0));
  let path = "";
  let drawing = false;
  for (const [index, value] of values.entries()) {
    if (value !== null) {
      const x = values.length > 1 ? index / (values.length - 1) * WIDTH : 0;
      const y = HEIGHT - 1 - value / most * (HEIGHT - 2);
      path += `${drawing ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    }
    drawing = value !== null;
  }
  return html`
    <svg
      class="sparkline"
      viewBox=${`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label=${label}
      data-tone=${tone}
    >
      <path d=${path} />
    </svg>
  `;
}
