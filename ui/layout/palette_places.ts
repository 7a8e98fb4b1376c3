import type { Command } from "../commands.ts";
import { go, href, type PageName } from "../route.ts";
import { useTaskTypes } from "../state/task_types.ts";
import { useTopic } from "../state/topics.ts";

/** The tasks to start, the queues, workers and schedules: known while the palette is open. */
export function usePlaces(): Command[] {
  const lists: [page: PageName, group: string, names: string[]][] = [
    ["start", "Start", useTaskTypes()?.map(({ name }) => name) ?? []],
    ["queues", "Queue", useTopic("queues")?.map(({ name }) => name) ?? []],
    ["workers", "Worker", useTopic("workers")?.map(({ name }) => name) ?? []],
    ["schedules", "Schedule", useTopic("schedules")?.map(({ name }) => name) ?? []],
  ];
  return lists.flatMap(([page, group, names]) =>
    names.map((name) => ({
      id: `${group.toLowerCase()} ${name}`,
      title: name,
      group,
      run: () => go(href(page, name)),
    }))
  );
}
