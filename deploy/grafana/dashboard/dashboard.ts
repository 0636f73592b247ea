/** The whole dashboard, from top to bottom. */

import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  RowBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { annotations } from './annotations.ts';
import type { Row } from './row.ts';
import { atAGlance } from './rows/at-a-glance.ts';
import { cache } from './rows/cache.ts';
import { dynos } from './rows/dynos.ts';
import { queue } from './rows/queue.ts';
import { redis } from './rows/redis.ts';
import { services } from './rows/services.ts';
import { upstream } from './rows/upstream.ts';
import { variables } from './variables.ts';

const ROWS: readonly Row[] = [atAGlance, services, cache, queue, upstream, redis, dynos];

/** A row's panels have ids of its own hundred: links to panels of other rows survive when one is added. */
const IDS_A_ROW = 100;

/** In Grafana's classic format, which every version since 10 can load, as a file and by hand. */
export const dashboard = (): Dashboard => {
  const builder = new DashboardBuilder('Rerank gateway')
    .uid('rerank-gateway')
    .description(
      'Traffic, cache, queue and upstream of the rerank gateway. Generated: see deploy/grafana/dashboard.',
    )
    .tags(['rerank-gateway'])
    .timezone('browser')
    .time({ from: 'now-6h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .variables(variables())
    .annotations(annotations());
  for (const [index, { title, panels }] of ROWS.entries()) {
    const id = (index + 1) * IDS_A_ROW;
    builder.withRow(new RowBuilder(title).id(id));
    for (const [place, panel] of panels.entries()) {
      const built = { ...panel.build(), id: id + place + 1 };
      builder.withPanel({ build: () => built });
    }
  }
  return builder.build();
};

/** As it is committed. */
export const dashboardText = (): string => `${JSON.stringify(dashboard(), null, 2)}\n`;
