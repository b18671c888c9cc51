import { type ReactElement, useEffect, useRef } from 'react';
import { type ArtifactReport, bitsPerWeight, describeRecipe, kindOf, ratioOf, sqnrOf, totalSqnr, worstLayer } from '../../workflow/artifact/report';
import { isObject, type JsonObject, numberOr } from '../../workflow/json';
import type { Inspected } from '../../state/inspection';
import { useObservable } from '../../state/useObservable';
import { useWorkbench } from '../../state/workbench';
import { Icon } from '../../widgets/Icon';
import { JsonView } from '../../widgets/JsonView';
import { LayerTable } from './LayerTable';
import { Whereabouts } from './Whereabouts';

/** Recipe and report of the quantized file that was opened, over the page. */
export function ArtifactView(): ReactElement | null {
  const { inspection } = useWorkbench();
  const inspected = useObservable(inspection.shown);
  return inspected ? <Report inspected={inspected} onClose={() => inspection.close()} /> : null;
}

function Report({ inspected, onClose }: { readonly inspected: Inspected; readonly onClose: () => void }): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const { name, report, where } = inspected;
  return (
    <dialog ref={dialog} className="artifact" aria-label={`Quantized model ${name}`} onClose={onClose} onClick={(event) => event.target === event.currentTarget && onClose()}>
      <div className="artifact-body">
        <header className="artifact-header">
          <div>
            <h2>{name}</h2>
            <p>
              {report.family} <strong>{describeRecipe(report.recipe)}</strong>
            </p>
          </div>
          <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        <Tiles report={report} />
        <div className="artifact-columns">
          <section aria-label="Layers">
            <LayerTable layers={report.layers} />
          </section>
          <section aria-label="Recipe and source" className="artifact-side">
            <h3>Recipe</h3>
            <Pairs pairs={recipePairs(report.recipe)} />
            <details>
              <summary>Whole recipe</summary>
              <JsonView value={report.recipe} />
            </details>
            <h3>Made from</h3>
            <Pairs
              pairs={[
                ['file', report.source.name],
                ['format', report.source.format],
                ['size', bytes(report.source.bytes)],
                ['digest', report.source.digest],
                ['by', report.tool],
              ]}
            />
          </section>
        </div>
        <Whereabouts where={where} />
      </div>
    </dialog>
  );
}

function Tiles({ report }: { readonly report: ArtifactReport }): ReactElement {
  const worst = worstLayer(report);
  const tiles = [
    ['size', bytes(report.tensorBytes), `${report.parameters.toLocaleString('en')} weights`],
    ['against bf16', `${ratioOf(report).toFixed(2)} times smaller`, `${bitsPerWeight(report).toFixed(2)} bits a weight`],
    ['SQNR of the weights', `${totalSqnr(report).toFixed(2)} dB`, worst ? `worst ${sqnrOf(worst).toFixed(2)} dB, ${worst.name}` : ''],
    ['quantized layers', String(report.layers.length), `${report.layers.filter((layer) => layer.modulation).length} of them modulations`],
  ] as const;
  return (
    <dl className="artifact-tiles">
      {tiles.map(([label, value, note]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
          <dd className="tile-note" title={note}>
            {note}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Pairs({ pairs }: { readonly pairs: readonly (readonly [string, string])[] }): ReactElement {
  return (
    <dl className="json-pairs">
      {pairs.map(([key, value]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The choices that matter, in few words; the whole recipe is below them. */
function recipePairs(recipe: JsonObject): (readonly [string, string])[] {
  const weights = isObject(recipe['weights']) ? recipe['weights'] : {};
  const inputs = isObject(recipe['inputs']) ? recipe['inputs'] : {};
  const choices: (readonly [string, string])[] = [
    ['weights', `${numberOr(weights['bits'], NaN)} bits, ${words(weights['quantizer'])}, per ${words(weights['granularity'])}`],
    ['activations', kindOf(inputs['quantizer']) === 'full_precision' ? 'full precision' : `${numberOr(inputs['bits'], NaN)} bits, ${words(inputs['quantizer'])}`],
    ['rotation', words(inputs['rotation'])],
    ['smoothing', words(inputs['smoothing'])],
    ['branch', words(weights['branch'])],
    ['statistics', words(weights['statistics'])],
  ];
  return choices.filter(([, text]) => text !== 'none' && text !== '');
}

/** `hadamard (block size 64, seed 1)`. */
function words(part: JsonObject[string] | undefined): string {
  if (!isObject(part)) {
    return '';
  }
  const details = Object.entries(part).flatMap(([key, value]) => (key === 'kind' || typeof value === 'object' ? [] : [`${key.replace(/_/g, ' ')} ${String(value)}`]));
  const kind = kindOf(part).replace(/_/g, ' ');
  return details.length === 0 ? kind : `${kind} (${details.join(', ')})`;
}

function bytes(count: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  const power = count > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(count) / 3)) : 0;
  return `${power === 0 ? count : (count / 1000 ** power).toFixed(2)} ${units[power] ?? ''}`;
}
