import { createContext, useContext } from 'react';
import type { Editor } from './editor';
import type { Inspection } from './inspection';
import type { Notices } from './notices';
import type { Runner } from './runner';

/** What every part of the page works with. */
export type Workbench = { readonly editor: Editor; readonly runner: Runner; readonly notices: Notices; readonly inspection: Inspection };

export const WorkbenchContext = createContext<Workbench | undefined>(undefined);

export function useWorkbench(): Workbench {
  const workbench = useContext(WorkbenchContext);
  if (!workbench) {
    throw new TypeError('There is no workbench around this component.');
  }
  return workbench;
}
