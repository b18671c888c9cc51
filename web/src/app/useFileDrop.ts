import { useEffect, useState } from 'react';
import type { Actions } from './actions';

/** Opens workflow files, images and videos dropped anywhere on the page; true while one hovers over it. */
export function useFileDrop(actions: Actions): boolean {
  const [hovering, setHovering] = useState(false);
  useEffect(() => {
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const onDragOver = (event: DragEvent) => {
      if (carriesFiles(event)) {
        event.preventDefault();
        setHovering(true);
      }
    };
    const onDragLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) {
        setHovering(false);
      }
    };
    const onDrop = (event: DragEvent) => {
      setHovering(false);
      const file = event.dataTransfer?.files[0];
      if (file) {
        event.preventDefault();
        void actions.openFile(file);
      }
    };
    window.addEventListener('dragover', onDragOver);
    window.addEventListener('dragleave', onDragLeave);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragover', onDragOver);
      window.removeEventListener('dragleave', onDragLeave);
      window.removeEventListener('drop', onDrop);
    };
  }, [actions]);
  return hovering;
}
