/**
 * What Grafana needs of a dashboard in its classic format, as its "JSON model" page and the SDK's types have it. Stricter
 * than Grafana where it would load a panel that shows nothing.
 */

import { z } from 'zod';

/** The Prometheus that is chosen at the top, never one of somebody's own installation. */
const datasource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal(`\${datasource}`) });

const gridPos = z.strictObject({
  x: z.int().min(0).max(23),
  y: z.int().min(0),
  w: z.int().min(1).max(24),
  h: z.int().min(1),
});

const target = z.looseObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource,
  expr: z.string().min(1),
  legendFormat: z.string().min(1),
  instant: z.boolean(),
  range: z.boolean(),
});

const row = z.strictObject({
  type: z.literal('row'),
  id: z.int().positive(),
  title: z.string().min(1),
  collapsed: z.literal(false),
  panels: z.tuple([]),
  gridPos: gridPos.extend({ x: z.literal(0), w: z.literal(24), h: z.literal(1) }),
});

const panel = z.looseObject({
  type: z.enum(['timeseries', 'stat', 'table']),
  id: z.int().positive(),
  title: z.string().min(1),
  description: z.string().min(10),
  datasource,
  gridPos,
  fieldConfig: z.looseObject({
    defaults: z.looseObject({
      unit: z.string().regex(
        // Of Grafana's list of units those that are in use here; any other could be a slip of the pen.
        /^(short|reqps|ops|percentunit|s|bytes|bool_yes_no|currencyUSD|string|suffix: \S+)$/,
      ),
    }),
    overrides: z.array(z.unknown()),
  }),
  options: z.looseObject({}),
  targets: z.array(target).min(1),
});

const named = { name: z.string().regex(/^\w+$/), label: z.string().min(1), description: z.string().min(1) };

const variable = z.discriminatedUnion('type', [
  z.looseObject({ ...named, type: z.literal('datasource'), query: z.literal('prometheus') }),
  z.looseObject({
    ...named,
    type: z.literal('query'),
    datasource,
    query: z.string().regex(/^label_values\(.+, \w+\)$/),
    refresh: z.literal([1, 2]),
  }),
  z.looseObject({ ...named, type: z.literal('textbox'), query: z.string() }),
]);

const annotation = z.looseObject({
  name: z.string().min(1),
  datasource,
  enable: z.boolean(),
  iconColor: z.string(),
  expr: z.string().min(1),
});

export const dashboardFormat = z.looseObject({
  // `id` is for the database of one installation.
  id: z.never().optional(),
  uid: z.string().min(8).max(40),
  title: z.string().min(1),
  tags: z.array(z.string()),
  schemaVersion: z.int().min(36),
  timezone: z.literal('browser'),
  time: z.strictObject({ from: z.string(), to: z.string() }),
  refresh: z.string(),
  templating: z.strictObject({ list: z.array(variable) }),
  annotations: z.strictObject({ list: z.array(annotation) }),
  panels: z.array(z.discriminatedUnion('type', [row, panel])),
});

export type CommittedDashboard = z.infer<typeof dashboardFormat>;
export type CommittedPanel = z.infer<typeof panel>;
export type CommittedRow = z.infer<typeof row>;
