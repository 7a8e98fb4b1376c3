import { connectBroker } from "../jobs/connect.ts";
import { testBroker } from "./broker_conformance.ts";
import { TestRedis } from "./redis.ts";

testBroker("Redis", async () => {
  const redis = await TestRedis.start();
  return {
    connect: (options) => connectBroker(redis.url, options),
    [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
  };
});
