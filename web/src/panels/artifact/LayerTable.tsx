import { type ReactElement, useMemo, useState } from 'react';
import { type ReportLayer, sqnrOf, weightsOf } from '../../workflow/artifact/report';

type Column = { readonly key: string; readonly title: string; readonly tooltip: string; readonly value: (layer: ReportLayer) => number; readonly shown: (layer: ReportLayer) => string };

const COLUMNS: readonly Column[] = [
  { key: 'weights', title: 'weights', tooltip: 'Rows by columns', value: weightsOf, shown: (layer) => `${layer.rows}×${layer.columns}` },
  { key: 'bits', title: 'bits', tooltip: 'Bits of a code', value: (layer) => layer.bits, shown: (layer) => String(layer.bits) },
  { key: 'sqnr', title: 'SQNR dB', tooltip: 'Variance of the weights over the mean squared error', value: sqnrOf, shown: (layer) => number(sqnrOf(layer), 2) },
  { key: 'gain', title: 'vs MinMax', tooltip: "Deviation of the error against row-wise MinMax's", value: gainOf, shown: (layer) => `${number(gainOf(layer), 1)} %` },
  { key: 'clipped', title: 'clipped', tooltip: 'Weights beyond the ends of their grid', value: (layer) => layer.error.clippedFraction, shown: (layer) => `${number(100 * layer.error.clippedFraction, 3)} %` },
  { key: 'kurtosis', title: 'kurtosis', tooltip: '3 for a Gaussian', value: (layer) => layer.error.kurtosis, shown: (layer) => number(layer.error.kurtosis, 2) },
  { key: 'crest', title: 'crest', tooltip: 'Largest weight over the root mean square', value: (layer) => layer.error.crestFactor, shown: (layer) => number(layer.error.crestFactor, 1) },
];

type Order = { readonly column: Column; readonly ascending: boolean } | undefined;

/** Every quantized layer with its figures; a click on a heading sorts, first the worst SQNR, the third click ends it. */
export function LayerTable({ layers }: { readonly layers: readonly ReportLayer[] }): ReactElement {
  const [order, setOrder] = useState<Order>(undefined);
  const rows = useMemo(() => sorted(layers, order), [layers, order]);
  const span = useMemo(() => spanOf(layers.map(sqnrOf)), [layers]);
  return (
    <div className="layer-table">
      <table>
        <thead>
          <tr>
            <th scope="col">layer</th>
            {COLUMNS.map((column) => (
              <th key={column.key} scope="col" aria-sort={order?.column === column ? (order.ascending ? 'ascending' : 'descending') : 'none'}>
                <button type="button" title={column.tooltip} onClick={() => setOrder(next(order, column))}>
                  {column.title}
                  {order?.column === column && (order.ascending ? ' ↑' : ' ↓')}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((layer) => (
            <tr key={layer.name}>
              <th scope="row">
                {layer.name}
                {layer.modulation && <span className="badge">modulation</span>}
                {layer.smoothed && <span className="badge">smoothed</span>}
                {layer.branches > 0 && <span className="badge">branch</span>}
              </th>
              {COLUMNS.map((column) => (
                <td key={column.key} className={column.key === 'sqnr' ? 'bar' : ''} style={column.key === 'sqnr' ? ({ '--share': span(sqnrOf(layer)) } as React.CSSProperties) : undefined}>
                  {column.shown(layer)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function next(order: Order, column: Column): Order {
  if (order?.column !== column) {
    return { column, ascending: true };
  }
  return order.ascending ? { column, ascending: false } : undefined;
}

function sorted(layers: readonly ReportLayer[], order: Order): readonly ReportLayer[] {
  if (!order) {
    return layers;
  }
  const { column, ascending } = order;
  const value = (layer: ReportLayer) => (Number.isNaN(column.value(layer)) ? Infinity : column.value(layer));
  return layers.toSorted((one, other) => (ascending ? 1 : -1) * (value(one) - value(other)) || 0);
}

/** Maps a figure onto 0.08 to 1 between the smallest and the largest finite one. */
function spanOf(values: readonly number[]): (value: number) => number {
  const finite = values.filter(Number.isFinite);
  const least = Math.min(...finite);
  const width = Math.max(...finite) - least;
  return (value) => (Number.isFinite(value) && width > 0 ? 0.08 + (0.92 * (value - least)) / width : 1);
}

function gainOf(layer: ReportLayer): number {
  return layer.error.minMaxErrorStd > 0 ? -100 * (1 - layer.error.errorStd / layer.error.minMaxErrorStd) : NaN;
}

function number(value: number, digits: number): string {
  return Number.isNaN(value) ? '-' : Number.isFinite(value) ? value.toFixed(digits) : 'exact';
}
