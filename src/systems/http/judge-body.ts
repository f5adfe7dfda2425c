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
  return failureOf({
    fault: 'unreadable',
    phase,
    subject: isWrite ? subject : `use the answer to ${subject}`,
    seen: seenOfBody(response, trouble),
  });
};

/** Status and content type of an answer, and what is wrong with its body. */
export const seenOfBody = ({ status, headers }: Response, trouble: string): string => {
  const type = headers.get('content-type')?.split(';')[0]?.slice(0, 60) ?? 'none';
  return `status ${status}, content type "${type}", ${trouble}`;
};

/** Why a body cannot be used, in its size; undefined for JSON, and for nothing where that may be. */
export const troubleOf = (body: Body, mayBeEmpty: boolean): string | undefined => {
  switch (body.kind) {
    case 'json':
      return undefined;
    case 'empty':
      return mayBeEmpty ? undefined : '0 bytes';
    case 'not-json':
      return `${body.bytes} bytes that are not JSON`;
    case 'too-large':
      return `more than the ${body.bytesMax} bytes that limits.responseBytesMax allows`;
    case 'cut':
      return `cut off after ${body.bytes} bytes`;
  }
};
