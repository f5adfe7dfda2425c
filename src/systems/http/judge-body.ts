import type { SystemFailure } from '../../core/system/failure.ts';
import { isTimeout, judgeError } from './judge-error.ts';
import type { Body } from './read-body.ts';

type Answered = {
  /** What was asked: method, label and system. */
  readonly subject: string;
  readonly isWrite: boolean;
  readonly timeoutMs: number;
  readonly response: Response;
  readonly body: Body;
};

/**
 * Judges the body of a 2xx answer; undefined when it can be used.
 *
 * A write whose answer cannot be read was answered all the same: what became of it must be read back. Reasons give
 * status, content type and size, never text of the body.
 */
export const judgeBody = ({ subject, isWrite, timeoutMs, response, body }: Answered): SystemFailure | undefined => {
  if (isWrite && response.status === 202) {
    return {
      kind: 'unknown',
      answered: false,
      reason: `Cannot tell what became of ${subject}: status 202 defers the work`,
    };
  }
  const trouble = troubleOf(body, isWrite);
  if (trouble === undefined) return undefined;
  if (!isWrite && body.kind === 'cut' && isTimeout(body.error)) {
    return judgeError({ subject, isWrite, timeoutMs, error: body.error });
  }
  const type = response.headers.get('content-type')?.split(';')[0]?.slice(0, 60) ?? 'none';
  const seen = `status ${response.status}, content type "${type}", ${trouble}`;
  return isWrite
    ? { kind: 'unknown', answered: true, reason: `Cannot tell what became of ${subject}: ${seen}` }
    : { kind: 'malformed', reason: `Cannot use the answer to ${subject}: ${seen}` };
};

const troubleOf = (body: Body, isWrite: boolean): string | undefined => {
  switch (body.kind) {
    case 'json':
      return undefined;
    case 'empty':
      return isWrite ? undefined : '0 bytes';
    case 'not-json':
      return `${body.bytes} bytes that are not JSON`;
    case 'too-large':
      return `more than the ${body.bytesMax} bytes that limits.responseBytesMax allows`;
    case 'cut':
      return `cut off after ${body.bytes} bytes`;
  }
};
