import { Observable } from './observable';

export type Notice = { readonly id: number; readonly tone: 'info' | 'warning' | 'error'; readonly text: string };

const VISIBLE_MILLIS = 6000;

/** Short messages that come, are read, and go. */
export class Notices {
  readonly list = new Observable<readonly Notice[]>([]);
  private next = 1;

  show(tone: Notice['tone'], text: string): void {
    const notice = { id: this.next++, tone, text };
    this.list.update((list) => [...list.filter((other) => other.text !== text).slice(-3), notice]);
    setTimeout(() => this.dismiss(notice.id), VISIBLE_MILLIS);
  }

  fail(error: unknown): void {
    this.show('error', error instanceof Error ? error.message : String(error));
  }

  dismiss(id: number): void {
    this.list.update((list) => list.filter((notice) => notice.id !== id));
  }
}
