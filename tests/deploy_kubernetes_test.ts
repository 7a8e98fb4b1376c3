/** deploy/kubernetes, as kubectl renders it. */

import { assert, assertEquals } from "@std/assert";
import { readdir } from "node:fs/promises";
import { relative } from "node:path";
import { connectBroker } from "../jobs/connect.ts";
import { longRunningTask } from "../jobs/tasks/long_running_task.ts";
import { PRIORITIES } from "../jobs/wire.ts";
import config from "../deno.json" with { type: "json" };
import {
  checkCommandLine,
  checkVariables,
  graceOf,
  isMissing,
  output,
  parseYaml,
  read,
  ROOT,
} from "./deploy.ts";
import { freePort } from "./ports.ts";
import { Program } from "./program.ts";
import { TestRedis } from "./redis.ts";
import { until } from "./until.ts";

const HERE = "deploy/kubernetes";
const ignore = await isMissing("kubectl", "version", "--client");

type Labels = Record<string, string>;

interface Selector {
  matchLabels: Labels;
}

interface Probe {
  httpGet: { path: string };
}

const PROBES = ["startupProbe", "readinessProbe", "livenessProbe"] as const;

interface Container extends Partial<Record<(typeof PROBES)[number], Probe>> {
  image: string;
  args: string[];
  env: { name: string; value?: string }[];
  ports?: { name: string }[];
  volumeMounts: [{ mountPath: string }];
  lifecycle: { preStop: { exec: { command: string[] } } };
  securityContext: unknown;
  resources: { limits: Labels; requests: Labels };
}

interface Pod {
  terminationGracePeriodSeconds: number;
  automountServiceAccountToken: boolean;
  enableServiceLinks: boolean;
  securityContext: { runAsNonRoot: boolean; seccompProfile: { type: string } };
  volumes?: { secret?: { secretName: string; items: { key: string }[] } }[];
  containers: [Container, ...Container[]];
}

interface Trigger {
  type: string;
  metadata: Record<string, string>;
}

interface Path {
  backend: { service: { name: string; port: { name: string } } };
}

/** What one kind or another has; the first test compares each with Kubernetes' own types. */
interface Spec {
  template: { metadata: { labels: Labels }; spec: Pod };
  selector: Selector & Labels;
  podSelector: Selector;
  serviceName: string;
  type?: string;
  ports: { targetPort: string }[];
  ingress?: { ports: { port: string }[] }[];
  rules: [{ host: string; http: { paths: [Path] } }];
  tls: [{ hosts: string[] }];
  secretTargetRef: { name: string; key: string }[];
  scaleTargetRef: { name: string };
  triggers: Trigger[];
}

/** What the rendered objects are to these tests. */
interface Resource {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
  spec: Spec;
  data?: Record<string, string>;
}

/** The overlays, and one for the component that neither of them has. */
const OVERLAYS = ["example", "production", "prometheus"];

const rendered = new Map<string, Resource[]>();

async function render(overlay: string): Promise<Resource[]> {
  const known = rendered.get(overlay);
  if (known) return known;
  let dir = `${ROOT}${HERE}/overlays/${overlay}`;
  if (overlay === "prometheus") {
    dir = await Deno.makeTempDir({ prefix: "taskapp-kustomize-" });
    const path = (name: string) => relative(dir, `${ROOT}${HERE}/${name}`);
    const kustomization = {
      namespace: "taskapp",
      resources: [path("base")],
      components: [path("components/keda-prometheus")],
      images: [{ name: "taskapp", newName: "x/taskapp", newTag: config.version }],
    };
    await Deno.writeTextFile(`${dir}/kustomization.yaml`, JSON.stringify(kustomization));
  }
  const resources = parseYaml<Resource>(await output("kubectl", ["kustomize", dir]));
  if (overlay === "prometheus") await Deno.remove(dir, { recursive: true });
  rendered.set(overlay, resources);
  return resources;
}

function forEachOverlay(
  what: string,
  check: (resources: Resource[], overlay: string) => void | Promise<void>,
): void {
  for (const overlay of OVERLAYS) {
    Deno.test({
      name: `kubernetes, ${overlay}: ${what}`,
      ignore,
      fn: async () => await check(await render(overlay), overlay),
    });
  }
}

forEachOverlay("every object is as Kubernetes' API describes it", async (resources) => {
  const lines = resources.filter(({ apiVersion }) => !apiVersion.startsWith("keda.sh/"))
    .map((resource, index) => {
      const [version, group = "core"] = resource.apiVersion.split("/").reverse();
      const from = `kubernetes-types/${group.replace(".k8s.io", "")}/${version}.d.ts`;
      return `import type { ${resource.kind} as T${index} } from "${from}";\n` +
        `export const r${index}: T${index} = ${JSON.stringify(resource)};\n`;
    });
  assert(lines.length > 5);
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, lines.join(""));
  await output(Deno.execPath(), ["check", "-q", "--config", `${ROOT}deno.json`, file], {
    NO_COLOR: "1",
  });
  await Deno.remove(file);
});

forEachOverlay("every selector finds its pods, and every name its object", (resources) => {
  const workloads = resources.filter(({ spec }) => spec?.template);
  assert(workloads.length >= 2);
  const finds = (labels: Record<string, string>) =>
    workloads.filter(({ spec }) =>
      Object.entries(labels).every(([name, value]) => spec.template.metadata.labels[name] === value)
    );
  const exists = (kind: string, name: string) =>
    assert(resources.some((r) => r.kind === kind && r.metadata.name === name), `${kind} ${name}`);

  for (const { kind, metadata, spec } of resources) {
    if (kind !== "Namespace") assertEquals(metadata.namespace, "taskapp", `${kind} is elsewhere`);
    if (spec?.template) {
      const found = finds(spec.selector.matchLabels).map((workload) => workload.metadata.name);
      assertEquals(found, [metadata.name]);
      if (kind === "StatefulSet") exists("Service", spec.serviceName);
    }
    const selector = kind === "Service" ? spec.selector : {
      PodDisruptionBudget: spec?.selector,
      NetworkPolicy: spec?.podSelector,
    }[kind]?.matchLabels;
    if (selector) assert(finds(selector).length > 0, `${kind} ${metadata.name} finds no pods`);
    const ports = finds(selector ?? {}).flatMap((workload) =>
      containersOf(workload).flatMap((container) => container.ports ?? [])
    ).map(({ name }) => name);
    const wanted = kind === "Service"
      ? spec.ports.map((port) => port.targetPort)
      : kind === "NetworkPolicy"
      ? (spec.ingress ?? []).flatMap((rule) => rule.ports.map(({ port }) => port))
      : [];
    for (const port of wanted) assert(ports.includes(port), `${kind} ${metadata.name}: ${port}`);
    if (kind === "Ingress") {
      const [{ host, http }] = spec.rules;
      assertEquals(spec.tls[0].hosts, [host]);
      exists("Service", http.paths[0].backend.service.name);
      assertEquals(http.paths[0].backend.service.port.name, "http");
    }
  }
});

forEachOverlay("every secret has the keys that are asked of it", (resources, overlay) => {
  const asked = resources.flatMap(({ kind, spec }) => [
    ...(spec?.template?.spec.volumes ?? []).flatMap(({ secret }) =>
      secret?.items.map(({ key }) => `${secret.secretName} ${key}`) ?? []
    ),
    ...(kind === "TriggerAuthentication" ? spec.secretTargetRef : [])
      .map(({ name, key }) => `${name} ${key}`),
  ]);
  const made = overlay === "example"
    ? resources.filter(({ kind }) => kind === "Secret")
      .flatMap(({ metadata, data }) =>
        Object.keys(data ?? {}).map((key) => `${metadata.name} ${key}`)
      )
    // The file that the comment tells to write.
    : [...read(`${HERE}/overlays/production/kustomization.yaml`).matchAll(/^# {5}([\w-]+)=/gm)]
      .map(([, key]) => `taskapp ${key}`);
  assert(asked.length > 0);
  assertEquals(asked.filter((key) => !made.includes(key)), []);
});

forEachOverlay("taskapp is called as it wants to be called", (resources) => {
  for (const { metadata, spec } of taskappIn(resources)) {
    const { terminationGracePeriodSeconds: patience } = spec.template.spec;
    const [container] = spec.template.spec.containers;
    assertEquals(container.image.split(":").at(-1), config.version);
    checkCommandLine(container.args);
    checkVariables(container.env.map(({ name }) => name));
    const file = container.env.find(({ name }) => name === "TASKAPP_BROKER_FILE");
    const [{ mountPath }] = container.volumeMounts;
    assertEquals(file?.value, `${mountPath}/broker`);
    if (metadata.name === "taskapp-work") {
      assert(graceOf(container.args) + 20 <= patience, `it is killed after ${patience} s`);
      assert(container.args.some((word) => word.startsWith("--concurrency=")));
    } else {
      const pause = Number(container.lifecycle.preStop.exec.command.at(-1));
      assert(pause + 5 + 5 <= patience, `it is killed after ${patience} s`);
    }
  }
});

forEachOverlay("no pod can do more than it must", (resources) => {
  for (const workload of resources.filter(({ spec }) => spec?.template)) {
    const pod = workload.spec.template.spec;
    assertEquals(
      [pod.automountServiceAccountToken, pod.enableServiceLinks, pod.securityContext.runAsNonRoot],
      [false, false, true],
    );
    assertEquals(pod.securityContext.seccompProfile.type, "RuntimeDefault");
    for (const { securityContext, resources } of containersOf(workload)) {
      assertEquals(securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
      assert(resources.limits["memory"] && resources.requests["cpu"]);
    }
  }
});

forEachOverlay("one autoscaler has the workers, and nobody comes in without login", (resources) => {
  const scalers = resources.filter(({ kind }) =>
    /^(HorizontalPodAutoscaler|ScaledObject)$/.test(kind)
  );
  assertEquals(scalers.map(({ spec }) => spec.scaleTargetRef.name), ["taskapp-work"]);
  const work = taskappIn(resources).find(({ metadata }) => metadata.name === "taskapp-work");
  assert(work && !("replicas" in work.spec), "replicas would undo what the autoscaler does");
  for (const { kind, metadata, spec } of resources) {
    if (kind === "Service") assert([undefined, "ClusterIP"].includes(spec.type), metadata.name);
    if (kind !== "Ingress") continue;
    assertEquals(metadata.annotations?.["nginx.ingress.kubernetes.io/auth-type"], "basic");
  }
});

Deno.test({
  name: "kubernetes: the triggers of KEDA look at what a busy queue has",
  ignore,
  async fn() {
    await using redis = await TestRedis.start();
    const broker = connectBroker(redis.url);
    try {
      for (const priority of PRIORITIES) {
        await broker.enqueue([await longRunningTask.prepare([1], { priority })]);
      }
    } finally {
      await broker.close();
    }
    const [lists] = triggersIn(await render("production"));
    assert(lists);
    for (const { type, metadata } of lists) {
      assertEquals([type, Object.keys(metadata)], ["redis", ["listLength", "listName"]]);
      const keys = await output("redis-cli", ["-u", redis.url, "exists", metadata.listName ?? ""]);
      assertEquals(keys.trim(), "1", metadata.listName ?? "");
    }
    assertEquals(lists.length, PRIORITIES.length);

    const port = freePort();
    await using _server = Program.start(["serve", "--port", `${port}`], {
      TASKAPP_BROKER: redis.url,
    });
    const url = `http://127.0.0.1:${port}`;
    await until(() => fetch(`${url}/readyz`).then(drain, () => false));
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const [[trigger] = []] = triggersIn(await render("prometheus"));
    const query = trigger?.metadata["query"] ?? "";
    const names = [...query.matchAll(/taskapp_\w+/g)].map(([name]) => name);
    const states = [...query.matchAll(/state=~?"([^"]+)"/g)].flatMap(([, each]) =>
      each?.split("|")
    );
    assertEquals([new Set(names).size, states.length], [1, 2]);
    for (const state of states) {
      assert(metrics.includes(`${names[0]}{queue="default",state="${state}"}`), state);
    }

    // What the probes ask for.
    for (const { spec } of taskappIn(await render("example"))) {
      const [container] = spec.template.spec.containers;
      for (const probe of PROBES) {
        const path = container[probe]?.httpGet.path;
        if (path) assert(await fetch(url + path).then(drain), probe);
      }
    }
  },
});

Deno.test("kubernetes: every file is in a kustomization", async () => {
  const files = (await readdir(`${ROOT}${HERE}`, { recursive: true }))
    .filter((file) => file.endsWith(".yaml"));
  const kustomizations = files.filter((file) => file.endsWith("/kustomization.yaml"));
  const listed = kustomizations.flatMap((file) => {
    const [{ resources = [] }] = parseYaml<{ resources?: string[] }>(read(`${HERE}/${file}`));
    return resources.map((name) => file.replace("kustomization.yaml", name));
  });
  assertEquals(files.length > kustomizations.length, true);
  assertEquals(files.filter((file) => ![...kustomizations, ...listed].includes(file)), []);
});

function triggersIn(resources: Resource[]): Trigger[][] {
  return resources.filter(({ kind }) => kind === "ScaledObject").map(({ spec }) => spec.triggers);
}

function taskappIn(resources: Resource[]): Resource[] {
  return resources.filter(({ kind }) => kind === "Deployment");
}

function containersOf({ spec }: Resource): Container[] {
  return spec.template.spec.containers;
}

async function drain(response: Response): Promise<boolean> {
  await response.body?.cancel();
  return response.ok;
}
