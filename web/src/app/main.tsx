import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import '@xyflow/react/dist/style.css';
import './theme.css';
import './layout.css';
import './canvas.css';
import './card.css';
import './widgets.css';
import './output.css';
import './panels.css';
import './artifact.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Client } from '../api/client';
import { EventSocket, socketUrl } from '../api/socket';
import { Editor } from '../state/editor';
import { Inspection } from '../state/inspection';
import { Notices } from '../state/notices';
import { Runner } from '../state/runner';
import { type Workbench, WorkbenchContext } from '../state/workbench';
import { App } from './App';
import { restore, startAutosave } from './autosave';
import { Failsafe } from './Failsafe';

/** The same page keeps its id over reloads, so that the server goes on talking to it. */
function clientId(): string {
  const kept = sessionStorage.getItem('quantreel.client');
  const id = kept ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  sessionStorage.setItem('quantreel.client', id);
  return id;
}

const CATALOG_RETRY_MILLIS = 2000;

/** Fetches the node types, and tries again as long as the server is away. */
async function loadCatalog({ editor, runner, notices }: Workbench): Promise<void> {
  for (;;) {
    try {
      editor.setCatalog(await runner.client.objectInfo());
      return;
    } catch (error) {
      notices.fail(error);
      await new Promise((resume) => setTimeout(resume, CATALOG_RETRY_MILLIS));
    }
  }
}

function start(root: HTMLElement): void {
  const client = new Client(clientId());
  const editor = new Editor();
  const runner = new Runner(client);
  const workbench: Workbench = { editor, runner, notices: new Notices(), inspection: new Inspection(editor, client) };
  restore(editor, localStorage);
  let catalogLoaded = false;
  startAutosave(editor, localStorage);
  new EventSocket(socketUrl(location, client.clientId), {
    onEvent: (event) => runner.receive(event),
    onConnection: (connection) => {
      const returned = connection === 'open' && catalogLoaded;
      runner.connected(connection);
      if (returned) {
        void loadCatalog(workbench);
      }
    },
  }).open();
  void loadCatalog(workbench).then(() => {
    catalogLoaded = true;
  });
  createRoot(root).render(
    <StrictMode>
      <WorkbenchContext value={workbench}>
        <Failsafe>
          <App />
        </Failsafe>
      </WorkbenchContext>
    </StrictMode>,
  );
}

const root = document.getElementById('root');
if (root) {
  start(root);
}
