/** The plots of the overview. */

import { html } from "htm/preact";
import { useMemo } from "preact/hooks";
import type { History, Range } from "../../jobs/wire.ts";
import { Loading } from "../components/absence.ts";
import { Plot } from "../components/plot.ts";
import { count } from "../format.ts";
import { durationsPlot, plotOf, queuesPlot, ratesPlot } from "../history.ts";
import { useHistory } from "../state/history.ts";

export function Plots({ range }: { range: Range }) {
  const history = useHistory(range);
  return history === null ? html`<${Loading} lines=${6} />` : html`<${All} history=${history} />`;
}

const NO_SAMPLES =
  "There are no samples of this time. A sample is taken every 10 s while a server or a worker is up.";

function All({ history }: { history: History }) {
  const plots = useMemo(() => [
    {
      title: "Throughput per minute",
      data: ratesPlot(history, [
        ["Succeeded", "good", ({ succeeded }) => succeeded],
        ["Failed", "bad", ({ failed }) => failed],
        ["To be retried", "warn", ({ retried }) => retried],
        ["Revoked", "muted", ({ revoked }) => revoked],
      ]),
    },
    {
      title: "Failures per minute",
      data: ratesPlot(history, [
        ["Failed for good", "bad", ({ failed }) => failed],
        ["To be retried", "warn", ({ retried }) => retried],
      ]),
    },
    {
      title: "Wait time",
      data: durationsPlot(history, "wait_ms"),
      nothing: "No task started in this time.",
    },
    {
      title: "Run time",
      data: durationsPlot(history, "run_ms"),
      nothing: "No run ended in this time.",
    },
    { title: "Waiting by queue", data: queuesPlot(history), nothing: "No queue was in use." },
    {
      title: "Busy slots",
      data: plotOf(history, [
        // A worker also holds what it has claimed ahead.
        ["Busy", "accent", ({ busy, slots }) => Math.min(busy, slots)],
        ["Slots", "muted", ({ slots }) => slots],
      ], { kind: "lines", format: count }),
    },
  ], [history]);
  return html`
    <div class="plots">
      ${plots.map(({ title, data, nothing }) =>
        html`
          <${Plot}
            key=${title}
            title=${title}
            data=${data}
            nothing=${history.points.length === 0 ? NO_SAMPLES : nothing}
          />
        `
      )}
    </div>
  `;
}
