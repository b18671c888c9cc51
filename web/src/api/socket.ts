import { parseJson } from '../workflow/json';
import { parseFrame } from './frames';
import { parseEvent, type ServerEvent } from './wire';

export type Connection = 'connecting' | 'open' | 'lost';

type Listener = {
  readonly onEvent: (event: ServerEvent) => void;
  readonly onConnection: (connection: Connection) => void;
};

const FIRST_RETRY_MILLIS = 500;
const LAST_RETRY_MILLIS = 8000;

/** The WebSocket half of the wire API; it reconnects by itself, waiting longer each time. */
export class EventSocket {
  private socket: WebSocket | undefined;
  private retryMillis = FIRST_RETRY_MILLIS;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly listener: Listener,
  ) {}

  open(): void {
    this.listener.onConnection('connecting');
    const socket = new WebSocket(this.url);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    socket.onopen = () => {
      this.retryMillis = FIRST_RETRY_MILLIS;
      socket.send(JSON.stringify({ type: 'feature_flags', data: { supports_preview_metadata: true } }));
      this.listener.onConnection('open');
    };
    socket.onmessage = (message: MessageEvent<string | ArrayBuffer>) => this.receive(message.data);
    socket.onclose = () => this.retry();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  private receive(data: string | ArrayBuffer): void {
    try {
      this.listener.onEvent(typeof data === 'string' ? parseEvent(parseJson(data)) : parseFrame(data));
    } catch (error) {
      console.warn('A message of the server could not be read', error);
    }
  }

  private retry(): void {
    if (this.closed) {
      return;
    }
    this.listener.onConnection('lost');
    this.timer = setTimeout(() => this.open(), this.retryMillis);
    this.retryMillis = Math.min(LAST_RETRY_MILLIS, this.retryMillis * 2);
  }
}

/** Address of the event socket of the server that served the page. */
export function socketUrl(location: { readonly protocol: string; readonly host: string }, clientId: string): string {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${location.host}/ws?clientId=${encodeURIComponent(clientId)}`;
}
