/**
 * The least that can be a source and a target, so that what is measured against it is the other side:
 *
 *   GET /RUN/people?after=N    up to 500 records from place N on, with the place of the next: { data, next }
 *   PUT /RUN/contacts/ID       keeps nothing, answers { "id": "ID" } with status 200
 *
 * Prints {"url": "http://127.0.0.1:PORT"} when it serves.
 */
import { parseArgs } from 'node:util';
import { serveAndAnnounce } from '../../demo/processes/server-lifecycle.ts';

const PAGE = 500;
const FIRST_MS = Date.parse('2026-01-01T00:00:00Z');

const { values } = parseArgs({ options: { records: { type: 'string' } } });
const records = Number(values.records);

const person = (run: string, place: number) => ({
  id: `${run}-${place}`,
  updatedAt: new Date(FIRST_MS + place * 60_000).toISOString(),
  name: `Person ${place}`,
  email: `person.${place}@example.com`,
  phone: `+41 44 ${String(place).padStart(7, '0')}`,
  street: `Long Street ${place}`,
  postalCode: String(1000 + (place % 9000)),
  city: place % 2 === 0 ? 'Zürich' : 'São Paulo',
  country: place % 2 === 0 ? 'CH' : 'BR',
  amount: place / 4,
  blocked: place % 7 === 0,
});

const page = (run: string, from: number): string => {
  const size = Math.max(0, Math.min(PAGE, records - from));
  const data = Array.from({ length: size }, (_, index) => person(run, from + index));
  return JSON.stringify({ data, next: from + size < records ? String(from + size) : null });
};

await serveAndAnnounce((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const [, run = '', , id = ''] = pathname.split('/');
  response.setHeader('content-type', 'application/json');
  if (request.method === 'GET') {
    // A sweep that begins at a time goes on behind the last record: everything before was read.
    const from = searchParams.has('since') ? records : Number(searchParams.get('after') ?? 0);
    response.end(page(run, from));
    return;
  }
  request.resume().on('end', () => response.end(JSON.stringify({ id })));
}, 0);
