const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Series {
  count: number;
  sum: number;
  buckets: number[];
}

export interface Measured {
  method: string;
  /** The pattern, never the path: ids are no labels. */
  route: string;
  status: number;
  /** The error code, or `ok`. */
  code: string;
  seconds: number;
}

export interface Metrics {
  observe(request: Measured): void;
  /** Prometheus text format 0.0.4. */
  render(): string;
}

/** Requests by route, status and code, with their durations. */
export function createMetrics(): Metrics {
  const all = new Map<string, Series>();
  return {
    observe({ method, route, status, code, seconds }) {
      const labels = `method="${method}",route="${route}",status="${status}",code="${code}"`;
      const series = all.get(labels) ?? { count: 0, sum: 0, buckets: BUCKETS.map(() => 0) };
      series.count += 1;
      series.sum += seconds;
      for (const [at, bound] of BUCKETS.entries()) if (seconds <= bound) series.buckets[at]! += 1;
      all.set(labels, series);
    },
    render() {
      const lines = [
        '# HELP uc_http_request_duration_seconds Requests answered.',
        '# TYPE uc_http_request_duration_seconds histogram',
      ];
      for (const [labels, series] of all) lines.push(...linesOf(labels, series));
      return `${lines.join('\n')}\n`;
    },
  };
}

function linesOf(labels: string, series: Series): string[] {
  const name = 'uc_http_request_duration_seconds';
  return [
    ...BUCKETS.map((bound, at) => `${name}_bucket{${labels},le="${bound}"} ${series.buckets[at]}`),
    `${name}_bucket{${labels},le="+Inf"} ${series.count}`,
    `${name}_sum{${labels}} ${series.sum}`,
    `${name}_count{${labels}} ${series.count}`,
  ];
}
