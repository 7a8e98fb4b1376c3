/** What the pages Overview, Queues and System ask the HTTP API. */

import type { History, QueueInfo, Range, Rate, SummaryPage, SystemInfo } from "../../jobs/wire.ts";
import { call } from "../api.ts";

export function getHistory(range: Range, queue: string | null): Promise<History> {
  const query = new URLSearchParams({ range, ...(queue !== null && { queue }) });
  return call("GET", `/history?${query}`);
}

export function getSystem(): Promise<SystemInfo> {
  return call("GET", "/system");
}

/** Tasks that failed, the last first. */
export function listFailed(limit: number): Promise<SummaryPage> {
  return call("GET", `/tasks?view=summary&state=FAILURE&limit=${limit}`);
}

/** Tasks of a queue that have not started, the newest first. */
export function listWaiting(queue: string, limit: number): Promise<SummaryPage> {
  const query = new URLSearchParams({ view: "summary", state: "PENDING,RETRY", queue });
  return call("GET", `/tasks?${query}&limit=${limit}`);
}

export function pauseQueue(name: string): Promise<unknown> {
  return call("POST", `/queues/${encodeURIComponent(name)}/pause`);
}

export function resumeQueue(name: string): Promise<unknown> {
  return call("POST", `/queues/${encodeURIComponent(name)}/resume`);
}

export function purgeQueue(name: string): Promise<{ purged: number }> {
  return call("POST", `/queues/${encodeURIComponent(name)}/purge`);
}

export function limitQueue(
  name: string,
  limits: { rate_limit: Rate | null } | { concurrency_limit: number | null },
): Promise<QueueInfo> {
  return call("PATCH", `/queues/${encodeURIComponent(name)}`, limits);
}
