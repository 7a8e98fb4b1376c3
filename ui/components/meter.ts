import { html } from "htm/preact";
import type { Tone } from "./badge.ts";

interface MeterProps {
  value: number;
  max: number;
  /** What is measured, such as "Busy slots". */
  label: string;
  /** How the value is said; "3 of 8" without. */
  text?: string;
  tone?: Tone;
}

/** How much of something is used, as a bar. */
export function Meter(
  { value, max, label, text = `${value} of ${max}`, tone = "accent" }: MeterProps,
) {
  const share = max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
  return html`
    <div
      class="meter"
      role="meter"
      aria-label=${label}
      aria-valuemin="0"
      aria-valuemax=${max}
      aria-valuenow=${Math.min(value, max)}
      aria-valuetext=${text}
      data-tone=${tone}
    >
      <div style=${{ width: `${share * 100}%` }}></div>
    </div>
  `;
}
