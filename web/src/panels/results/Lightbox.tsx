import { type ReactElement, useEffect, useRef } from 'react';
import { viewUrl } from '../../api/client';
import type { FileRef } from '../../api/wire';
import { Icon } from '../../widgets/Icon';

/** One picture or video over the whole page. */
export function Lightbox({ file, onClose }: { readonly file: FileRef; readonly onClose: () => void }): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const url = viewUrl(file);
  const isVideo = /\.(mp4|webm|mov|mkv)$/i.test(file.filename);
  return (
    <dialog ref={dialog} className="lightbox" aria-label={file.filename} onClose={onClose} onClick={(event) => event.target === event.currentTarget && onClose()}>
      {isVideo ? <video src={url} aria-label={`${file.filename} large`} controls loop autoPlay muted playsInline /> : <img src={url} alt={file.filename} />}
      <footer>
        <span>{file.filename}</span>
        <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </footer>
    </dialog>
  );
}
