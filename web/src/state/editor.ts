import { type Command, duplicate, freshNodeId, newNode } from '../workflow/commands';
import { emptyDocument, type LinkId, type NodeId, type NodeMode, type Position, type WorkflowDocument } from '../workflow/document';
import { amend, execute, type History, newHistory, redo, undo } from '../workflow/history';
import type { JsonObject } from '../workflow/json';
import type { NodeCatalog, NodeSpec } from '../workflow/specs';
import { readUi, type ReadResult } from '../workflow/uiRead';
import { writeUi } from '../workflow/uiWrite';
import { Observable } from './observable';

/** What is marked on the canvas. */
export type Selection = { readonly nodes: readonly NodeId[]; readonly links: readonly LinkId[]; readonly groups: readonly string[] };

const NOTHING: Selection = { nodes: [], links: [], groups: [] };
const GROUP_MARGIN = 28;
const GROUP_TITLE = 44;

/** The open workflow: its history of changes, its name, and the node types it is read with. */
export class Editor {
  readonly history = new Observable<History>(newHistory(emptyDocument()));
  readonly catalog = new Observable<NodeCatalog>(new Map());
  readonly fileName = new Observable<string>('Untitled');
  /** The document that was last opened or saved; another present one has unsaved changes. */
  readonly saved = new Observable<WorkflowDocument>(this.history.get().present);
  /** Counts opened documents, so that the canvas knows when to fit its view. */
  readonly openings = new Observable(0);
  /** Nodes the canvas should bring into view and mark, for example from a list of errors. */
  readonly focus = new Observable<readonly NodeId[]>([]);

  readonly selection = new Observable<Selection>(NOTHING);

  get document(): WorkflowDocument {
    return this.history.get().present;
  }

  execute(command: Command, joinKey?: string): void {
    this.history.update((history) => execute(history, command, joinKey));
  }

  /** Changes the document without an undo step. */
  amend(command: Command): void {
    this.history.update((history) => amend(history, command));
  }

  undo(): void {
    this.history.update(undo);
  }

  redo(): void {
    this.history.update(redo);
  }

  /** Replaces the document; the one before it is one undo away. */
  open(result: ReadResult, fileName: string): void {
    this.execute({ kind: 'replace', document: result.document });
    this.saved.set(this.document);
    this.fileName.set(fileName);
    this.openings.update((count) => count + 1);
  }

  /** Takes over the server's node types and reads the present document anew with them. */
  setCatalog(catalog: NodeCatalog): void {
    const before = this.catalog.get();
    const wasSaved = this.saved.get() === this.document;
    this.catalog.set(catalog);
    if (this.document.nodes.size > 0) {
      const { document } = readUi(writeUi(this.document, before), catalog);
      this.amend({ kind: 'replace', document });
      if (wasSaved) {
        this.saved.set(document);
      }
    }
  }

  toJson(): JsonObject {
    return writeUi(this.document, this.catalog.get());
  }

  /** Adds a node of the given type and returns its id. */
  add(spec: NodeSpec, position: Position): NodeId {
    const id = freshNodeId(this.document);
    this.execute({ kind: 'addNode', node: newNode(id, spec, position) });
    return id;
  }

  removeSelection(): void {
    const { nodes, links, groups } = this.selection.get();
    const commands: Command[] = [];
    if (links.length > 0) {
      commands.push({ kind: 'disconnect', links });
    }
    if (nodes.length > 0) {
      commands.push({ kind: 'removeNodes', nodes });
    }
    if (groups.length > 0) {
      commands.push({ kind: 'removeGroups', groups });
    }
    if (commands.length > 0) {
      this.execute({ kind: 'all', label: 'Delete', commands });
      this.selection.set(NOTHING);
    }
  }

  /** Copies the marked nodes; the copies are marked next. */
  duplicateSelection(): void {
    const { nodes } = this.selection.get();
    if (nodes.length > 0) {
      const before = this.document;
      this.execute(duplicate(before, nodes, { x: 40, y: 40 }));
      this.focus.set([...this.document.nodes.keys()].filter((id) => !before.nodes.has(id)));
    }
  }

  /** Gives the marked nodes a mode, or takes it from them when all have it already. */
  toggleMode(mode: NodeMode): void {
    const { nodes } = this.selection.get();
    if (nodes.length > 0) {
      const all = nodes.every((id) => this.document.nodes.get(id)?.mode === mode);
      this.execute({ kind: 'setMode', nodes, mode: all ? 'always' : mode });
    }
  }

  /** Draws a frame around the marked nodes; `sizeOf` knows how large they are on the screen. */
  groupSelection(sizeOf: (id: NodeId) => { readonly width: number; readonly height: number }): void {
    const boxes = this.selection.get().nodes.flatMap((id) => {
      const node = this.document.nodes.get(id);
      return node ? [{ ...node.position, ...sizeOf(id) }] : [];
    });
    if (boxes.length === 0) {
      return;
    }
    const left = Math.min(...boxes.map((box) => box.x)) - GROUP_MARGIN;
    const top = Math.min(...boxes.map((box) => box.y)) - GROUP_MARGIN - GROUP_TITLE;
    const right = Math.max(...boxes.map((box) => box.x + box.width)) + GROUP_MARGIN;
    const bottom = Math.max(...boxes.map((box) => box.y + box.height)) + GROUP_MARGIN;
    const taken = new Set(this.document.groups.map((group) => group.key));
    let number = this.document.groups.length + 1;
    while (taken.has(`group-${number}`)) {
      number++;
    }
    const group = { key: `group-${number}`, title: 'Group', position: { x: left, y: top }, size: { width: right - left, height: bottom - top }, rest: {} };
    this.execute({ kind: 'addGroup', group });
  }
}
