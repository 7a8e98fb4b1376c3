/** How a run went, for people: a short table, and what is wrong in plain words. */

import type { Recovery } from "./audit.ts";
import type { Report } from "./run.ts";

export function table(report: Report): string {
  const {
    options,
    verdict,
    fleet,
    orders,
    outages,
    sleeps,
    failures,
    watched,
    size,
    minutes,
    findings,
  } = report;
  const { SUCCESS, FAILURE, REVOKED } = verdict.ended;
  const { counts, growth } = fleet;
  const recovered = (what: Recovery["what"][], calm: boolean, time: "backMs" | "rerunMs") =>
    spread(
      verdict.recoveries.filter((each) => what.includes(each.what) && each.calm === calm)
        .flatMap((each) => each[time] ?? []),
    );
  const killed = ["kill", "impatient"] as const;
  const rows = [
    [
      "accepted",
      `${number(verdict.accepted)}, after ${number(failures)} enqueues without an answer`,
    ],
    ["ended", `SUCCESS ${number(SUCCESS)}, FAILURE ${number(FAILURE)}, REVOKED ${number(REVOKED)}`],
    ["workers lost thrice", number(verdict.workerLost)],
    ["kills -9", number(counts.kill + counts.impatient)],
    ["stops", `${number(counts.stop)}, of them beyond the lease ${number(counts["long stop"])}`],
    ["TERM", number(counts.term)],
    ["restarts", number(counts.restart)],
    ["workers told what to do", number(orders)],
    ["outages of the store", number(outages)],
    ["everyone stopped", number(sleeps)],
    ["handed out again", perMillion(verdict.repeated, verdict.accepted)],
    ["side effects", number(verdict.effects)],
    ["of them duplicates", perMillion(verdict.duplicates, verdict.accepted)],
    ["lost", number(verdict.lost)],
    [
      "watched live",
      `${number(watched.tasks)} tasks, by ${number(watched.connections)} connections`,
    ],
    ["kill -9 → waits again", recovered([...killed], true, "backMs")],
    ["kill -9 → runs again", recovered([...killed], true, "rerunMs")],
    ["  the store away, too", recovered([...killed], false, "rerunMs")],
    ["stop → waits again", recovered(["stop"], true, "backMs")],
    ["TERM → waits again", recovered(["term"], true, "backMs")],
    [
      "most grown process",
      growth
        ? `${growth.name}: ${growth.mib.toFixed(1)} MiB in ${growth.minutes.toFixed(1)} min`
        : "none lived long enough",
    ],
    ["the store at the end", size],
  ];
  const head = `seed ${options.seed}: ${options.broker}, ${options.workers} workers, ` +
    `${options.servers} servers, ${options.rate} tasks a second for ${options.minutes} min, ` +
    `${minutes.toFixed(1)} min in all`;
  const lines = rows.map(([what = "", figure = ""]) => `  ${what.padEnd(24)} ${figure}`);
  const verdictLines = findings.length === 0 ? ["nothing is wrong"] : [
    `${findings.length} finding(s), with seed ${options.seed}:`,
    ...findings.map((each) => `  - ${each}`),
  ];
  return [head, ...lines, ...verdictLines].join("\n");
}

/** Half of all, all but one in a hundred, and all of some times lie below these. */
export function spread(ms: number[]): string {
  if (ms.length === 0) return "none";
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (part: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
  const figures = [0.5, 0.99, 1].map((part) => (at(part) / 1000).toFixed(2)).join(" / ");
  return `p50/p99/max ${figures} s (${number(ms.length)})`;
}

function perMillion(count: number, of: number): string {
  return `${number(count)} (${number(Math.round(count / of * 1e6))} per million tasks)`;
}

function number(value: number): string {
  return value.toLocaleString("en");
}
