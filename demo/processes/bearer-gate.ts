import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

type Gate = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** Answers 401 to a request without `Authorization: Bearer <token>`; put before the system that it protects. */
export const createBearerGate = (token: string): Gate => {
  const expected = digest(`Bearer ${token}`);
  return (request, response, next) => {
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) {
      next();
      return;
    }
    response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Bearer' });
    response.end('{"error":{"code":"401","message":"Unauthorized"}}');
  };
};

/** Digests have one length, which the comparison in constant time needs. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
