/** The page that the address names: loaded when it is first opened, and replaced by a word where it fails. */

import { signal } from "@preact/signals";
import { html } from "htm/preact";
import { Component, type ComponentChildren, type ComponentType } from "preact";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { hasRole } from "../access.ts";
import { Empty, Failed, Loading } from "../components/absence.ts";
import { LinkButton } from "../components/button.ts";
import { Page } from "../components/page.ts";
import { type PageProps, PAGES } from "../pages.ts";
import { type PageName, route } from "../route.ts";
import { me } from "../state/session.ts";
import { loadPageStyles, onlyStyles } from "../styles.ts";

const loaded = signal<{ [P in PageName]?: ComponentType<PageProps> }>({});
const failed = signal<PageName | null>(null);

/** Loads a page if it is not there yet. */
export async function loadPage(name: PageName): Promise<void> {
  if (loaded.peek()[name]) return;
  const { load, styles } = PAGES[name];
  try {
    const [page] = await Promise.all([load(), loadPageStyles(styles)]);
    loaded.value = { ...loaded.peek(), [name]: page };
    if (failed.peek() === name) failed.value = null;
  } catch (error) {
    console.error(`The page ${name} cannot be loaded:`, error);
    failed.value = name;
  }
}

export function PageHost() {
  const { page, id } = route.value;
  useEffect(() => {
    if (page) void loadPage(page);
  }, [page]);
  const isLoaded = page !== null && loaded.value[page] !== undefined;
  useLayoutEffect(() => {
    if (isLoaded) onlyStyles(PAGES[page].styles);
  }, [page, isLoaded]);
  if (page === null) return html`<${NoPage} />`;
  const { needs, title } = PAGES[page];
  const seen = needs ? hasRole(needs) : true;
  if (me.value !== null && seen !== true) {
    return html`
      <${Page} title=${title}>
        <${Empty} icon="access" title=${seen} hint="Ask an admin for it." />
        <//>
    `;
  }
  const Shown = loaded.value[page];
  if (Shown) {
    return html`
      <${Guard} key=${`${page}/${id}`}>
        <${Shown} id=${id} />
        <//>
    `;
  }
  if (failed.value === page) {
    return html`
      <${Failed}
        text="This page cannot be loaded: the server is away, or has a new version."
        retry=${() => location.reload()}
      />
    `;
  }
  return html`<${Loading} lines=${6} />`;
}

function NoPage() {
  return html`
    <${Page} title="There is no such page">
      <${Empty}
        title="This address leads nowhere."
        hint="It may be of another version of taskapp."
        action=${html`<${LinkButton} href="#/">Go to the overview<//>`}
      />
      <//>
  `;
}

/** Keeps what goes wrong in one page from taking the others along. */
class Guard extends Component<{ children?: ComponentChildren }, { broken: string | null }> {
  override state = { broken: null };

  static override getDerivedStateFromError(error: unknown) {
    console.error(error);
    return { broken: String(error) };
  }

  override render() {
    const { broken } = this.state;
    if (broken === null) return this.props.children;
    const retry = () => this.setState({ broken: null });
    return html`<${Failed} text=${`This page has a mistake: ${broken}`} retry=${retry} />`;
  }
}
