/**
 * The pages: one line each, which is all that routes, navigation, palette and shortcuts know of them.
 * A page's modules and styles are loaded when it is first opened.
 */

import type { ComponentType } from "preact";
import type { IconName } from "./components/icons.ts";
import type { Role } from "../jobs/wire.ts";
import type { PageName } from "./route.ts";

/** What a page is given; it is made anew when the id changes. */
export interface PageProps {
  id: string | null;
}

export interface PageEntry {
  title: string;
  icon: IconName;
  /** Where it stands in the navigation; null for what is reached otherwise. */
  group: "tasks" | "system" | "operate" | null;
  /** The second key of its shortcut, after `g`. */
  key: string | null;
  /** Who may see it, where that is not everyone who is logged in. */
  needs?: Role;
  /** Only where people log in. */
  withLogins?: boolean;
  /** Style sheets in styles/ beside those of the frame. */
  styles: string[];
  load(): Promise<ComponentType<PageProps>>;
}

export const PAGES: { [P in PageName]: PageEntry } = {
  overview: {
    title: "Overview",
    icon: "overview",
    group: "tasks",
    key: "o",
    styles: ["figures", "plot", "uplot", "overview"],
    load: async () => (await import("./pages/overview.ts")).OverviewPage,
  },
  tasks: {
    title: "Tasks",
    icon: "tasks",
    group: "tasks",
    key: "t",
    styles: ["tasks"],
    load: async () => (await import("./pages/tasks.ts")).TasksPage,
  },
  task: {
    title: "Task",
    icon: "tasks",
    group: null,
    key: null,
    styles: ["calls", "task"],
    load: async () => (await import("./pages/task.ts")).TaskPage,
  },
  start: {
    title: "Start a task",
    icon: "play",
    group: "tasks",
    key: "n",
    styles: ["calls", "start"],
    load: async () => (await import("./pages/start.ts")).StartPage,
  },
  queues: {
    title: "Queues",
    icon: "queues",
    group: "operate",
    key: "q",
    styles: ["figures", "plot", "uplot", "queues"],
    load: async () => (await import("./pages/queues.ts")).QueuesPage,
  },
  workers: {
    title: "Workers",
    icon: "workers",
    group: "operate",
    key: "w",
    styles: ["workers"],
    load: async () => (await import("./pages/workers.ts")).WorkersPage,
  },
  schedules: {
    title: "Schedules",
    icon: "schedules",
    group: "operate",
    key: "s",
    styles: ["calls", "schedules"],
    load: async () => (await import("./pages/schedules.ts")).SchedulesPage,
  },
  dead: {
    title: "Dead tasks",
    icon: "dead",
    group: "operate",
    key: "d",
    styles: ["calls", "dead"],
    load: async () => (await import("./pages/dead.ts")).DeadPage,
  },
  system: {
    title: "System",
    icon: "system",
    group: "system",
    key: "y",
    styles: ["figures", "system"],
    load: async () => (await import("./pages/system.ts")).SystemPage,
  },
  access: {
    title: "Access",
    icon: "access",
    group: "system",
    key: "a",
    needs: "admin",
    withLogins: true,
    styles: ["access"],
    load: async () => (await import("./pages/access.ts")).AccessPage,
  },
  audit: {
    title: "Audit",
    icon: "audit",
    group: "system",
    key: "u",
    needs: "operator",
    styles: ["audit"],
    load: async () => (await import("./pages/audit.ts")).AuditPage,
  },
  login: {
    title: "Log in",
    icon: "access",
    group: null,
    key: null,
    styles: ["login"],
    load: async () => (await import("./pages/login.ts")).LoginPage,
  },
};
