/** Headers that every answer has. */

/** On every answer that does not say better. */
const HEADERS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
};
const LIST = Object.entries(HEADERS);

/** Answers that were made with all of them. */
const complete = new WeakSet<Response>();

/** Adds those that are missing. */
export function complement(response: Response): void {
  if (response.status === 101) return; // what opens a socket is not to be touched
  if (complete.has(response)) return;
  const { headers } = response;
  for (const [name, value] of LIST) {
    if (!headers.has(name)) headers.set(name, value);
  }
}

/** An answer in JSON that has them from the start, which takes a third of the time. */
export function jsonAnswer(
  value: unknown,
  status: number,
  headers: Record<string, string>,
): Response {
  const response = new Response(JSON.stringify(value), {
    status,
    headers: { ...HEADERS, "content-type": "application/json", ...headers },
  });
  complete.add(response);
  return response;
}
