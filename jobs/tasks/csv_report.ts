import { Buffer } from "node:buffer";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CsvError, parse } from "csv-parse";
import * as z from "zod";
import { defineTask, type TaskContext } from "../task.ts";
import { Column, type ColumnReport } from "./csv_report/column.ts";
import { dataFile } from "./csv_report/data_file.ts";

/** Keeps a quote that is never closed from pulling the whole file into memory. */
const MAX_RECORD_BYTES = 1024 * 1024;
const MAX_COLUMNS = 1000;

/** What all columns together may keep in memory, and what one of them may. */
const KEPT_VALUES = { inAll: 100_000, perColumn: 10_000 };
const KEPT_CHARS = 8 * 1024 * 1024;

const ROWS_PER_REPORT = 1000;

interface Report {
  rows: number;
  column_count: number;
  columns: ColumnReport[];
}

export const csvReport = defineTask({
  name: "csv_report",
  description: "Describes the columns of a CSV table with a header row",
  input: z.strictObject({
    csv: z.string().min(1).optional().meta({
      title: "CSV",
      description: "The table itself",
      contentMediaType: "text/csv",
    }),
    path: z.string().min(1).max(4096).optional().meta({
      title: "Path",
      description: "Or a .csv file in the worker's data folder (TASKAPP_DATA_DIR)",
    }),
  }).refine(
    ({ csv, path }) => (csv === undefined) !== (path === undefined),
    "Give either csv or path",
  ),
  async run({ csv = "", path }, ctx) {
    if (path === undefined) {
      return await describe(Readable.from([csv]), Buffer.byteLength(csv), ctx);
    }
    const file = await dataFile(path);
    return await describe(createReadStream(file.path), file.bytes, ctx);
  },
});

/**
 * Reads a table once, from start to end.
 * @param source UTF-8 text
 * @param totalBytes its length, for the progress
 * @throws {SyntaxError} naming the line at which the table is malformed
 */
async function describe(
  source: Readable,
  totalBytes: number,
  ctx: TaskContext,
): Promise<Report> {
  const parser = parse({
    bom: true,
    trim: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
  });
  let columns: Column[] | undefined;
  let rows = 0;
  const report = () =>
    ctx.progress(Math.min(100, 100 * parser.info.bytes / totalBytes), "READING", { rows });
  try {
    await pipeline(source, parser, async (records: AsyncIterable<string[]>) => {
      for await (const record of records) {
        if (columns === undefined) {
          columns = columnsOf(record);
          continue;
        }
        for (const [i, column] of columns.entries()) column.add(record[i] ?? "");
        if (++rows % ROWS_PER_REPORT === 0) report();
      }
    }, { signal: ctx.signal });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new SyntaxError(`The CSV is malformed: ${error.message}`, { cause: error });
  }
  if (columns === undefined) throw new SyntaxError("The CSV is empty; it must have a header row");
  report();
  return { rows, column_count: columns.length, columns: columns.map((column) => column.report()) };
}

function columnsOf(header: string[]): Column[] {
  if (header.length > MAX_COLUMNS) {
    throw new RangeError(
      `The CSV has ${header.length} columns; at most ${MAX_COLUMNS} are allowed`,
    );
  }
  const limits = {
    values: Math.min(KEPT_VALUES.perColumn, Math.floor(KEPT_VALUES.inAll / header.length)),
    chars: Math.floor(KEPT_CHARS / header.length),
  };
  return header.map((name, i) => new Column(name || `column ${i + 1}`, limits));
}
