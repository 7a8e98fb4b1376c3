import { assertEquals } from "@std/assert";
import { cronWords, dueWords, everyWords } from "../ui/cron_words.ts";

const CRON: [cron: string, words: string | null][] = [
  ["* * * * *", "Every minute"],
  ["*/5 * * * *", "Every 5 minutes"],
  ["*/7 * * * *", "Every 7 minutes, counted from the start of the hour"],
  ["0 * * * *", "Every hour"],
  ["15,45 * * * *", "Every hour at minutes 15 and 45"],
  ["0 */2 * * *", "Every 2 hours"],
  ["30 2 * * *", "At 02:30 every day"],
  ["0 8,12,18 * * *", "At 08:00, 12:00 and 18:00 every day"],
  ["0 9-17 * * *", "Every hour from 09:00 to 17:00"],
  ["15 9-17/2 * * *", "At 09:15, 11:15, 13:15, 15:15 and 17:15 every day"],
  ["*/10 9-17 * * 1-5", "Every 10 minutes from 09:00 to 17:59, Monday to Friday"],
  ["30 2 * * MON-FRI", "At 02:30, Monday to Friday"],
  ["0 0 * * 0", "At 00:00 on Sundays"],
  ["0 0 * * 7", "At 00:00 on Sundays"],
  ["0 0 * * 6,0", "At 00:00 on Saturdays and Sundays"],
  ["0 0 * * 5-7", "At 00:00, Friday to Sunday"],
  ["0 0 * * 0-6", "At 00:00 every day"],
  ["0 6 1 * *", "At 06:00 on the 1st of the month"],
  ["0 6 1,15,22,23 * *", "At 06:00 on the 1st, 15th, 22nd and 23rd of the month"],
  ["0 6 1-7 * *", "At 06:00 from the 1st to the 7th of the month"],
  ["0 6 L * *", "At 06:00 on the last day of the month"],
  ["0 6 15W * *", "At 06:00 on the weekday nearest the 15th"],
  ["0 6 * * FRI#L", "At 06:00 on the last Friday of the month"],
  ["0 6 * * 1#2", "At 06:00 on the 2nd Monday of the month"],
  ["0 0 1 */3 *", "At 00:00 on the 1st of the month in January, April, July and October"],
  ["0 0 1 jun-aug *", "At 00:00 on the 1st of the month from June to August"],
  ["0 20 1 * MON", "At 20:00 on the 1st of the month, and also on Mondays"],
  ["0 20 1 * 0-6", "At 20:00 every day"],
  ["0 20 13 * +FRI", "At 20:00 on the 13th of the month, but only on Fridays"],
  ["*/10 * * * * *", "Every 10 seconds"],
  ["15 30 2 * * *", "At 02:30:15 every day"],
  ["30 * * * * *", "Every minute, at second 30"],
  ["0 30 2 * * *", "At 02:30 every day"],
  ["*/20 0-9 * * * *", "Every 20 seconds, in minutes 0 to 9"],
  ["60 * * * *", null],
  ["* * * *", null],
  ["", null],
  ["* * 0 * *", null],
  ["a b c d e", null],
  ["*/0 * * * *", null],
  ["17-9 * * * *", null],
];

for (const [cron, words] of CRON) {
  Deno.test(`cron in words: ${cron || "nothing"}`, () => {
    assertEquals(cronWords(cron), words);
  });
}

Deno.test("intervals in words", () => {
  const words = [1, 30, 60, 90, 300, 3600, 5400, 86_400, 172_800].map(everyWords);
  assertEquals(words, [
    "Every second",
    "Every 30 seconds",
    "Every minute",
    "Every 1 min 30 s",
    "Every 5 minutes",
    "Every hour",
    "Every 1 h 30 min",
    "Every day",
    "Every 2 days",
  ]);
});

Deno.test("a cron expression without words is said as it stands", () => {
  assertEquals(dueWords({ cron: "0 0 LW * *", every: null }), "0 0 LW * *");
  assertEquals(dueWords({ cron: null, every: 60 }), "Every minute");
});
