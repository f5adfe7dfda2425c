import { failureOf, faultOfStatus } from '../../core/retry/fault.ts';
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
  const phase = isWrite ? 'write_after_send' : 'read';
  const { status } = response;
  const fault = faultOfStatus(status, false);
  if (fault !== undefined) return failureOf({ fault, phase, subject, seen: `status ${status} defers the work` });
  const trouble = troubleOf(body, isWrite);
  if (trouble === undefined) return undefined;
  if (!isWrite && body.kind === 'cut' && isTimeout(body.error)) {
    return judgeError({ subject, isWrite, timeoutMs, error: body.error });
  }
  const type = response.headers.get('content-type')?.split(';')[0]?.slice(0, 60) ?? 'none';
  return failureOf({
    fault: 'unreadable',
    phase,
    subject: isWrite ? subject : `use the answer to ${subject}`,
    seen: `status ${status}, content type "${type}", ${trouble}`,
  });
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
