import { type Client, ServerFailure } from '../api/client';
import { LOAD_QUANTIZED, placeLoader } from '../workflow/artifact/place';
import { readArtifact } from '../workflow/artifact/read';
import { type ArtifactReport, sameArtifact } from '../workflow/artifact/report';
import type { NodeId } from '../workflow/document';
import type { Editor } from './editor';
import { Observable } from './observable';

/** The folder whose files Load Quantized offers. */
export const ARTIFACT_FOLDER = 'diffusion_models';

const SAFETENSORS = /\.(safetensors|sft)$/i;
/** So many files of other names are asked for, in case the file was renamed. */
const MOST_ASKED = 100;

/** Where a quantized file is, as far as the server can say. */
export type Whereabouts =
  | { readonly kind: 'searching' }
  | { readonly kind: 'here'; readonly file: string }
  /** Another file has its name. */
  | { readonly kind: 'taken'; readonly file: string; readonly path: string }
  | { readonly kind: 'absent'; readonly path: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export type Inspected = { readonly name: string; readonly report: ArtifactReport; readonly where: Whereabouts };

/** The quantized file whose recipe and report are on display. */
export class Inspection {
  readonly shown = new Observable<Inspected | undefined>(undefined);

  constructor(
    private readonly editor: Editor,
    private readonly client: Client,
  ) {}

  /** Shows a file of this computer; only its header and figures are read. */
  async open(name: string, file: Blob): Promise<void> {
    this.shown.set({ name, report: await readArtifact(file), where: { kind: 'searching' } });
    await this.locate();
  }

  /** Shows a file of the server's model folder. */
  async openStored(file: string): Promise<void> {
    const report = await this.client.artifactReport(ARTIFACT_FOLDER, file);
    this.shown.set({ name: file, report, where: { kind: 'here', file } });
  }

  /** Asks the server whether it has the file on display. */
  async locate(): Promise<void> {
    const inspected = this.shown.get();
    if (!inspected) {
      return;
    }
    const where = await this.whereabouts(inspected).catch((error: unknown): Whereabouts => ({ kind: 'unknown', reason: error instanceof Error ? error.message : String(error) }));
    this.shown.update((now) => (now?.report === inspected.report ? { ...now, where } : now));
  }

  private async whereabouts({ name, report }: Inspected): Promise<Whereabouts> {
    const [files, paths] = await Promise.all([this.client.modelFiles(ARTIFACT_FOLDER), this.client.modelPaths(ARTIFACT_FOLDER)]);
    const path = paths[0] ?? ARTIFACT_FOLDER;
    const namesakes = files.filter((file) => file.replace(/^.*\//, '') === name);
    const others = files.filter((file) => SAFETENSORS.test(file) && !namesakes.includes(file));
    for (const file of [...namesakes, ...others.slice(0, MOST_ASKED)]) {
      if (await this.isSame(file, report)) {
        return { kind: 'here', file };
      }
    }
    return namesakes[0] === undefined ? { kind: 'absent', path } : { kind: 'taken', file: namesakes[0], path };
  }

  private async isSame(file: string, report: ArtifactReport): Promise<boolean> {
    try {
      return sameArtifact(await this.client.artifactReport(ARTIFACT_FOLDER, file), report);
    } catch (error) {
      if (error instanceof ServerFailure) {
        return false;
      }
      throw error;
    }
  }

  /**
   * Adds Load Quantized for the file on display, wired where the workflow wants a model; nothing while it is not here.
   * Returns the new node and those that it feeds.
   */
  async load(): Promise<readonly NodeId[]> {
    const where = this.shown.get()?.where;
    if (where?.kind !== 'here') {
      return [];
    }
    const input = this.editor.catalog.get().get(LOAD_QUANTIZED)?.widgets[0]?.spec;
    if (input?.kind === 'combo' && !input.options.includes(where.file)) {
      this.editor.setCatalog(await this.client.objectInfo());
    }
    const placed = placeLoader(this.editor.document, this.editor.catalog.get(), where.file);
    if (!placed) {
      throw new ServerFailure('The server has no node Load Quantized.');
    }
    this.editor.execute(placed.command);
    this.close();
    return [placed.id, ...placed.wired];
  }

  close(): void {
    this.shown.set(undefined);
  }
}
