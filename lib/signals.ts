/** The signals that ask a process to stop. */

const STOP_SIGNALS: Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * Calls back on each TERM or INT.
 * @returns a function that stops listening
 */
export function onStopSignal(callback: () => void): () => void {
  for (const signal of STOP_SIGNALS) Deno.addSignalListener(signal, callback);
  return () => {
    for (const signal of STOP_SIGNALS) Deno.removeSignalListener(signal, callback);
  };
}

/** Resolves on the first TERM or INT; later ones have their usual effect again. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stopListening = onStopSignal(() => {
      stopListening();
      resolve();
    });
  });
}
