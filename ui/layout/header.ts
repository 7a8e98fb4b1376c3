/** What stands above every page. */

import { html } from "htm/preact";
import { Icon, type IconName, Mark } from "../components/icons.ts";
import { Kbd } from "../components/kbd.ts";
import { Menu, type MenuItem } from "../components/menu.ts";
import { isPaletteOpen } from "../palette.ts";
import { link } from "../state/connection.ts";
import { logOut, me } from "../state/session.ts";
import { setTheme, type Theme, theme, THEMES } from "../theme.ts";
import { isSheetOpen } from "./shortcut_sheet.ts";

export function Header() {
  return html`
    <header class="top">
      <a class="brand" href="#/" aria-label="taskapp, overview"><${Mark} /></a>
      <button type="button" class="find" onClick=${() => isPaletteOpen.value = true}>
        <${Icon} name="search" /><span>Search or jump to…</span><${Kbd} keys="Mod K" />
      </button>
      <div class="top-right">
        ${me.value?.read_only && html`
          <span class="tag" data-tone="warn"
            title="Nobody may change anything on this server">read-only</span>
        `}
        <${LinkState} />
        <${ReaderMenu} />
      </div>
    </header>
  `;
}

const WORDS = { connecting: "Connecting…", open: "Live", lost: "Reconnecting…" };

function LinkState() {
  return html`
    <span class="link" role="status" data-link=${link}><span>${WORDS[link.value]}</span></span>
  `;
}

const THEME_ICONS: { [T in Theme]: IconName } = { system: "laptop", light: "sun", dark: "moon" };
const THEME_WORDS: { [T in Theme]: string } = {
  system: "Theme of the system",
  light: "Light theme",
  dark: "Dark theme",
};

function ReaderMenu() {
  const user = me.value?.user ?? null;
  const themes: MenuItem[] = THEMES.map((each) => ({
    label: THEME_WORDS[each],
    icon: THEME_ICONS[each],
    checked: theme.value === each,
    run: () => setTheme(each),
  }));
  return html`
    <${Menu}
      label=${user ? `${user}, and this page` : "This page"}
      head=${user && html`<${Reader} />`}
      items=${[
        ...themes,
        null,
        { label: "Keyboard shortcuts", icon: "info", run: () => isSheetOpen.value = true },
        ...logoutItems(),
      ]}
    >
      ${user
        ? html`<span class="avatar" aria-hidden="true">${user.slice(0, 1).toUpperCase()}</span>`
        : html`<${Icon} name="user" />`}
    <//>
  `;
}

/** Who is logged in, as what. */
function Reader() {
  const { user, role, via } = me.value ?? {};
  return html`
    <div class="menu-head">
      <p><strong>${user}</strong></p>
      <p class="muted">${role}${via === "session" ? "" : `, by ${via}`}</p>
    </div>
    <hr />
  `;
}

/** Only a session can be ended: a password that the browser sends by itself stays. */
function logoutItems(): (MenuItem | null)[] {
  if (me.value?.via !== "session") return [];
  return [
    null,
    { label: "Log out", icon: "logout", run: () => logOut({ everywhere: false }) },
    { label: "Log out everywhere", icon: "logout", run: () => logOut({ everywhere: true }) },
  ];
}
