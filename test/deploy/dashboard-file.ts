/** deploy/grafana/rerank-gateway.json, as Grafana reads it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEPLOY } from './committed.ts';
import { type CommittedPanel, dashboardFormat } from './dashboard-format.ts';

export const DASHBOARD_FILE = join(DEPLOY, 'grafana', 'rerank-gateway.json');
export const DASHBOARD_TEXT = readFileSync(DASHBOARD_FILE, 'utf8');
export const DASHBOARD = dashboardFormat.parse(JSON.parse(DASHBOARD_TEXT));

export interface PlacedPanel extends CommittedPanel {
  /** The title of the row it stands under. */
  readonly row: string;
}

/** Every panel that shows something, with its row. */
export const PANELS: readonly PlacedPanel[] = DASHBOARD.panels.flatMap((panel, index) => {
  if (panel.type === 'row') return [];
  const row = DASHBOARD.panels.slice(0, index).findLast(({ type }) => type === 'row');
  return [{ ...(panel as CommittedPanel), row: String(row?.title) }];
});
