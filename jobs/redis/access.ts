/** Who may come in, in Redis. */

import {
  type AccessRecords,
  type AccessStore,
  MAX_AUDIT,
  MAX_RECORDS,
  type StoredEntry,
} from "../access_store.ts";
import { InvalidCursorError } from "../broker.ts";
import { toFields } from "./decode.ts";
import { type Script, scripts } from "./scripts.ts";

export class RedisAccess implements AccessStore {
  constructor(
    private readonly run: (script: Script, args: (string | number)[]) => Promise<unknown>,
  ) {}

  async read(revision: number | null): Promise<AccessRecords | null> {
    const reply = await this.run(scripts.accessRead, [revision ?? ""]) as string[] | null;
    if (reply === null) return null;
    const records = toFields(reply);
    const present = Number(records.get("revision") ?? 0);
    records.delete("revision");
    return { revision: present, records };
  }

  async put(
    field: string,
    value: string | null,
    before: string | null,
  ): Promise<"stored" | "changed" | "full"> {
    const args = [field, value ?? "", before ?? "", MAX_RECORDS];
    return await this.run(scripts.accessPut, args) as "stored" | "changed" | "full";
  }

  async spend(key: string, ms: number): Promise<boolean> {
    return await this.run(scripts.accessSpend, [key, ms]) === 1;
  }

  async note(body: string): Promise<void> {
    await this.run(scripts.auditNote, [body, MAX_AUDIT]);
  }

  async audit(limit: number, cursor = ""): Promise<StoredEntry[]> {
    if (!/^(\d{1,15}-\d{1,9})?$/.test(cursor)) throw new InvalidCursorError(cursor);
    const entries = await this.run(scripts.auditList, [limit, cursor]) as [string, string[]][];
    return entries.map(([id, [, body = ""]]) => ({
      cursor: id,
      at: Number(id.split("-")[0]),
      body,
    }));
  }
}
