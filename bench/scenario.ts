/** What is measured: scenarios, and the programs that are compared in them. */

/** What a measurement may use. */
export interface Bench {
  /** One for all contenders of a scenario, empty before each measurement. */
  redis: {
    port: number;
    url: string;
    /** Empties it. */
    flush(): Promise<void>;
  };
  /** Whether little time is to be spent: fewer tasks will do. */
  quick: boolean;
}

/** One of the programs, or of the ways of using one, that a scenario compares. */
export interface Contender {
  /** Such as "taskapp", of which the ratios and goals are, or "BullMQ, sandboxed threads". */
  name: string;
  /** Undefined where it can run; else why it cannot, such as "python3-celery is not installed". */
  missing?(): Promise<string | undefined>;
  /** Measures once, warm-up not counted: values by the name of the metric, in its unit. */
  measure(at: Bench): Promise<Record<string, number>>;
}

export interface Metric {
  name: string;
  unit: string;
  better: "more" | "less";
}

/** What taskapp is meant to reach. */
export interface Goal {
  /** In words, such as "5 times BullMQ". */
  text: string;
  /** The name of a metric; without it the first. */
  metric?: string;
  /** So many times as good as this contender. */
  against?: string;
  ratio?: number;
  /** Of taskapp's median. */
  atMost?: number;
  /** Of taskapp's median. */
  atLeast?: number;
}

export interface Scenario {
  /** One word for `--only`, such as "noop-4". */
  name: string;
  title: string;
  /** The first is the one that ratios and plots are of. */
  metrics: [Metric, ...Metric[]];
  contenders: Contender[];
  goals?: Goal[];
  /** Scenarios with the same word share a picture, docs/images/performance-WORD.svg. */
  plot?: string;
  /** Measured so often; without it 3 times. */
  rounds?: number;
  /** Not with `--quick`, unless `--only` names it. */
  slow?: boolean;
}
