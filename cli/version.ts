import config from "../deno.json" with { type: "json" };

/** This program's version, as deno.json says. */
export const VERSION: string = config.version;
