import { type ReactElement, useMemo } from 'react';
import { viewUrl } from '../api/client';
import type { FileRef, NodeOutput } from '../api/wire';
import { Icon } from './Icon';
import { JsonView, parseLoosely } from './JsonView';

type Props = {
  readonly output: NodeOutput;
  /** Opens a file large; without it files are shown where they are. */
  readonly onOpen?: (file: FileRef) => void;
};

export function isEmptyOutput(output: NodeOutput): boolean {
  const { images, videos, audio, files, text, other } = output;
  return [images, videos, audio, files, text].every((list) => list.length === 0) && Object.keys(other).length === 0;
}

/** What a node shows: players, pictures, tables and texts, each with the name of its file. */
export function OutputView({ output, onOpen }: Props): ReactElement {
  return (
    <div className="output nodrag">
      {output.videos.map((file) => (
        <figure key={viewUrl(file)} className="media">
          <video src={viewUrl(file)} aria-label={file.filename} controls loop muted autoPlay playsInline preload="auto" />
          <Caption file={file} {...(onOpen && { onOpen })} />
        </figure>
      ))}
      {output.images.length > 0 && (
        <div className={output.images.length > 1 ? 'image-grid' : ''}>
          {output.images.map((file) => (
            <figure key={viewUrl(file)} className="media">
              <img src={viewUrl(file)} alt={file.filename} draggable={false} onDoubleClick={() => onOpen?.(file)} />
              <Caption file={file} {...(onOpen && { onOpen })} />
            </figure>
          ))}
        </div>
      )}
      {output.audio.map((file) => (
        <audio key={viewUrl(file)} src={viewUrl(file)} aria-label={file.filename} controls />
      ))}
      {output.text.map((text, index) => (
        <TextOutput key={index} text={text} />
      ))}
      {Object.entries(output.other).map(([key, value]) => (
        <section key={key} aria-label={key}>
          <JsonView value={value} />
        </section>
      ))}
      {output.files.map((file) => (
        <a key={viewUrl(file)} className="file-link" href={viewUrl(file)} download={file.filename}>
          <Icon name="save" size={14} /> {file.filename}
        </a>
      ))}
    </div>
  );
}

function Caption({ file, onOpen }: { readonly file: FileRef; readonly onOpen?: (file: FileRef) => void }): ReactElement {
  return (
    <figcaption>
      <span className="file-name" title={file.filename}>
        {file.filename}
      </span>
      {onOpen && (
        <button type="button" className="icon-button small" aria-label={`Open ${file.filename} large`} onClick={() => onOpen(file)}>
          <Icon name="expand" size={13} />
        </button>
      )}
      <a className="icon-button small" href={viewUrl(file)} download={file.filename} aria-label={`Download ${file.filename}`}>
        <Icon name="save" size={13} />
      </a>
    </figcaption>
  );
}

/** Does a text set columns with spaces? Its lines must then not be broken. */
export function isAligned(text: string): boolean {
  return text.split('\n').filter((line) => /\S {2,}\S/.test(line)).length > 1;
}

function TextOutput({ text }: { readonly text: string }): ReactElement {
  const json = useMemo(() => parseLoosely(text), [text]);
  return json === undefined ? <pre className={`text-output nowheel ${isAligned(text) ? 'aligned' : ''}`}>{text}</pre> : <JsonView value={json} />;
}
