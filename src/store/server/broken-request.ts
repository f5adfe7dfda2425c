import type { Socket } from 'node:net';
import { PROBLEM_MEDIA_TYPE, problemOf } from './problem-reply.ts';

type Status = { readonly status: number; readonly text: string };

const BAD_REQUEST: Status = { status: 400, text: 'Bad Request' };
const statuses: Readonly<Record<string, Status>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, text: 'Request Timeout' },
  HPE_HEADER_OVERFLOW: { status: 431, text: 'Request Header Fields Too Large' },
};

/** Answers what never became a request: broken HTTP, headers too large, or a client that took too long to send. */
export const answerBrokenRequest = (error: Error & { readonly code?: string }, socket: Socket): void => {
  // The client is gone, or an answer is on its way already: there is nobody to tell, and nothing to add.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const { status, text } = statuses[error.code ?? ''] ?? BAD_REQUEST;
  const problem = problemOf({
    kind: 'invalid_request',
    detail: 'The request is not valid HTTP or came too slowly',
    faults: [],
  });
  const body = JSON.stringify({ ...problem, status });
  const head = [
    `HTTP/1.1 ${status} ${text}`,
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
};
