import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';

/** Panels under one title. They fill whole lines of 24 columns. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Builder<Panel>[];
}
