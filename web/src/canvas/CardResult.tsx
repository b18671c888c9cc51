import { type ReactElement, useEffect, useState } from 'react';
import type { Preview } from '../api/run';
import { useSelected } from '../state/useObservable';
import { useWorkbench } from '../state/workbench';
import { isEmptyOutput, OutputView } from '../widgets/OutputView';

/** What a node shows at the bottom of its card: a preview while it runs, its output after, its error if it failed. */
export function CardResult({ id }: { readonly id: string }): ReactElement | null {
  const { runner } = useWorkbench();
  const running = useSelected(runner.run, (run) => run.nodes.get(id)?.state === 'running');
  const preview = useSelected(runner.run, (run) => run.previews.get(id));
  const output = useSelected(runner.run, (run) => run.outputs.get(id));
  const error = useSelected(runner.run, (run) => (run.error?.node === id ? run.error : undefined));
  const complaints = useSelected(runner.run, (run) => run.nodeErrors);
  const own = complaints.filter((complaint) => complaint.node === id);
  return (
    <>
      {error && (
        <p className="card-error nodrag" role="alert">
          {error.input !== undefined && <strong>{error.input}: </strong>}
          {error.message}
        </p>
      )}
      {own.map((complaint, index) => (
        <p key={index} className="card-error nodrag" role="alert">
          {complaint.message}
          {complaint.details !== '' && `: ${complaint.details}`}
        </p>
      ))}
      {preview && (running || !output) && <PreviewImage preview={preview} />}
      {output && !isEmptyOutput(output) && !(running && preview) && <OutputView output={output} />}
    </>
  );
}

function PreviewImage({ preview }: { readonly preview: Preview }): ReactElement {
  const [url, setUrl] = useState<string | undefined>(undefined);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([preview.image as Uint8Array<ArrayBuffer>], { type: preview.mime }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [preview]);
  return <div className="preview">{url !== undefined && <img src={url} alt="Preview of the running step" draggable={false} />}</div>;
}
