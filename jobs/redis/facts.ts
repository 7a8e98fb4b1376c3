/** What a Redis says of itself, from its answer to INFO. */

import type { BrokerFacts } from "../wire.ts";

/** @param keys how many there are in the database that is used */
export function toFacts(location: string, info: string, keys: number): BrokerFacts {
  const fields = new Map(
    info.split("\r\n").flatMap((line) => {
      const colon = line.indexOf(":");
      return colon > 0 && !line.startsWith("#")
        ? [[line.slice(0, colon), line.slice(colon + 1)] as const]
        : [];
    }),
  );
  const text = (name: string) => fields.get(name) ?? "";
  const number = (name: string) => Number(fields.get(name) ?? 0);
  const isValkey = fields.has("valkey_version");
  const details = {
    "Server": isValkey ? "Valkey" : "Redis",
    "Mode": text("redis_mode"),
    "Role": `${text("role")}, ${number("connected_slaves")} replicas`,
    "Up for": duration(number("uptime_in_seconds")),
    "Peak memory": `${(number("used_memory_peak") / 1024 / 1024).toFixed(1)} MiB`,
    "When memory is full": text("maxmemory_policy"),
    "Evicted keys": text("evicted_keys"),
    "Append-only file": persistence(text("aof_enabled") === "1", text("aof_last_write_status")),
    "Snapshot": snapshot(number("rdb_last_save_time"), text("rdb_last_bgsave_status")),
    "Commands per second": text("instantaneous_ops_per_sec"),
    "Refused connections": text("rejected_connections"),
  };
  return {
    kind: "redis",
    location,
    version: text(isValkey ? "valkey_version" : "redis_version"),
    memory_bytes: number("used_memory"),
    memory_limit_bytes: number("maxmemory") || null,
    keys,
    clients: number("connected_clients"),
    // Some services answer less than others.
    details: Object.fromEntries(Object.entries(details).filter(([, value]) => value !== "")),
  };
}

function persistence(isOn: boolean, status: string): string {
  return isOn ? `on, last write ${status}` : "off";
}

function snapshot(savedAt: number, status: string): string {
  const at = new Date(savedAt * 1000).toISOString().slice(0, 16).replace("T", " ");
  return `${at} UTC, ${status}`;
}

function duration(seconds: number): string {
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds % 86_400 / 3600)];
  const minutes = Math.floor(seconds % 3600 / 60);
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`;
}
