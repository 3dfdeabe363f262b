import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import type { Result } from '../../shared/domain/errors.ts';
import type { Workbench } from '../../workbench/workbench.ts';
import { noteDefect } from '../defects.ts';
import { WindowPace } from '../pace.ts';

/** A request as the renderer sends it; the input is checked by the workbench. */
const requestSchema = z.strictObject({
  id: z.number().int(),
  channel: z.string().max(100),
  input: z.unknown().optional(),
});

/** Largest message of a window: a selection of 100,000 samples fits. */
export const maxMessageBytes = 4 * 1024 * 1024;
/** A window that does not keep up misses events; it sees the gap in `seq` and reads its snapshots again. */
const maxBufferedBytes = 16 * 1024 * 1024;

const pingEveryMs = 30_000;

/** One window: requests `{id, channel, input}` are answered `{id, result}`, events come as `{event}`. */
export function serveSocket(socket: WebSocket, workbench: Pick<Workbench, 'handle' | 'subscribe'>): void {
  const unsubscribe = workbench.subscribe((event) => {
    if (socket.readyState === socket.OPEN && socket.bufferedAmount < maxBufferedBytes) {
      socket.send(JSON.stringify({ event }));
    }
  });
  const stopPinging = pingRegularly(socket);
  const pace = new WindowPace();
  socket.on('close', () => {
    unsubscribe();
    stopPinging();
  });
  // Protocol faults (an oversized message among them) close the connection; there is nothing to answer.
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => {
    const request = isBinary ? null : readRequest(textOf(data));
    if (request === null) {
      socket.close(1008, 'not a request');
      return;
    }
    pace
      .run(() => workbench.handle(request.channel, request.input))
      .then((result) => answer(request.id, result))
      .catch((error: unknown) => noteDefect(`channel ${request.channel}`, error));
  });

  function answer(id: number, result: Result<unknown>): void {
    if (socket.readyState === socket.OPEN) socket.send(textOfAnswer(id, result));
  }
}

/** What a window can take at once; larger answers are a fault of the workbench, said instead of sent. */
const maxAnswerChars = 64 * 1024 * 1024;

function textOfAnswer(id: number, result: Result<unknown>): string {
  const tooLarge = JSON.stringify({
    id,
    result: { ok: false, error: { code: 'unsupported', message: 'The answer is too large to be shown.' } },
  });
  try {
    const text = JSON.stringify({ id, result });
    return text.length > maxAnswerChars ? tooLarge : text;
  } catch (error) {
    // A text longer than the engine allows.
    if (error instanceof RangeError) return tooLarge;
    throw error;
  }
}

/** Keeps tunnels from closing an idle connection, and notices one whose other end has vanished. */
function pingRegularly(socket: WebSocket): () => void {
  let answered = true;
  socket.on('pong', () => (answered = true));
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, pingEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

function textOf(data: RawData): string {
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');
}

function readRequest(text: string): z.infer<typeof requestSchema> | null {
  try {
    return requestSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
