/** A registry as a scraper sees it. */

import { Recorder } from '../../src/metrics/recorder.ts';
import { createMetrics, type Metrics } from '../../src/metrics/registry.ts';

export const DYNO = 'web.7';
export const CLIENTS = ['search', 'chatbot'];
export const MODELS = ['cohere-rerank-3-5', 'amazon-rerank-1-0'];
export const ATTACHMENTS = ['RERANK', 'RERANK_EU'];

export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export const seriesOf = (text: string): Series[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [
        key,
        text,
      ]);
      return { name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) };
    });

export class Scraped {
  readonly metrics: Metrics = createMetrics({ dyno: DYNO, version: '1.2.3' });
  readonly recorder = new Recorder({
    metrics: this.metrics,
    clients: CLIENTS,
    models: MODELS,
    attachments: ATTACHMENTS,
  });

  /** The series of a metric of the gateway that carry at least these labels. */
  async series(name: string, labels: Readonly<Record<string, string>> = {}): Promise<Series[]> {
    return seriesOf(await this.metrics.registry.metrics()).filter(
      (one) =>
        one.name === `gateway_${name}` &&
        Object.entries(labels).every(([key, value]) => one.labels[key] === value),
    );
  }

  /** Their sum; undefined where there are none. */
  async value(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number | undefined> {
    const found = await this.series(name, labels);
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }
}
