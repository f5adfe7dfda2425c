import fc from 'fast-check';
import { z } from 'zod';
import { quoting, requestTemplate, type RequestTemplate } from '../../src/core/contract/rest/template.ts';
import { fillRequest } from '../../src/systems/rest/fill-request.ts';
import { quoteValue } from '../../src/systems/rest/quote.ts';

const template = (keys: object): RequestTemplate => requestTemplate.parse({ path: 'x', ...keys });

const hostile = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
  fc
    .array(
      fc.constantFrom(
        "'",
        '"',
        '\\',
        '{value}',
        '{values}',
        '{id}',
        '%27',
        '%',
        ',',
        '|',
        '$',
        '^',
        '^OR',
        '\n',
        '\r',
        '😀',
        ')',
        '/',
        '..',
        ' OR ',
        '}',
        '{',
        'é',
        '&',
        '=',
        '?',
        '#',
        '+',
      ),
      { minLength: 1, maxLength: 12 },
    )
    .map((parts) => parts.join('')),
);
const usable = hostile.filter((text) => text.isWellFormed());

/** Reads a quoted value back as the language itself would; undefined where it does not end where it should. */
const readers: Readonly<Record<string, (text: string) => string | undefined>> = {
  soql: (text) => unescaped(/^'((?:[^'\\]|\\.)*)'$/su.exec(text)?.[1]),
  odata: (text) => /^'((?:[^']|'')*)'$/su.exec(text)?.[1]?.replaceAll("''", "'"),
  json: (text) => z.string().parse(JSON.parse(text)),
  airtable: (text) => unescaped(/^"((?:[^"\\]|\\.)*)"$/su.exec(text)?.[1]),
  fhir: (text) => /^((?:[^\\|,$]|\\[\\|,$])*)$/su.exec(text)?.[1]?.replaceAll(/\\([\\|,$])/g, '$1'),
};

const unescaped = (text: string | undefined): string | undefined =>
  text?.replaceAll(/\\(?:u([0-9a-f]{4})|(.))/gsu, (_whole, hex: string | undefined, one: string | undefined) =>
    hex === undefined
      ? ({ n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }[one ?? ''] ?? one ?? '')
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );

test.each(Object.keys(readers))('no key ends its own quotes in %s, and each is read back as it was', (name) => {
  const quote = quoting.parse(name);
  fc.assert(
    fc.property(usable, (value) => {
      expect(readers[name]?.(quoteValue(quote, value))).toBe(value);
    }),
    { numRuns: 1000 },
  );
});

test('a key stays one parameter, one segment and one value, whatever it holds', () => {
  const wanted = template({
    method: 'POST',
    path: 'a/{externalId}/z',
    query: { q: "x = {externalId} and y = '1'", whole: '{externalId}' },
    body: { '{externalId}': 1, key: '{externalId}', list: { forEach: { id: '{externalId}', n: '{itemKey}' } } },
    quote: 'soql',
  });
  fc.assert(
    fc.property(usable, (externalId) => {
      const filled = fillRequest(wanted, { externalId }, [{ externalId, itemKey: 'item-0' }]);
      if (externalId === '.' || externalId === '..') return;
      if (filled.kind !== 'filled') throw new Error(filled.what);
      const { to, query, body } = filled.request;
      const quoted = quoteValue('soql', externalId);
      const segments = new URL('path' in to ? to.path : '', 'http://host/').pathname.split('/');
      expect(segments.map((one) => decodeURIComponent(one))).toEqual(['', 'a', quoted, 'z']);
      expect(query).toEqual([
        ['q', `x = ${quoted} and y = '1'`],
        ['whole', quoted],
      ]);
      expect(body).toEqual({ '{externalId}': 1, key: externalId, list: [{ id: externalId, n: 'item-0' }] });
    }),
    { numRuns: 1000 },
  );
});

test('a key that would end its value in an encoded query, or be run there, is not sent', () => {
  const wanted = template({ query: { q: 'name={value}^active=true' }, quote: 'servicenow' });
  fc.assert(
    fc.property(usable, fc.constantFrom('', 'javascript:', ' JavaScript:'), (rest, start) => {
      const value = `${start}${rest}`;
      const filled = fillRequest(wanted, { value });
      const isFit = start === '' && !value.includes('^');
      const query = filled.kind === 'filled' ? filled.request.query : filled.kind;
      expect(query).toEqual(isFit ? [['q', `name=${value}^active=true`]] : 'unsendable');
    }),
    { numRuns: 1000 },
  );
});

test('a header takes no value that could end it, and the request is not sent', () => {
  const wanted = template({ method: 'PATCH', headers: { 'If-Match': 'W/"{version}"' } });
  fc.assert(
    fc.property(usable, (version) => {
      const filled = fillRequest(wanted, { version });
      const isPlain = /^[ !#-~]*$/.test(version);
      const headers = filled.kind === 'filled' ? filled.request.headers : 'not sent';
      expect(headers).toEqual(isPlain ? { 'if-match': `W/"${version}"` } : 'not sent');
    }),
    { numRuns: 500 },
  );
});

test('the first alternative that lacks nothing is taken, and what lacks a value is left out', () => {
  const wanted = template({
    query: {
      q: { firstOf: ['t > {since} and id > {afterId}', 't >= {since}', 'all'] },
      size: '{pageSize}',
      c: '{cursor}',
    },
    quote: 'json',
  });
  const queryOf = (bindings: object): unknown => {
    const filled = fillRequest(wanted, bindings);
    return filled.kind === 'filled' ? filled.request.query : filled.what;
  };
  expect(queryOf({ since: 's', afterId: 'i"', pageSize: 5 })).toEqual([
    ['q', 't > s and id > "i\\""'],
    ['size', '5'],
  ]);
  expect(queryOf({ since: 's' })).toEqual([['q', 't >= s']]);
  expect(queryOf({ cursor: 'c' })).toEqual([
    ['q', 'all'],
    ['c', 'c'],
  ]);
});

test('a body keeps the types of its values, and takes alternatives, items and merged objects', () => {
  const wanted = template({
    method: 'POST',
    body: {
      limit: '{pageSize}',
      where: { firstOf: [{ after: '{afterId}', since: '{since}' }, { since: '{since}' }, []] },
      records: { forEach: { merge: [{ type: 'T' }, '{fields}'] } },
      note: '{ id } and {Field} are text',
      gone: '{cursor}',
    },
  });
  const filled = fillRequest(wanted, { pageSize: 7, since: 's' }, [{ fields: { a: 1 } }, { fields: { type: 'U' } }]);
  expect(filled).toMatchObject({
    request: {
      body: {
        limit: 7,
        where: { since: 's' },
        records: [{ type: 'T', a: 1 }, { type: 'U' }],
        note: '{ id } and {Field} are text',
      },
    },
  });
  expect(filled.kind === 'filled' && JSON.stringify(filled.request.body)).not.toContain('gone');
});

test('a form is written in brackets', () => {
  const filled = fillRequest(
    template({
      method: 'POST',
      bodyAs: 'form',
      body: { metadata: { ext: '{externalId}' }, expand: ['a', 'b'], on: true },
    }),
    { externalId: 'a&b=c' },
  );
  expect(filled).toMatchObject({
    request: {
      form: [
        ['metadata[ext]', 'a&b=c'],
        ['expand[0]', 'a'],
        ['expand[1]', 'b'],
        ['on', 'true'],
      ],
    },
  });
});
