/** What README.md and .env.example say about the settings, made from the settings themselves. */

import type { Option } from "commander";
import { isSwitch, READABLE, type Setting, settingsOf, show } from "../cli/config.ts";
import { createProgram } from "../cli/program.ts";
import { variablesOf } from "../lib/env.ts";

const START = "<!-- settings: written by tests/config_test.ts -->";
const END = "<!-- end of settings -->";
const BEFORE_THE_START = "before the program starts";
const FOLDERS = `Files are read in these folders only: ${READABLE}.`;

const settings = settingsOf(
  createProgram({ out: () => {}, err: () => {}, interactive: false }, () => {}),
);

/** Puts the settings, and the folders for their files, between the two comments of a text. */
export function withTable(text: string): string {
  const [before, after] = [text.indexOf(START), text.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`README.md needs ${START} and ${END}`);
  return `${text.slice(0, before)}${START}\n${table()}\n${FOLDERS}\n${text.slice(after)}`;
}

/** The text of .env.example. */
export function envExample(): string {
  const groups = grouped().map(([commands, group]) =>
    [
      `# ${commands}`,
      ...group.flatMap(envLines),
    ].join("\n")
  );
  return `${[ENV_HEAD, ...groups].join("\n\n")}\n`;
}

const ENV_HEAD = comment(
  "Settings of taskapp. Copy this file to .env, which is read where taskapp is started, and " +
    "uncomment what should differ; values here are the defaults. A variable that is set wins over " +
    "the file, a flag over both. tests/config_test.ts writes this file.",
);

function envLines({ variable, description, options: [option] }: Setting): string[] {
  const others = variablesOf(variable).slice(1).join(", ");
  const about = [
    option ? `${option.flags}: ` : "",
    description,
    option?.defaultValueDescription ? `; without it ${option.defaultValueDescription}` : "",
    others && `; also ${others}`,
  ];
  return [comment(about.join("")), `#${variable}=${option ? initial(option) : ""}`];
}

function table(): string {
  const lines = grouped().flatMap(([commands, group]) => [
    `| **${commands}** | | | |`,
    ...group.map(tableLine),
  ]);
  return ["| flag | variables | default | |", "|---|---|---|---|", ...lines, ""].join("\n");
}

function tableLine({ variable, description, commands, options }: Setting): string {
  const names = variablesOf(variable).map(code).join(", ");
  const defaults = options.map((option) => option.defaultValueDescription ?? code(initial(option)));
  const others = commands.flatMap((command, i) =>
    defaults[i] === defaults[0] ? [] : `; ${command}: ${defaults[i]}`
  );
  const cells = [
    code(options[0]?.flags ?? ""),
    names,
    [defaults[0], ...others].join(""),
    description,
  ];
  return `| ${cells.join(" | ")} |`.replaceAll("|  |", "| |");
}

/** The default as one would write it in a variable; empty where it depends on the machine. */
function initial(option: Option): string {
  if (option.defaultValueDescription) return "";
  return show(isSwitch(option) ? false : option.defaultValue);
}

/** The settings by the commands that they are for. */
function grouped(): [commands: string, settings: Setting[]][] {
  const groups = Map.groupBy(settings, ({ commands }) => commands.join(", ") || BEFORE_THE_START);
  return [...groups];
}

function code(text: string): string {
  return text && `\`${text}\``;
}

/** Breaks a text into comment lines. */
function comment(text: string): string {
  return text.replaceAll(/(?=\S)(.{1,96})(?: |$)/g, "# $1\n").trimEnd();
}
