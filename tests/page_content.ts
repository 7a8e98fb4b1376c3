/** What pages have to show: tasks in every state, a paused queue, tasks that failed for good, schedules. */

import type { Json, Me, State } from "../jobs/wire.ts";
import type { PageSite } from "./page_kit.ts";
import { Program } from "./program.ts";
import { until } from "./until.ts";

/** Seconds after which the busy receiver wants to be asked again. */
const RETRY_AFTER = 900;

type Shown = Exclude<State, "STARTED">;

/** A worker for many short tasks, one for those that take a processor, and whom webhooks are sent to. */
export class PageContent implements AsyncDisposable {
  /** A task in each state. */
  readonly ids = new Map<Shown, string>();

  private constructor(
    private readonly site: PageSite,
    private readonly receiver: Deno.HttpServer<Deno.NetAddr>,
    private readonly workers: Program[],
    /** Of the program that starts the tasks, where one has to log in. */
    private readonly token: string | undefined,
  ) {}

  /** Starts it on a site that has no worker, and waits until all of it is there. */
  static async start(site: PageSite): Promise<PageContent> {
    const receiver = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, receive);
    const env = { REDIS_URL: site.redis.url, TASKAPP_WEBHOOK_HOSTS: "127.0.0.1" };
    const { auth } = await site.api<Me>("GET", "/me");
    const shop = { name: "shop", role: "operator" };
    const { token } = auth
      ? await site.api<{ token: string }>("POST", "/tokens", shop)
      : { token: undefined };
    const workers = [
      Program.start(["work", "-n", "web", "-P", "async", "-c", "24", "-Q", "mail,default"], env),
      Program.start(["work", "-n", "reports", "-c", "2", "-Q", "reports,test-queue"], env),
    ];
    const content = new PageContent(site, receiver, workers, token);
    await content.#fill();
    return content;
  }

  /** The arguments of a webhook that is answered: well, "busy" or "gone". */
  hook(answer: "ok" | "busy" | "gone", body: Json): Json {
    return { url: `http://127.0.0.1:${this.receiver.addr.port}/${answer}`, body };
  }

  /** Starts a task in a queue; answers its id. */
  async task(name: string, args: Json, options: { [option: string]: Json } = {}): Promise<string> {
    const call = { name, args, ...options };
    const { site, token } = this;
    return (await site.api<{ task_id: string }>("POST", "/tasks", call, token)).task_id;
  }

  async #fill(): Promise<void> {
    const { site } = this;
    for (let month = 1; month <= 5; month++) {
      await this.task("csv_report", { path: `invoices-2026-0${month}.csv` }, { queue: "archive" });
    }
    await site.api("POST", "/queues/archive/pause");
    const tomorrow = { countdown: 86_400, queue: "reports" };
    this.ids.set("PENDING", await this.task("csv_report", { csv: "day,visits\n" }, tomorrow));
    this.ids.set("PROGRESS", await this.task("long_running_task", [90]));
    this.ids.set("RETRY", await this.task("webhook", this.hook("busy", { order: 1093 }), MAIL));
    this.ids.set("SUCCESS", await this.task("csv_report", { csv: TABLE }, { queue: "reports" }));
    this.ids.set("FAILURE", await this.task("divide", [1, 0]));
    await this.task("webhook", this.hook("gone", { order: 1094 }), MAIL);
    await this.task("webhook", { url: "https://example.com/orders", body: null }, MAIL);
    const revoked = await this.task("create_task", [600]);
    this.ids.set("REVOKED", revoked);
    await site.api("POST", `/tasks/${revoked}/revoke`);
    const schedules = [
      ["daily-report", "csv_report", { csv: TABLE }, { cron: "30 6 * * 1-5", queue: "reports" }],
      ["heartbeat", "webhook", this.hook("ok", { alive: true }), { every: 20, queue: "mail" }],
      ["clean-up", "create_task", [2], { cron: "0 3 * * 0", timezone: "Europe/Berlin" }],
    ] as const;
    for (const [name, task, args, when] of schedules) {
      await site.api("POST", "/schedules", { name, task, args, ...when });
    }
    await site.api("POST", "/schedules/clean-up/pause");
    for (const [state, id] of this.ids) {
      await until(
        async () => (await site.api<{ status: State }>("GET", `/tasks/${id}`)).status === state,
        60_000,
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.workers) await worker[Symbol.asyncDispose]();
    await this.receiver.shutdown();
  }
}

const MAIL = { queue: "mail" };

const TABLE = "day,visits,country\n2026-03-01,120,NO\n2026-03-02,98,DE\n2026-03-03,131,NO\n";

function receive(request: Request): Response {
  switch (new URL(request.url).pathname) {
    case "/ok":
      return Response.json({ received: true });
    case "/busy":
      return new Response("too many orders at a time", {
        status: 503,
        headers: { "retry-after": `${RETRY_AFTER}` },
      });
    default:
      return new Response("this shop has closed", { status: 410 });
  }
}
