import { problem, problemKindOf, problemStatus, problemType } from '../../../src/core/protocol/problem.ts';

const kinds = [
  ['invalid_request', 400, 'urn:tidemark:problem:invalid-request'],
  ['unauthenticated', 401, 'urn:tidemark:problem:unauthenticated'],
  ['forbidden', 403, 'urn:tidemark:problem:forbidden'],
  ['not_found', 404, 'urn:tidemark:problem:not-found'],
  ['conflict', 409, 'urn:tidemark:problem:conflict'],
  ['fenced', 409, 'urn:tidemark:problem:fenced'],
  ['too_large', 413, 'urn:tidemark:problem:too-large'],
  ['internal', 500, 'urn:tidemark:problem:internal'],
  ['unavailable', 503, 'urn:tidemark:problem:unavailable'],
] as const;

test.each(kinds)('%s goes out with status %i as %s and comes back as itself', (kind, status, type) => {
  expect(problemStatus[kind]).toBe(status);
  expect(problemType(kind)).toBe(type);
  const body = problem.parse(JSON.parse(JSON.stringify({ type, title: 't', status, detail: 'd' })));
  expect(problemKindOf(body)).toBe(kind);
});

test('these are all the kinds there are', () => {
  expect(Object.keys(problemStatus).toSorted()).toEqual(kinds.map(([kind]) => kind).toSorted());
});

test.each([
  'about:blank',
  'urn:tidemark:problem:',
  'urn:tidemark:problem:not_found',
  'urn:tidemark:problem:constructor',
  'not-found',
])('a problem of type %s is not ours, whatever its status', (type) => {
  expect(problemKindOf({ type, title: 't', status: 404, detail: 'd' })).toBeUndefined();
});

test('a body that is no problem is not taken for one', () => {
  const bodies = [{}, { type: 'urn:tidemark:problem:fenced' }, '<html>', null];
  expect(bodies.filter((body) => problem.safeParse(body).success)).toEqual([]);
});
