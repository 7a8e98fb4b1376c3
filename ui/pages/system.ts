/** What taskapp runs on: its broker, this server, this page's connection, its settings. */

import { html } from "htm/preact";
import type { SystemInfo } from "../../jobs/wire.ts";
import { Failed, Loading } from "../components/absence.ts";
import { Tag, type Tone } from "../components/badge.ts";
import { LinkButton } from "../components/button.ts";
import { type Fact, Facts } from "../components/facts.ts";
import { Meter } from "../components/meter.ts";
import { Card, Page } from "../components/page.ts";
import { Ago, Exact } from "../components/time.ts";
import { bytes, count, wholeSeconds } from "../format.ts";
import { heardAt } from "../api.ts";
import type { Link } from "../live.ts";
import { now } from "../state/clock.ts";
import { link, trouble } from "../state/connection.ts";
import { useSystem } from "../state/system.ts";
import { useTopic } from "../state/topics.ts";
import { Settings } from "./system_settings.ts";

const ASK_EVERY_SECONDS = 5;

export function SystemPage() {
  const system = useSystem(ASK_EVERY_SECONDS);
  return html`
    <${Page}
      title="System"
      subtitle=${system && `taskapp ${system.version} on Deno ${system.deno}`}
      actions=${html`
        <${LinkButton} icon="external" href="/docs">API docs<//>
        <${LinkButton} icon="external" href="/metrics">Metrics<//>
        <${LinkButton} icon="external" href="/healthz">Health<//>
      `}
    >
      ${system === null
        ? trouble.value
          ? html`<${Failed} text=${trouble.value} />`
          : html`<${Loading} lines=${8} />`
        : html`
          <${Health} broker=${system.broker} />
          <div class="columns at-top">
            <${BrokerCard} broker=${system.broker} />
            <div class="stack">
              <${ServerCard} system=${system} />
              <${ConnectionCard} />
            </div>
          </div>
          <${Settings} settings=${system.settings} />
        `}
    <//>
  `;
}

const STORES = { redis: "Redis", sqlite: "SQLite" };

/** The figures that somebody looks for first. */
function Health({ broker }: { broker: SystemInfo["broker"] }) {
  const { kind, version, keys, clients, round_trip_ms } = broker;
  const ms = round_trip_ms < 10 ? round_trip_ms.toFixed(1) : Math.round(round_trip_ms);
  const numbers: Fact[] = [
    ["Broker", `${STORES[kind]} ${version}`],
    ["Round trip", `${ms} ms`],
    [kind === "redis" ? "Memory" : "File size", html`<${Memory} broker=${broker} />`],
    ["Keys", keys === null ? null : count(keys)],
    ["Connections", clients === null ? null : count(clients)],
  ];
  return html`<${Facts} kind="numbers card" facts=${numbers} />`;
}

/** What is used, against the limit where there is one. */
function Memory(
  { broker: { memory_bytes, memory_limit_bytes } }: { broker: SystemInfo["broker"] },
) {
  if (!memory_limit_bytes) return bytes(memory_bytes);
  const share = memory_bytes / memory_limit_bytes;
  const text = `${bytes(memory_bytes)} of ${bytes(memory_limit_bytes)}`;
  return html`
    ${text}
    <${Meter}
      label="Memory of the broker"
      value=${memory_bytes}
      max=${memory_limit_bytes}
      text=${text}
      tone=${share >= 0.9 ? "bad" : share >= 0.75 ? "warn" : "accent"}
    />
  `;
}

function BrokerCard({ broker }: { broker: SystemInfo["broker"] }) {
  const { kind, location, memory_limit_bytes, answered_ms_ago } = broker;
  const facts: Fact[] = [
    ["Location", html`<code>${location}</code>`],
    ["Memory limit", kind === "redis" && !memory_limit_bytes ? "none" : null],
    [
      "Last answer",
      answered_ms_ago === null
        ? null
        : answered_ms_ago < 1000
        ? "less than a second ago"
        : `${wholeSeconds(answered_ms_ago)} ago`,
    ],
    ...Object.entries(broker.details),
  ];
  return html`
    <${Card} title="Broker">
      <${Facts} facts=${facts} />
      <//>
  `;
}

function ServerCard({ system: { server, version, deno, started_at } }: { system: SystemInfo }) {
  const workers = useTopic("workers") ?? [];
  const versions = [...new Set(workers.map((worker) => worker.version))].sort();
  const facts: Fact[] = [
    ["Version", version],
    [
      "Workers' version",
      versions.length === 0 ? "no worker" : html`
        ${versions.join(", ")}
        ${versions.some((each) => each !== version) && html`
          <${Tag} tone="warn">differs<//>
        `}
      `,
    ],
    ["Deno", deno],
    ["Machine", server.hostname],
    ["Process", `${server.pid}`],
    ["Started", html`<${Ago} iso=${started_at} />`],
    ["Memory", `${Math.round(server.memory_mib)} MiB`],
    ["Open sockets", count(server.sockets)],
  ];
  return html`
    <${Card} title="This server">
      <${Facts} facts=${facts} />
      <//>
  `;
}

const LINKS: { [L in Link]: [text: string, tone: Tone] } = {
  connecting: ["connecting", "warn"],
  open: ["live", "good"],
  lost: ["lost, trying again", "bad"],
};

function ConnectionCard() {
  const [text, tone] = LINKS[link.value];
  const facts: Fact[] = [
    ["State", html`<${Tag} tone=${tone}>${text}<//>`],
    ["Server", html`<code>${location.origin}</code>`],
    ["Last heard", `${wholeSeconds(Math.max(0, now.value - heardAt.value))} ago`],
    ["Trouble", trouble.value],
    ["Its time", html`<${Exact} iso=${new Date(now.value).toISOString()} />`],
  ];
  return html`
    <${Card} title="This page">
      <${Facts} facts=${facts} />
      <//>
  `;
}
