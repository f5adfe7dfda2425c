import * as fc from 'fast-check';
import { isJsonObject, type JsonValue, parseJson, valueAt } from '../../src/core/json.ts';

describe('parseJson', () => {
  test.each([
    ['9007199254740991', 9_007_199_254_740_991],
    ['-9007199254740991', -9_007_199_254_740_991],
    ['9007199254740992', '9007199254740992'],
    ['9007199254740993', '9007199254740993'],
    ['-9007199254740993', '-9007199254740993'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
    ['0.12345678901234567890', 0.123_456_789_012_345_68],
    ['1234567890123456.5', 1_234_567_890_123_456.5],
    ['1e20', 1e20],
    ['"9007199254740993"', '9007199254740993'],
    ['1e999', Infinity],
  ])('%s becomes %p', (text, value) => {
    expect(parseJson(text)).toBe(value);
  });

  test('an ID beyond 2^53 keeps every digit wherever it stands, and the numbers around it stay numbers', () => {
    const text =
      '{"id":9007199254740993,"rows":[{"n":1,"id":18446744073709551615}],"amount":1.5,"note":"12345678901234567"}';
    expect(parseJson(text)).toEqual({
      id: '9007199254740993',
      rows: [{ n: 1, id: '18446744073709551615' }],
      amount: 1.5,
      note: '12345678901234567',
    });
  });

  test.each([
    '{"id": 9007199254740993 }',
    '{"id"\n:\t-9007199254740993\r\n}',
    '[ 9007199254740993]',
    '[1,9007199254740993 ,"9007199254740993"]',
    '{"text":"1234567890123456, 1234567890123456","id":9007199254740993}',
    ' 9007199254740993\n',
  ])('%j: an integer beyond 2^53 is found with any space around it', (text) => {
    expect(JSON.stringify(parseJson(text))).toMatch(/"-?9007199254740993"/);
  });

  test('any JSON, with any space in it, is read as the reviver of long integers reads it', () => {
    const long = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map((integer) => `@${integer}@`);
    const value = fc.letrec((tie) => ({
      any: fc.oneof(long, fc.double(), fc.string(), fc.array(tie('any')), fc.dictionary(fc.string(), tie('any'))),
    })).any;
    const exact = (_key: string, one: unknown, { source = '' }: { readonly source?: string }): unknown =>
      typeof one === 'number' && /^-?\d+$/.test(source) && !Number.isSafeInteger(one) ? source : one;
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (one, space) => {
        const text = JSON.stringify(one, undefined, space).replaceAll(/"@(-?\d+)@"/g, '$1');
        expect(parseJson(text)).toEqual(Reflect.apply(JSON.parse, undefined, [text, exact]));
      }),
    );
  });

  test('what JSON.parse reads without a long integer is read the same', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!/\d{16}/.test(text));
        expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test('every integer keeps its digits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), (integer) => {
        const value = parseJson(String(integer));
        expect(typeof value === 'number' ? String(value) : value).toBe(String(integer));
      }),
    );
  });

  test('a member called __proto__ is a member, on the fast way and on the slow one', () => {
    for (const text of ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1},"id":9007199254740993}']) {
      const value = parseJson(text);
      expect(isJsonObject(value) && Object.hasOwn(value, '__proto__')).toBe(true);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    }
  });

  test.each(['', '{', '01', '{"a":1,}', 'NaN', '\u{FEFF}{}'])('%p is no JSON', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});

describe('valueAt', () => {
  const record: JsonValue = {
    name: 'Ada',
    address: { city: 'London', 'zip code': null },
    items: [{ id: 'a' }, { id: 'b' }, [1, 2]],
    length: 3,
    '': { '': 'empty names' },
  };

  test.each<[string, JsonValue | undefined]>([
    ['', record],
    ['name', 'Ada'],
    ['address.city', 'London'],
    ['address.zip code', null],
    ['items.1.id', 'b'],
    ['items.2.1', 2],
    ['length', 3],
    ['address.street', undefined],
    ['name.first', undefined],
    ['address.zip code.digit', undefined],
    ['items.3', undefined],
    ['items.-1', undefined],
    ['items.01', undefined],
    ['items.1e0', undefined],
    ['items. 1', undefined],
    ['items.', undefined],
    ['items.length', undefined],
    ['name.0', undefined],
    ['name.length', undefined],
  ])('the value at "%s" is %j', (path, value) => {
    expect(valueAt(record, path)).toEqual(value);
  });

  test.each([
    '__proto__',
    'constructor',
    'constructor.name',
    'toString',
    'address.hasOwnProperty',
    'items.map',
    'items.constructor',
  ])('%s, which every object has, is not a value of the record', (path) => {
    expect(valueAt(record, path)).toBeUndefined();
  });

  test('a member of the record is found even by such a name', () => {
    expect(valueAt(parseJson('{"__proto__":{"constructor":"mine"}}'), '__proto__.constructor')).toBe('mine');
  });
});

test.each<[unknown, boolean]>([
  [{}, true],
  [Object.create(null), true],
  [[], false],
  [null, false],
  ['text', false],
  [undefined, false],
])('%p is a JSON object: %p', (value, answer) => {
  expect(isJsonObject(value)).toBe(answer);
});
