/** What every page is made of: its head, and cards. */

import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { useEffect, useId } from "preact/hooks";

interface PageProps {
  title: string;
  /** What stands beside the title, such as a badge. */
  mark?: ComponentChildren;
  /** One line below the title. */
  subtitle?: ComponentChildren;
  /** Where it belongs, as links above the title. */
  trail?: ComponentChildren;
  /** What the window is called, where that is not the title. */
  windowTitle?: string;
  /** Buttons, the most important one last. */
  actions?: ComponentChildren;
  children?: ComponentChildren;
}

/** A page with its title, which is also the window's. */
export function Page(
  { title, mark, subtitle, trail, windowTitle = title, actions, children }: PageProps,
) {
  useEffect(() => {
    document.title = `${windowTitle} – taskapp`;
  }, [windowTitle]);
  return html`
    <div class="page">
      <div class="page-head">
        <div class="page-title">
          ${trail && html`<p class="trail">${trail}</p>`}
          <div class="page-name"><h1>${title}</h1>${mark}</div>
          ${subtitle && html`<p class="muted">${subtitle}</p>`}
        </div>
        ${actions && html`<div class="actions">${actions}</div>`}
      </div>
      ${children}
    </div>
  `;
}

interface CardProps {
  title?: string;
  /** What stands at the right of its title. */
  actions?: ComponentChildren;
  /** Without space around what is in it: for tables and lists. */
  flush?: boolean;
  class?: string;
  children?: ComponentChildren;
}

/** A part of a page on a surface of its own; one with a title is a region. */
export function Card({ title, actions, flush = false, class: more = "", children }: CardProps) {
  const id = useId();
  return html`
    <section class=${`card ${flush ? "flush" : ""} ${more}`} aria-labelledby=${title
      ? id
      : undefined}>
      ${(title || actions) && html`
        <div class="card-head">
          ${title && html`<h2 id=${id}>${title}</h2>`}
          ${actions && html`<div class="actions">${actions}</div>`}
        </div>
      `}
      ${children}
    </section>
  `;
}
