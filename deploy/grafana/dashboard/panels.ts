/** Kinds of panels, each with what none can do without: a description and a unit. */

import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type DataSourceRef,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type Panel,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The Prometheus that is chosen at the top of the dashboard. */
export const PROMETHEUS: DataSourceRef = { type: 'prometheus', uid: `\${datasource}` };

export interface PanelSpec {
  readonly title: string;
  /** What it shows and what to think of it. */
  readonly description: string;
  /** One of Grafana's unit ids, or `suffix: …`. */
  readonly unit: string;
  /** PromQL, by the legend of what it finds; labels as `{{label}}`. */
  readonly queries: Readonly<Record<string, string>>;
  /** Columns of 24; 8 unless told otherwise. */
  readonly width?: number;
  /** Lines; 8, or 4 for a figure, unless told otherwise. */
  readonly height?: number;
  /** Values from which it is yellow, and red. */
  readonly limits?: readonly [yellow: number, red: number];
  /** The most there can be, where that is known. */
  readonly max?: number;
  readonly decimals?: number;
}

const queries = (spec: PanelSpec): [string, string][] => Object.entries(spec.queries);

/** @param index gives the query its letter */
const query = ([legend, expr]: [string, string], index: number): DataqueryBuilder =>
  new DataqueryBuilder()
    .datasource(PROMETHEUS)
    .expr(expr)
    .legendFormat(legend)
    .refId(String.fromCharCode('A'.charCodeAt(0) + index));

/** Green below the limits; without any always, where Grafana would take 80 for too much. */
const thresholds = ({ limits }: PanelSpec): ThresholdsConfigBuilder => {
  const [yellow, red] = limits ?? [];
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps([
      { value: null, color: 'green' },
      ...(yellow === undefined ? [] : [{ value: yellow, color: 'yellow' }]),
      ...(red === undefined ? [] : [{ value: red, color: 'red' }]),
    ]);
};

/** Values over time, as lines; `stacked`, as parts of a whole. */
export const lines = (spec: PanelSpec, { stacked = false } = {}): Builder<Panel> => {
  const panel = new TimeseriesBuilder()
    .title(spec.title)
    .description(spec.description)
    .datasource(PROMETHEUS)
    .unit(spec.unit)
    .axisSoftMin(0)
    .span(spec.width ?? 8)
    .height(spec.height ?? 8)
    .fillOpacity(stacked ? 40 : 8)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .calcs(['mean', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .targets(queries(spec).map((one, index) => query(one, index).range()));
  if (stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (spec.max !== undefined) panel.max(spec.max);
  return panel;
};

/** One number for each query: the last, with its course behind it, or one `overall` the time that is shown. */
export const figure = (spec: PanelSpec, { overall = false } = {}): Builder<Panel> => {
  const panel = new StatBuilder()
    .title(spec.title)
    .description(spec.description)
    .datasource(PROMETHEUS)
    .unit(spec.unit)
    .span(spec.width ?? 8)
    .height(spec.height ?? 4)
    .reduceOptions(new ReduceDataOptionsBuilder().values(false).calcs(['lastNotNull']))
    .thresholds(thresholds(spec))
    .targets(
      queries(spec).map((one, index) => (overall ? query(one, index).instant() : query(one, index).range())),
    );
  if (spec.max !== undefined) panel.max(spec.max);
  if (spec.decimals !== undefined) panel.decimals(spec.decimals);
  return panel;
};

/** The labels of what is there now. */
export const table = (spec: PanelSpec): Builder<Panel> =>
  new TableBuilder()
    .title(spec.title)
    .description(spec.description)
    .datasource(PROMETHEUS)
    .unit(spec.unit)
    .span(spec.width ?? 8)
    .height(spec.height ?? 8)
    .targets(queries(spec).map((one, index) => query(one, index).instant().format(PromQueryFormat.Table)))
    .withTransformation({
      id: 'organize',
      options: { excludeByName: { Time: true, Value: true } },
    });
