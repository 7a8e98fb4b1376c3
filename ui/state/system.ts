/** What the server says of itself and of its broker, asked for again and again while it is shown. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { SystemInfo } from "../../jobs/wire.ts";
import { getSystem } from "../api/system.ts";
import { attempt } from "./connection.ts";

const system = signal<SystemInfo | null>(null);

/**
 * What the server says of itself; null until it has.
 * @param everySeconds how often it is asked
 */
export function useSystem(everySeconds: number): SystemInfo | null {
  useEffect(() => {
    const ask = () =>
      void attempt(async () => {
        system.value = await getSystem();
      });
    ask();
    const timer = setInterval(
      () => document.visibilityState === "visible" && ask(),
      everySeconds * 1000,
    );
    return () => clearInterval(timer);
  }, []);
  return system.value;
}
