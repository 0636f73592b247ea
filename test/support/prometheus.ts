/** A real Prometheus of one test's own, on a configuration from a folder. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly metric: Labels;
  readonly value: number;
}

export interface Course {
  readonly metric: Labels;
  readonly values: readonly number[];
}

/** Unix seconds. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

export interface TestPrometheus {
  /** An expression's value now, or at a time. */
  query(expr: string, at?: number): Promise<Sample[]>;
  /** Its values in a period, one a second. */
  course(expr: string, period: Period): Promise<Course[]>;
  /** The label sets of the series that were there in a period. */
  series(selector: string, period: Period): Promise<Labels[]>;
  /** The values of a label on those series. */
  labelValues(selector: string, label: string, period: Period): Promise<string[]>;
  stop(): Promise<void>;
}

const READY_MS = 20_000;

interface Answer<T> {
  readonly status: string;
  readonly data: T;
  readonly error?: string;
}

interface Raw {
  readonly metric: Labels;
  readonly value: readonly [number, string];
  readonly values: readonly (readonly [number, string])[];
}

/** Starts it on `prometheus.yml` of the folder and a free port; ready when this resolves. */
export const startPrometheus = async (folder: string): Promise<TestPrometheus> => {
  const data = mkdtempSync(join(tmpdir(), 'test-prometheus-'));
  // It takes no port 0. Below the range that systems take for outgoing connections.
  const port = 20_000 + Math.floor(Math.random() * 12_000);
  const words = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ];
  const child = spawn('prometheus', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = once(child, 'close').then(() => {
    process.off('exit', kill);
    rmSync(data, { recursive: true, force: true });
  });

  const get = async <T>(path: string, parameters: Readonly<Record<string, string | number>>): Promise<T> => {
    const words = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) words.set(name, String(value));
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}?${words}`);
    const { status, data, error } = (await answer.json()) as Answer<T>;
    if (status !== 'success') throw new Error(`${error}: ${words}`);
    return data;
  };
  const within = ({ from, to }: Period) => ({ start: from, end: to });

  const deadline = Date.now() + READY_MS;
  while (!(await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null || Date.now() > deadline) {
      kill();
      await ended;
      throw new Error(`Prometheus did not start\n${said}`);
    }
    await sleep(50);
  }
  return {
    async query(expr, at = Date.now() / 1000) {
      const { result } = await get<{ result: Raw[] }>('query', { query: expr, time: at });
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async course(expr, period) {
      const { result } = await get<{ result: Raw[] }>('query_range', {
        query: expr,
        ...within(period),
        step: 1,
      });
      return result.map(({ metric, values }) => ({
        metric,
        values: values.map(([, value]) => Number(value)),
      }));
    },
    series: (selector, period) => get('series', { 'match[]': selector, ...within(period) }),
    labelValues: (selector, label, period) =>
      get(`label/${label}/values`, { 'match[]': selector, ...within(period) }),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
};
