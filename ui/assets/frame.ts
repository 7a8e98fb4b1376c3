/** The frame of the page: what each page stands on. */

import wire from "../../jobs/wire.ts" with { type: "text" };
import access from "../access.ts" with { type: "text" };
import address from "../address.ts" with { type: "text" };
import api from "../api.ts" with { type: "text" };
import app from "../app.ts" with { type: "text" };
import clipboard from "../clipboard.ts" with { type: "text" };
import commands from "../commands.ts" with { type: "text" };
import early from "../early.js" with { type: "text" };
import format from "../format.ts" with { type: "text" };
import icon from "../icon.svg" with { type: "text" };
import layoutBanner from "../layout/banner.ts" with { type: "text" };
import layoutHeader from "../layout/header.ts" with { type: "text" };
import layoutNavigation from "../layout/navigation.ts" with { type: "text" };
import layoutPageHost from "../layout/page_host.ts" with { type: "text" };
import layoutPalette from "../layout/palette.ts" with { type: "text" };
import layoutPalettePlaces from "../layout/palette_places.ts" with { type: "text" };
import layoutShortcutSheet from "../layout/shortcut_sheet.ts" with { type: "text" };
import layoutToasts from "../layout/toasts.ts" with { type: "text" };
import live from "../live.ts" with { type: "text" };
import notices from "../notices.ts" with { type: "text" };
import pages from "../pages.ts" with { type: "text" };
import palette from "../palette.ts" with { type: "text" };
import route from "../route.ts" with { type: "text" };
import schema from "../schema.ts" with { type: "text" };
import shortcuts from "../shortcuts.ts" with { type: "text" };
import stateClock from "../state/clock.ts" with { type: "text" };
import stateConnection from "../state/connection.ts" with { type: "text" };
import stateSession from "../state/session.ts" with { type: "text" };
import stateTasks from "../state/tasks.ts" with { type: "text" };
import stateTopics from "../state/topics.ts" with { type: "text" };
import store from "../store.ts" with { type: "text" };
import styles from "../styles.ts" with { type: "text" };
import theme from "../theme.ts" with { type: "text" };

export const FRAME: { [path: string]: string } = {
  "jobs/wire.ts": wire,
  "ui/access.ts": access,
  "ui/address.ts": address,
  "ui/api.ts": api,
  "ui/app.ts": app,
  "ui/clipboard.ts": clipboard,
  "ui/commands.ts": commands,
  "ui/early.js": early,
  "ui/format.ts": format,
  "ui/icon.svg": icon,
  "ui/layout/banner.ts": layoutBanner,
  "ui/layout/header.ts": layoutHeader,
  "ui/layout/navigation.ts": layoutNavigation,
  "ui/layout/page_host.ts": layoutPageHost,
  "ui/layout/palette.ts": layoutPalette,
  "ui/layout/palette_places.ts": layoutPalettePlaces,
  "ui/layout/shortcut_sheet.ts": layoutShortcutSheet,
  "ui/layout/toasts.ts": layoutToasts,
  "ui/live.ts": live,
  "ui/notices.ts": notices,
  "ui/pages.ts": pages,
  "ui/palette.ts": palette,
  "ui/route.ts": route,
  "ui/schema.ts": schema,
  "ui/shortcuts.ts": shortcuts,
  "ui/state/clock.ts": stateClock,
  "ui/state/connection.ts": stateConnection,
  "ui/state/session.ts": stateSession,
  "ui/state/tasks.ts": stateTasks,
  "ui/state/topics.ts": stateTopics,
  "ui/store.ts": store,
  "ui/styles.ts": styles,
  "ui/theme.ts": theme,
};
