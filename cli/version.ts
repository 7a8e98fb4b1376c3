import config from "../deno.json" with { type: "json" };

/** This program's version, as deno.json says. */
export const VERSION: string = config.version;

// tools/compile.ts writes this constant at the head of an executable's program.
declare const TASKAPP_BUILD: string | undefined;

/** The commit and the form of this program, as in "1a2b3c4, self-extracting". */
export const BUILD: string = typeof TASKAPP_BUILD === "string"
  ? TASKAPP_BUILD
  : "unknown, from source";
