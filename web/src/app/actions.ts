import type { Template } from '../api/client';
import type { NodeError, HistoryEntry } from '../api/wire';
import { looksLikeSafetensors } from '../workflow/artifact/safetensors';
import { emptyDocument } from '../workflow/document';
import { FormatError } from '../workflow/json';
import { layOut } from '../workflow/layout';
import { openBytes, openJson } from '../workflow/open';
import { seedsAfterQueue } from '../workflow/seed';
import { toPrompt } from '../workflow/toPrompt';
import type { ReadResult } from '../workflow/uiRead';
import type { Workbench } from '../state/workbench';
import { baseName, downloadJson, isOtherModel, isSafetensors } from './files';

const SHOWN_WARNINGS = 3;

/** What the buttons and the shortcuts of the page do. */
export class Actions {
  constructor(private readonly workbench: Workbench) {}

  /** Converts the workflow, queues it, and advances its seeds. */
  async run(): Promise<void> {
    const { editor, runner, notices } = this.workbench;
    const { prompt, issues } = toPrompt(editor.document, editor.catalog.get());
    if (Object.keys(prompt).length === 0) {
      notices.show('warning', 'There is nothing to run: the workflow has no active node.');
      return;
    }
    if (issues.length > 0) {
      const errors: NodeError[] = issues.map((issue) => ({ node: issue.node, nodeType: issue.title, message: issue.message, details: '' }));
      runner.reject('The workflow has nodes that cannot run.', '', errors);
      notices.show('error', issues.length === 1 ? (issues[0]?.message ?? '') : `${issues.length} nodes cannot run.`);
      return;
    }
    try {
      await runner.submit(prompt, editor.toJson());
      const commands = seedsAfterQueue(editor.document, editor.catalog.get());
      if (commands.length > 0) {
        editor.amend({ kind: 'all', label: 'Advance seeds', commands });
      }
    } catch (error) {
      notices.fail(error);
    }
  }

  async interrupt(): Promise<void> {
    await this.guard(() => this.workbench.runner.interrupt());
  }

  async openFile(file: File): Promise<void> {
    const { editor, inspection } = this.workbench;
    await this.guard(async () => {
      if (isSafetensors(file.name) || (await looksLikeSafetensors(file))) {
        await inspection.open(file.name, file);
        return;
      }
      if (isOtherModel(file.name)) {
        throw new FormatError("is a model, not a workflow. Put it into the server's folder of its kind and open it with a loading node.");
      }
      const bytes = new Uint8Array(await file.arrayBuffer());
      this.opened(await openBytes(bytes, editor.catalog.get()), baseName(file.name));
    }, `${file.name}: `);
  }

  async openTemplate(template: Template): Promise<void> {
    const { editor, runner } = this.workbench;
    await this.guard(async () => this.opened(openJson(await runner.client.template(template), editor.catalog.get()), template.name));
  }

  async openHistory(entry: HistoryEntry): Promise<void> {
    const { editor } = this.workbench;
    await this.guard(() => {
      this.opened(openJson(entry.item.workflow ?? entry.item.prompt, editor.catalog.get()), `Run ${entry.item.number}`);
    });
  }

  newWorkflow(): void {
    this.workbench.editor.open({ document: emptyDocument(), warnings: [] }, 'Untitled');
  }

  save(): void {
    const { editor } = this.workbench;
    downloadJson(editor.toJson(), `${editor.fileName.get()}.json`);
    editor.saved.set(editor.document);
  }

  exportApi(): void {
    const { editor } = this.workbench;
    const { prompt } = toPrompt(editor.document, editor.catalog.get());
    downloadJson(prompt, `${editor.fileName.get()}.api.json`);
  }

  arrange(): void {
    const { editor } = this.workbench;
    editor.execute({ kind: 'replace', document: layOut(editor.document, editor.catalog.get()) });
    editor.openings.update((count) => count + 1);
  }

  private opened(result: ReadResult, name: string): void {
    const { editor, notices } = this.workbench;
    editor.open(result, name);
    const missing = new Set(toPrompt(result.document, editor.catalog.get()).issues.map((issue) => issue.message));
    for (const warning of [...missing, ...result.warnings].slice(0, SHOWN_WARNINGS)) {
      notices.show('warning', warning);
    }
  }

  private async guard(action: () => Promise<void> | void, prefix = ''): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.workbench.notices.show('error', prefix + (error instanceof Error ? error.message : String(error)));
    }
  }
}
