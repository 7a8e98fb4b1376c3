/** The settings: which there are, where they come from, and `taskapp config`, which prints them. */

import process from "node:process";
import { Argument, type Command, type Option } from "commander";
import config from "../deno.json" with { type: "json" };
import { EnvironmentError, loadEnvironment, type Origins } from "../lib/env.ts";
import type { SettingInfo } from "../jobs/wire.ts";
import { withoutPasswords } from "../jobs/redis/url.ts";
import { type Io, UsageError } from "./io.ts";
import { table } from "./table.ts";
import { type VariableOnly, VARIABLES_ONLY } from "./options.ts";

/** The folders that deno.json lets the program read. */
export const READABLE = (/--allow-read=(\S+)/.exec(config.tasks.taskapp.command)?.[1] ?? "")
  .split(",").map((folder) => folder === "." ? "the working directory" : folder).join(", ");

/** What decides one thing: a variable, and mostly a flag. */
export interface Setting extends VariableOnly {
  /** For each of its commands, how that one declares it; empty where there is no flag. */
  options: Option[];
}

/** Lists the settings of a program's commands. */
export function settingsOf(program: Command): Setting[] {
  const settings = new Map<string, Setting>();
  for (const command of program.commands) {
    for (const option of command.options) {
      const { envVar: variable, description } = option;
      if (!variable) continue;
      const setting = settings.get(variable) ??
        { variable, description, commands: [], options: [] };
      setting.commands.push(command.name());
      setting.options.push(option);
      settings.set(variable, setting);
    }
  }
  return [...settings.values(), ...VARIABLES_ONLY.map((each) => ({ ...each, options: [] }))];
}

/**
 * Completes the environment for a command with what it has settings for: it works however wrong the
 * others are.
 * @throws {UsageError} they contradict each other, name a file that cannot be read, or say neither on
 *   nor off
 */
export function loadSettings(command: Command): Origins {
  const options = optionsWithVariable(command);
  if (options.length === 0) return new Map();
  const settings = new Set(options.map(({ envVar }) => envVar ?? ""));
  for (const { variable } of VARIABLES_ONLY) settings.add(variable);
  const switches = options.filter(isSwitch).map(({ envVar }) => envVar ?? "");
  try {
    return loadEnvironment([...settings], switches);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    const denied = error.cause instanceof Deno.errors.NotCapable;
    throw new UsageError(error.message + (denied ? `, only in ${READABLE}` : ""));
  }
}

/**
 * Has options that do not repeat a wrong value say where it comes from.
 * @param origins where the variables' values come from, once they are loaded
 */
export function sayOrigins(program: Command, origins: () => Origins): void {
  for (const option of program.commands.flatMap(optionsWithVariable)) {
    const { envVar: variable = "", parseArg: parse } = option;
    if (!parse) continue;
    option.argParser((text, previous) => {
      try {
        return parse(text, previous);
      } catch (error) {
        const origin = text === process.env[variable] && origins().get(variable);
        if (!origin || !(error instanceof UsageError)) throw error;
        throw new UsageError(`${origin}: ${error.message}`);
      }
    });
  }
}

/** Whether an option can only be on or off. */
export function isSwitch({ required, optional }: Option): boolean {
  return !required && !optional;
}

function optionsWithVariable({ options, commands }: Command): Option[] {
  return [
    ...options.filter(({ envVar }) => envVar),
    ...commands.flatMap(optionsWithVariable),
  ];
}

/**
 * Adds `config`, which prints the settings of all commands that the program has by now, or of one as
 * the flags of that one make them.
 * @param origins where the variables' values come from, once they are loaded
 */
export function addConfigCommand(program: Command, io: Io, origins: () => Origins): void {
  const commands = program.commands.filter((command) => optionsWithVariable(command).length > 0);
  const parent = program.command("config")
    .description("Print the settings, of all commands or of one, and where each comes from")
    .option("--json", "print JSON");

  const add = (command: Command, options: Option[], others: VariableOnly[]) => {
    for (const option of options) command.addOption(option);
    command.action(() => {
      const rows = [
        ...options.map((option) => optionRow(command, option, origins())),
        ...others.map(({ variable }) => row(variable, process.env[variable], origins())),
      ];
      io.out(parent.getOptionValue("json") ? json(rows) : settingsTable(rows));
    });
  };
  for (const command of commands) {
    const name = command.name();
    const own = parent.command(name).aliases(command.aliases())
      .description(`Those of ${name}, with the flags that it takes`);
    const others = VARIABLES_ONLY.filter((each) => each.commands.includes(name));
    add(own, optionsWithVariable(command), others);
  }
  const names = new Argument("[command]").choices(commands.map((command) => command.name()));
  const all = parent.command("all", { isDefault: true, hidden: true }).addArgument(names);
  add(all, settingsOf(program).flatMap(({ options }) => options.slice(0, 1)), VARIABLES_ONLY);
}

/** The settings that a command runs with, without passwords. */
export function settingsFor(command: Command, origins: Origins): SettingInfo[] {
  const others = VARIABLES_ONLY.filter((each) => each.commands.includes(command.name()));
  return [
    ...optionsWithVariable(command).map((option) => optionRow(command, option, origins)),
    ...others.map(({ variable }) => row(variable, process.env[variable], origins)),
  ].map(({ value, ...rest }) => ({
    ...rest,
    value: typeof value === "number" || typeof value === "boolean" ? value : show(value) || null,
  }));
}

interface Row {
  variable: string;
  value: unknown;
  /** Null if it is not set. */
  from: string | null;
}

function optionRow(command: Command, option: Option, origins: Origins): Row {
  const name = option.attributeName();
  const value: unknown = command.getOptionValue(name);
  const found = row(option.envVar ?? "", option.negate ? !value : value, origins);
  const flagged = command.getOptionValueSource(name) === "cli";
  return flagged ? { ...found, from: `flag ${option.long}` } : found;
}

function row(variable: string, value: unknown, origins: Origins): Row {
  const from = origins.get(variable) ?? (value === undefined ? null : "default");
  return { variable, value: typeof value === "string" ? withoutPasswords(value) : value, from };
}

function json(rows: Row[]): string {
  const fields = rows.map((row) => [row.variable, { value: row.value ?? null, from: row.from }]);
  return `${JSON.stringify(Object.fromEntries(fields), null, 2)}\n`;
}

function settingsTable(rows: Row[]): string {
  const lines = [
    ["SETTING", "VALUE", "FROM"],
    ...rows.map(({ variable, value, from }) => [variable, show(value) || "not set", from ?? ""]),
  ];
  return table(lines);
}

/** A value as one would write it in a variable; empty for none. */
export function show(value: unknown): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  return value === undefined ? "" : String(value);
}
