/** Headers that every answer has. */

/** On every answer that does not say better. */
const ALWAYS = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};
/** On those that a browser could show, or follow a link in. */
const SHOWN = {
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};
const LIST = Object.entries({ ...ALWAYS, ...SHOWN });

/** An answer that was made with those that it needs. */
class CompleteResponse extends Response {}

/** Adds those that are missing. */
export function complement(response: Response): void {
  if (response.status === 101) return; // what opens a socket is not to be touched
  if (response instanceof CompleteResponse) return;
  const { headers } = response;
  for (const [name, value] of LIST) {
    if (!headers.has(name)) headers.set(name, value);
  }
}

/**
 * The answer in JSON to a program that made something, with what it needs from the start: each header takes about a
 * microsecond. No browser shows it, for a page of ours has to ask by script, and others' may not ask.
 */
export function madeAnswer(value: unknown, status: number, location: string): Response {
  const headers = { ...ALWAYS, "content-type": "application/json", location };
  return new CompleteResponse(JSON.stringify(value), { status, headers });
}
