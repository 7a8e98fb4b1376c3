import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { connectBroker } from "../jobs/connect.ts";
import { testBroker } from "./broker_conformance.ts";

testBroker("SQLite", async () => {
  const dir = await mkdtemp(`${tmpdir()}/taskapp-sqlite-`);
  return {
    connect: (options) => connectBroker(`sqlite:${dir}/taskapp.db`, options),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
});
