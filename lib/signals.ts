/** The signals that ask something of a process. */

const STOP_SIGNALS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * What comes this close together is one signal: a Ctrl-C reaches us from the terminal, and again
 * from a runner such as `deno task` that passes its own on.
 */
const ONE_SIGNAL_MS = 100;

/**
 * Calls back on each TERM or INT.
 * @returns a function that stops listening
 */
export function onStopSignal(callback: () => void): () => void {
  let last = -Infinity;
  const listener = () => {
    const now = performance.now();
    if (now - last > ONE_SIGNAL_MS) callback();
    last = now;
  };
  for (const signal of STOP_SIGNALS) Deno.addSignalListener(signal, listener);
  return () => {
    for (const signal of STOP_SIGNALS) Deno.removeSignalListener(signal, listener);
  };
}

/**
 * Calls back on each signal of this name; on Windows, which has none of them, never.
 * @returns a function that stops listening
 */
export function onSignal(
  signal: "SIGTSTP" | "SIGTTIN" | "SIGUSR1",
  callback: () => void,
): () => void {
  if (Deno.build.os === "windows") return () => {};
  Deno.addSignalListener(signal, callback);
  return () => Deno.removeSignalListener(signal, callback);
}

/** Resolves on the first TERM or INT; later ones have their usual effect again. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stopListening = onStopSignal(() => {
      resolve();
      setTimeout(stopListening, ONE_SIGNAL_MS);
    });
  });
}
