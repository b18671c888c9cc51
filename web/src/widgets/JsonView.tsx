import type { ReactElement } from 'react';
import { isArray, isObject, type Json, type JsonObject } from '../workflow/json';

/** The value of a text that is a JSON object or list; other texts are just texts. */
export function parseLoosely(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) {
    return undefined;
  }
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

const MOST_ROWS = 200;

/** A JSON value made readable: lists of objects as tables, objects as pairs, numbers with few digits. */
export function JsonView({ value }: { readonly value: Json }): ReactElement {
  if (isArray(value) && value.length > 0 && value.every(isObject)) {
    return <Table rows={value} />;
  }
  if (isArray(value)) {
    return <span className="json-list">{value.map(cell).join(', ')}</span>;
  }
  if (isObject(value)) {
    return (
      <dl className="json-pairs">
        {Object.entries(value).map(([key, entry]) => (
          <div key={key} className={isObject(entry) || isArray(entry) ? 'nested' : ''}>
            <dt>{key}</dt>
            <dd>{isObject(entry) || isArray(entry) ? <JsonView value={entry} /> : cell(entry)}</dd>
          </div>
        ))}
      </dl>
    );
  }
  return <span>{cell(value)}</span>;
}

function Table({ rows }: { readonly rows: readonly JsonObject[] }): ReactElement {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return (
    <div className="table-scroll nowheel">
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row, index) => (
            <tr key={index}>
              {columns.map((column) => (
                <td key={column} className={typeof row[column] === 'number' ? 'numeric' : ''}>
                  {cell(row[column] ?? null)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST_ROWS && <p className="muted">{rows.length - MOST_ROWS} more rows</p>}
    </div>
  );
}

function cell(value: Json): string {
  if (typeof value === 'number') {
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  }
  if (value === null) {
    return '-';
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
